use std::fmt;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line (from 1) of a file or preset.
    Line {
        /// The file's path or the preset's name.
        origin: String,
        /// The line, from 1.
        line: usize,
    },
    /// A `--set` on the command line.
    Override,
    /// Nowhere: the key was not given in this file or preset.
    Absent {
        /// The file's path or the preset's name.
        origin: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { origin, line } => write!(f, "{origin}:{line}"),
            Self::Override => write!(f, "--set"),
            Self::Absent { origin } => write!(f, "{origin}"),
        }
    }
}

/// What is wrong with a configuration: the place, the key, the problem and
/// what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text is not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// The parser's words.
        message: String,
    },
    /// A key that means nothing here.
    #[error("{place}: unknown key `{key}`{}", suggestion(.nearest))]
    UnknownKey {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// The known key most like it.
        nearest: Option<String>,
    },
    /// A key that has no default and was not given.
    #[error("{place}: the key `{key}` is missing; it wants {wants}")]
    Missing {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// What kind of value belongs there.
        wants: String,
    },
    /// A value of the wrong type.
    #[error("{place}: `{key}` wants {wants}, not {found}")]
    Type {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// What kind of value belongs there.
        wants: String,
        /// What stands there.
        found: String,
    },
    /// A name that is not among the known ones.
    #[error("{place}: `{key}`: unknown {what} `{name}`{}; known: {known}", in_brackets(.nearest))]
    UnknownName {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// What the name should be, e.g. "layer".
        what: String,
        /// The name given.
        name: String,
        /// The known name most like it.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// A value of the right type that cannot work.
    #[error("{place}: `{key}`: {problem}")]
    Value {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// What is wrong, with the numbers, and what to do.
        problem: String,
    },
    /// A `--set` that is not `key=value`.
    #[error("--set {given}: write key=value, for example --set training.epochs=3")]
    Override {
        /// What was given.
        given: String,
    },
    /// A preset that does not exist.
    #[error("there is no preset `{name}` and no file of that name{}; presets: {known}", in_brackets(.nearest))]
    UnknownPreset {
        /// The name given.
        name: String,
        /// The preset most like it.
        nearest: Option<String>,
        /// All presets.
        known: String,
    },
    /// A preset of another verb.
    #[error("`{name}` is a preset of another verb: layerprobe {verb} {name}")]
    OtherVerb {
        /// The name given.
        name: String,
        /// The verb that knows it.
        verb: &'static str,
    },
    /// A file of `layerprobe sweep`.
    #[error("{path} is a sweep file, it has `axes`: layerprobe sweep plan {path}, then sweep run")]
    OfSweep {
        /// The file.
        path: String,
    },
    /// A file of another verb.
    #[error("{path} is a configuration of another verb: layerprobe {verb} {path}")]
    OfOtherVerb {
        /// The file.
        path: String,
        /// The verb that reads it.
        verb: &'static str,
    },
    /// A configuration file that cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!(", did you mean `{name}`?"))
        .unwrap_or_default()
}

/// The same in the middle of a sentence.
fn in_brackets(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!(" (did you mean `{name}`?)"))
        .unwrap_or_default()
}

/// The known name most like `name`, if any is near enough to be a slip.
pub fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(name, k), k))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k.to_owned())
}

/// The known dotted key that `key` may have been meant for: of those whose last part it
/// is, or is most like, in whatever table, the one in its own table or that of training,
/// of which most keys are changed.
pub(super) fn nearest_key<'a>(
    key: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let (table, own) = key.rsplit_once('.').unwrap_or(("training", key));
    let of_last = |name: &str| {
        let same = |known: &&&str| known.rsplit('.').next() == Some(name);
        let same: Vec<&str> = known.iter().filter(same).copied().collect();
        let beside = |table: &str| {
            let meant = format!("{table}.{name}");
            same.iter().find(|known| **known == meant).copied()
        };
        let meant = beside(table).or_else(|| beside("training"));
        meant.or_else(|| same.first().copied()).map(str::to_owned)
    };
    let lasts = known.iter().filter_map(|known| known.rsplit('.').next());
    of_last(own)
        .or_else(|| nearest_name(key, known.iter().copied()))
        .or_else(|| of_last(&nearest_name(own, lasts)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_none() {
        let known = ["pool1", "pool2", "fc1"];
        assert_eq!(nearest_name("pool_1", known).as_deref(), Some("pool1"));
        assert_eq!(nearest_name("zzz", known), None);
    }

    #[test]
    fn a_key_is_found_in_another_table() {
        let known = [
            "name",
            "seed",
            "seeds.data",
            "training.epochs",
            "training.batch_size",
        ];
        let nearest = |key| nearest_key(key, known);
        assert_eq!(nearest("epochs").as_deref(), Some("training.epochs"));
        assert_eq!(
            nearest("network.epochs").as_deref(),
            Some("training.epochs")
        );
        assert_eq!(nearest("bath_size").as_deref(), Some("training.batch_size"));
        assert_eq!(
            nearest("training.epoch").as_deref(),
            Some("training.epochs")
        );
        assert_eq!(nearest("zzz"), None);
    }
}
