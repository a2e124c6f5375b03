//! The sweep file: a base, axes, and exceptions.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::cells::{Assignment, Cell, cells};
use super::error::SweepError;
use crate::config::{Config, ConfigError, nearest_name};

/// A checked sweep file.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Names the sweep and its folder.
    pub name: String,
    /// The file's text.
    pub text: String,
    /// The runs, in the order of the axes.
    pub cells: Vec<Cell>,
}

/// What a sweep file may hold.
const KEYS: [&str; 6] = ["name", "base", "set", "axes", "include", "exclude"];

/// The file as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    base: String,
    #[serde(default)]
    set: Table,
    #[serde(default)]
    axes: Table,
    #[serde(default)]
    include: Vec<Table>,
    #[serde(default)]
    exclude: Vec<Table>,
}

impl Sweep {
    /// Reads a sweep file and checks the configuration of every cell.
    ///
    /// # Errors
    /// With the file, the key or the cell, and what to do.
    pub fn load(path: &Path) -> Result<Self, SweepError> {
        let text = fs::read_to_string(path).map_err(SweepError::io("read", path))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SweepError> {
        let raw: Raw = toml::from_str(text).map_err(|error| SweepError::Syntax {
            path: path.to_owned(),
            message: format!("{}{}", error.to_string().trim_end(), hint(path, text)),
        })?;
        let wrong = |key: &str, problem: String| SweepError::Value {
            path: path.to_owned(),
            key: key.to_owned(),
            problem,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if raw.name.is_empty() || raw.name.starts_with('.') || !raw.name.chars().all(plain) {
            let problem = "it names a folder: use letters, digits, `-`, `_` and `.`";
            return Err(wrong("name", problem.to_owned()));
        }
        let mut axes = Vec::new();
        for Assignment { axis, value } in assignments(raw.axes) {
            if ["name", "base"].contains(&axis.as_str()) {
                let problem = "is no axis: it makes no difference to a run";
                return Err(wrong(&format!("axes.{axis}"), problem.to_owned()));
            }
            match value {
                Value::Array(values) if !values.is_empty() => axes.push((axis, values)),
                _ => {
                    let problem = "give a list of values, such as [0, 1, 2]";
                    return Err(wrong(&format!("axes.{axis}"), problem.to_owned()));
                }
            }
        }
        let exclude: Vec<Vec<Assignment>> = raw.exclude.into_iter().map(assignments).collect();
        for assignment in exclude.iter().flatten() {
            if !axes.iter().any(|(axis, _)| *axis == assignment.axis) {
                let known: Vec<&str> = axes.iter().map(|(axis, _)| axis.as_str()).collect();
                let problem = format!("is no axis of this sweep; axes: {}", known.join(", "));
                return Err(wrong(&format!("exclude.{}", assignment.axis), problem));
            }
        }
        let base = base(path, &raw.base);
        use ConfigError::{OfSweep, OtherVerb, Read, UnknownPreset};
        if let Err(
            error @ (OfSweep { .. } | OtherVerb { .. } | Read { .. } | UnknownPreset { .. }),
        ) = Config::load(&base, &[])
        {
            return Err(wrong("base", error.to_string()));
        }
        let cells = cells(
            &base,
            &assignments(raw.set),
            &axes,
            &exclude,
            raw.include.into_iter().map(assignments).collect(),
        )?;
        if cells.is_empty() {
            return Err(wrong("exclude", "no cell is left".to_owned()));
        }
        Ok(Self {
            name: raw.name,
            text: text.to_owned(),
            cells,
        })
    }
}

/// What a file may have meant that is none of a sweep.
fn hint(path: &Path, text: &str) -> String {
    let given: Table = toml::from_str(text).unwrap_or_default();
    let is_known = |key: &&String| KEYS.contains(&key.as_str());
    let Some(unknown) = given.keys().find(|key| !is_known(key)) else {
        return String::new();
    };
    if let Some(near) = nearest_name(unknown, KEYS) {
        return format!("\n  did you mean `{near}`?");
    }
    format!(
        "\n  a configuration is run by `layerprobe run {}`; in a sweep file its keys stand under [set]",
        path.display()
    )
}

/// The base: a file beside the sweep file if there is one, else what `run`
/// takes.
fn base(path: &Path, base: &str) -> String {
    let beside: PathBuf = path.parent().unwrap_or(Path::new("")).join(base);
    match beside.is_file() {
        true => beside.to_string_lossy().into_owned(),
        false => base.to_owned(),
    }
}

/// A table's values under their dotted keys.
fn assignments(table: Table) -> Vec<Assignment> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(assignments(inner).into_iter().map(|inner| Assignment {
                    axis: format!("{key}.{}", inner.axis),
                    value: inner.value,
                }))
            }
            value => found.push(Assignment { axis: key, value }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Sweep, SweepError> {
        Sweep::parse(Path::new("sweep.toml"), text)
    }

    fn ids(sweep: &Sweep) -> Vec<&str> {
        sweep.cells.iter().map(|cell| cell.id.as_str()).collect()
    }

    #[test]
    fn cells_are_the_product_without_what_is_excluded_and_with_what_is_included() {
        let sweep = parse(
            r#"
            name = "two"
            base = "smoke"
            [set]
            training.epochs = 1
            [axes]
            seed = [0, 1]
            target = ["shape", "color"]
            training.learning_rate = [1e-4, 1e-3]
            [[exclude]]
            seed = 1
            "training.learning_rate" = 0.001
            [[include]]
            seed = 7
            split = 3
            "#,
        )
        .unwrap();
        assert_eq!(
            ids(&sweep),
            [
                "seed0-shape-learning_rate0.0001",
                "seed0-shape-learning_rate0.001",
                "seed0-color-learning_rate0.0001",
                "seed0-color-learning_rate0.001",
                "seed1-shape-learning_rate0.0001",
                "seed1-color-learning_rate0.0001",
                "seed7-split3",
            ]
        );
        let cell = &sweep.cells[3];
        assert_eq!(cell.config.training.targets, ["color"]);
        assert_eq!(cell.config.training.epochs, 1);
        assert_eq!(cell.variant(), "training.learning_rate=0.001");
        let last = &sweep.cells[6];
        assert_eq!(
            (last.config.seed, &last.config.split.versions[..]),
            (7, &[3][..])
        );
        assert_eq!(last.variant(), "");
    }

    #[test]
    fn mistakes_are_named_with_what_to_do() {
        let head = "name = \"x\"\nbase = \"smoke\"\n";
        for (text, said) in [
            ("[axes]\nseed = 3", "`axes.seed`: give a list"),
            ("[axes]\nseed = []", "`axes.seed`: give a list"),
            ("[axes]\nname = [\"a\"]", "is no axis"),
            ("[axis]\nseed = [3]", "unknown field `axis`"),
            ("[axis]\nseed = [3]", "did you mean `axes`?"),
            (
                "[training]\nepochs = 3",
                "a configuration is run by `layerprobe run sweep.toml`",
            ),
            (
                "[axes]\nseed = [0]\n[[exclude]]\nsed = 0",
                "`exclude.sed`: is no axis of this sweep; axes: seed",
            ),
            (
                "[axes]\nseed = [0]\n[[exclude]]\nseed = 0",
                "no cell is left",
            ),
            ("[axes]\nseed = [0, 0]", "seed0 and seed0"),
            (
                "[axes]\ntraining.epoch = [1]",
                "did you mean `training.epochs`?",
            ),
            ("[axes]\npredictivity = [0.5]", "correlation.pair"),
        ] {
            let error = anyhow::Error::from(parse(&format!("{head}{text}")).unwrap_err());
            let message = format!("{error:#}");
            assert!(message.contains(said), "{text}: {message}");
        }
        let error = parse("name = \"../x\"\nbase = \"smoke\"").unwrap_err();
        assert!(error.to_string().contains("names a folder"));
        let error = parse("name = \"x\"\nbase = \"smok\"\n[axes]\nseed = [0]").unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("`base`") && said.contains("did you mean `smoke`?"),
            "{said}"
        );
    }
}
