//! The site template: a batch script as a cluster wants it, with names to be
//! filled in.

use std::fs;
use std::path::Path;

use super::quote::is_bare;
use super::values::{Slot, Values};
use crate::config::nearest_name;
use crate::sweep::slurm::SlurmError;

/// The template that fits most clusters.
pub const USUAL_SITE: &str = include_str!("site.sh");

/// A checked template.
#[derive(Clone, Debug)]
pub struct Site {
    origin: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    kind: Kind,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A comment or an empty line: stays as it is.
    Comment,
    /// An option for `sbatch`: is left out where a value is missing.
    Sbatch,
    /// Anything else: wants all its values.
    Shell,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Slot { slot: Slot, usual: Option<String> },
}

/// What every script must say.
const NEEDED: [Slot; 4] = [Slot::Array, Slot::Time, Slot::Signal, Slot::Command];

impl Site {
    /// Reads a template, or takes the usual one.
    ///
    /// # Errors
    /// With the file, the line, and what to do.
    pub fn load(path: Option<&Path>) -> Result<Self, SlurmError> {
        match path {
            None => Self::parse("the usual site", USUAL_SITE),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|source| SlurmError::ReadSite {
                    path: path.to_owned(),
                    source,
                })?;
                Self::parse(&path.to_string_lossy(), &text)
            }
        }
    }

    fn parse(origin: &str, text: &str) -> Result<Self, SlurmError> {
        let wrong = |line: usize, problem: String| SlurmError::Site {
            place: format!("{origin}:{line}"),
            problem,
        };
        if !text.starts_with("#!") {
            let problem = "a batch script begins with its shell, such as #!/bin/bash";
            return Err(wrong(1, problem.to_owned()));
        }
        let mut lines = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let kind = match text.trim_start() {
                option if option.starts_with("#SBATCH") => Kind::Sbatch,
                comment if comment.is_empty() || comment.starts_with('#') => Kind::Comment,
                _ => Kind::Shell,
            };
            let pieces = match kind {
                Kind::Comment => vec![Piece::Text(text.to_owned())],
                _ => pieces(text, kind).map_err(|problem| wrong(index + 1, problem))?,
            };
            lines.push(Line { kind, pieces });
        }
        let site = Self {
            origin: origin.to_owned(),
            lines,
        };
        let count = text.lines().count();
        match NEEDED.iter().find(|slot| !site.has(**slot)) {
            Some(slot) => Err(wrong(
                count,
                format!(
                    "{{{{{}}}}} is missing; see `layerprobe sweep site`",
                    slot.name()
                ),
            )),
            None => Ok(site),
        }
    }

    /// Whether the template has a place for a value.
    pub fn has(&self, slot: Slot) -> bool {
        self.slots().any(|(found, _)| found == slot)
    }

    /// The template's own value for a place.
    pub fn usual(&self, slot: Slot) -> Option<&str> {
        let of_slot = self.slots().filter(|(found, _)| *found == slot);
        of_slot.filter_map(|(_, usual)| usual).next()
    }

    fn slots(&self) -> impl Iterator<Item = (Slot, Option<&str>)> {
        let pieces = self.lines.iter().flat_map(|line| &line.pieces);
        pieces.filter_map(|piece| match piece {
            Piece::Slot { slot, usual } => Some((*slot, usual.as_deref())),
            Piece::Text(_) => None,
        })
    }

    /// The script.
    ///
    /// # Errors
    /// If a value has no place in the template, or a place no value.
    pub fn render(&self, values: &Values) -> Result<String, SlurmError> {
        if let Some(slot) = values.given().find(|slot| !self.has(*slot)) {
            let name = slot.name();
            return Err(SlurmError::Site {
                place: self.origin.clone(),
                problem: format!(
                    "--{name} was given, but the site has no place for it; write {{{{{name}}}}} \
                     where it belongs, or leave the option out"
                ),
            });
        }
        let mut script = String::new();
        for (index, line) in self.lines.iter().enumerate() {
            let mut filled = Some(String::new());
            let mut missing = None;
            for piece in &line.pieces {
                let text = match piece {
                    Piece::Text(text) => Some(text.clone()),
                    Piece::Slot { slot, usual } => {
                        let value = values.value(*slot).or_else(|| usual.clone());
                        missing = missing.or(value.is_none().then_some(*slot));
                        value
                    }
                };
                filled = filled.zip(text).map(|(filled, text)| filled + &text);
            }
            match (filled, missing) {
                (Some(line), _) => {
                    script += &line;
                    script.push('\n');
                }
                (None, Some(slot)) if line.kind == Kind::Shell => {
                    let name = slot.name();
                    return Err(SlurmError::Site {
                        place: format!("{}:{}", self.origin, index + 1),
                        problem: format!(
                            "{{{{{name}}}}} has no value; give --{name}, or write \
                             {{{{{name}:VALUE}}}}"
                        ),
                    });
                }
                (None, _) => {}
            }
        }
        Ok(script)
    }
}

/// A line taken apart.
fn pieces(text: &str, kind: Kind) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, after)) = after.split_once("}}") else {
            return Err("{{ is not closed by }}".to_owned());
        };
        let (name, usual) = match inside.split_once(':') {
            Some((name, usual)) => (name.trim(), Some(usual.trim().to_owned())),
            None => (inside.trim(), None),
        };
        let slot = Slot::of(name).ok_or_else(|| unknown(name))?;
        if slot == Slot::Command && (kind != Kind::Shell || !text.trim_start().starts_with("exec "))
        {
            let problem = "write `exec {{command}}` on a line of its own, so that Slurm's signals \
                           reach the program";
            return Err(problem.to_owned());
        }
        if slot == Slot::Output && kind != Kind::Sbatch {
            return Err("{{output}} belongs in an #SBATCH line".to_owned());
        }
        if let Some(usual) = usual.as_deref().filter(|usual| !is_bare(usual)) {
            return Err(format!(
                "`{usual}` is no value for {{{{{name}}}}}: use letters, digits and -_.,:=@+/"
            ));
        }
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Slot { slot, usual });
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = Slot::ALL.iter().map(|slot| slot.name()).collect();
    let near = nearest_name(name, known.iter().copied());
    let near = near.map_or_else(String::new, |near| {
        format!(", did you mean {{{{{near}}}}}?")
    });
    format!("unknown {{{{{name}}}}}{near}; known: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::wishes::Wishes;
    use super::*;
    use crate::sweep::slurm::Span;

    fn values(set: impl FnOnce(&mut Wishes)) -> Values {
        let mut wishes = Wishes::new(Span::new(7200), Span::new(120));
        set(&mut wishes);
        Values {
            name: "seeds".to_owned(),
            array: "0-9%4".to_owned(),
            output: "/data/my sweeps/%A_%a.log".to_owned(),
            command: "/bin/layerprobe sweep task '/data/my sweeps'".to_owned(),
            wishes,
        }
    }

    fn some<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Option<T> {
        Some(text.parse().unwrap())
    }

    const SHORT: &str = "#!/bin/sh\n#SBATCH --array={{array}}\n#SBATCH -t {{time}}\n\
                         #SBATCH --signal={{signal}}\n";

    #[test]
    fn the_usual_site_leaves_out_what_was_not_given() {
        let site = Site::load(None).unwrap();
        let script = site.render(&values(|_| ())).unwrap();
        let options: Vec<&str> = script
            .lines()
            .filter(|line| line.starts_with("#SBATCH"))
            .collect();
        assert_eq!(
            options,
            [
                "#SBATCH --job-name=seeds",
                "#SBATCH --array=0-9%4",
                "#SBATCH --output=\"/data/my sweeps/%A_%a.log\"",
                "#SBATCH --open-mode=append",
                "#SBATCH --requeue",
                "#SBATCH --signal=B:USR1@120",
                "#SBATCH --time=2:00:00",
                "#SBATCH --nodes=1",
                "#SBATCH --ntasks=1",
            ]
        );
        assert!(script.ends_with("\nexec /bin/layerprobe sweep task '/data/my sweeps'\n"));

        let given = values(|wishes| {
            wishes.partition = some("gpu,long");
            wishes.account = some("p42");
            wishes.cpus = Some(4);
            wishes.memory = some("8G");
            wishes.gpus = Some(1);
        });
        let script = site.render(&given).unwrap();
        for option in [
            "partition=gpu,long",
            "account=p42",
            "cpus-per-task=4",
            "mem=8192M",
            "gres=gpu:1",
        ] {
            let line = format!("\n#SBATCH --{option}\n");
            assert!(script.contains(&line), "{option}: {script}");
        }
    }

    #[test]
    fn a_site_gives_values_of_its_own() {
        let text = format!(
            "{SHORT}#SBATCH -c {{{{cpus:2}}}}\nmodule load gcc # $HOME\nexec nice {{{{command}}}} -q\n"
        );
        let site = Site::parse("here.sh", &text).unwrap();
        assert_eq!(site.usual(Slot::Cpus), Some("2"));
        let script = site.render(&values(|_| ())).unwrap();
        assert!(script.contains("#SBATCH -c 2\nmodule load gcc # $HOME\nexec nice /bin/"));
        let more = values(|wishes| wishes.cpus = Some(8));
        assert!(site.render(&more).unwrap().contains("#SBATCH -c 8\n"));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, said) in [
            (
                "echo".to_owned(),
                "here.sh:1: a batch script begins with its shell",
            ),
            (
                "#!/bin/sh\n#SBATCH -p {{partitoin}}\n".to_owned(),
                "here.sh:2: unknown {{partitoin}}, did you mean {{partition}}?; known: name, ",
            ),
            (
                format!("{SHORT}{{{{command}}}}\n"),
                "here.sh:5: write `exec {{command}}`",
            ),
            (
                format!("{SHORT}echo\n"),
                "here.sh:5: {{command}} is missing",
            ),
            (
                format!("{SHORT}exec {{{{command\n"),
                "here.sh:5: {{ is not closed",
            ),
            (
                format!("{SHORT}#SBATCH -A {{{{account:a b}}}}\n"),
                "here.sh:5: `a b` is no value for {{account}}",
            ),
            (
                format!("{SHORT}exec {{{{command}}}} {{{{output}}}}\n"),
                "here.sh:5: {{output}} belongs in",
            ),
        ] {
            let error = Site::parse("here.sh", &text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn values_and_places_must_meet() {
        let text = format!("{SHORT}export N={{{{gpus}}}}\nexec {{{{command}}}}\n");
        let site = Site::parse("here.sh", &text).unwrap();
        let error = site.render(&values(|_| ())).unwrap_err().to_string();
        assert!(
            error.contains("here.sh:5: {{gpus}} has no value; give --gpus"),
            "{error}"
        );
        let lost = values(|wishes| {
            wishes.gpus = Some(1);
            wishes.account = some("p42");
        });
        let error = site.render(&lost).unwrap_err().to_string();
        assert!(
            error.contains("--account was given, but the site has no place for it"),
            "{error}"
        );
    }
}
