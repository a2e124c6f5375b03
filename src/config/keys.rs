//! A configuration as flat, located keys: the raw form, before any check.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

use super::error::{ConfigError, Place, nearest_key, nearest_name};

/// All values of a configuration by dotted key, each with its place.
///
/// Reading a key marks it as known; what nobody asked for at the end is an
/// unknown key. So the list of known keys is the code that reads them.
#[derive(Clone, Debug)]
pub struct Keys {
    origin: String,
    entries: BTreeMap<String, (Value, Place)>,
    asked: RefCell<BTreeSet<String>>,
}

impl Keys {
    /// Parses TOML text that came from `origin`.
    pub fn parse(origin: &str, text: &str) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            place: Place::Line {
                origin: origin.to_owned(),
                line: error.span().map_or(1, |span| line_of(text, span.start)),
            },
            message: error.message().to_owned(),
        };
        let table = DeTable::parse(text).map_err(syntax)?;
        let values: toml::Table = text.parse().map_err(syntax)?;
        let mut lines = BTreeMap::new();
        collect_lines("", table.get_ref(), text, &mut lines);
        let mut entries = BTreeMap::new();
        flatten("", values, &mut |key, value| {
            let line = lines.get(&key).copied().unwrap_or(1);
            let origin = origin.to_owned();
            entries.insert(key, (value, Place::Line { origin, line }));
        });
        Ok(Self {
            origin: origin.to_owned(),
            entries,
            asked: RefCell::default(),
        })
    }

    /// Takes every value that `self` does not have from `base`. Where
    /// `choice` keys (such as `stimuli.dataset`) differ, the rest of that
    /// section is not taken: its keys belong to another choice. Nor are the `seeds` where
    /// there is another `seed`: a whole configuration has them written out.
    pub fn over(mut self, base: Keys, choices: &[&str]) -> Self {
        let mut replaced: Vec<&str> = choices
            .iter()
            .filter(
                |choice| match (self.entries.get(**choice), base.entries.get(**choice)) {
                    (Some((ours, _)), Some((theirs, _))) => ours != theirs,
                    _ => false,
                },
            )
            .filter_map(|choice| choice.split_once('.').map(|(section, _)| section))
            .collect();
        replaced.extend(self.entries.contains_key("seed").then_some("seeds"));
        for (key, entry) in base.entries {
            let section = key.split_once('.').map_or("", |(section, _)| section);
            if !replaced.contains(&section) {
                self.entries.entry(key).or_insert(entry);
            }
        }
        self
    }

    /// Applies one `key=value` from the command line. The value is read as
    /// TOML, and as plain text where it is none.
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let (key, text) = assignment.split_once('=').ok_or(ConfigError::Override {
            given: assignment.to_owned(),
        })?;
        let (key, text) = (key.trim(), text.trim());
        if key.is_empty() || text.is_empty() {
            return Err(ConfigError::Override {
                given: assignment.to_owned(),
            });
        }
        let value = format!("value = {text}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(text.to_owned()));
        flatten(key, value, &mut |key, value| {
            self.entries.insert(key, (value, Place::Override));
        });
        Ok(())
    }

    /// Removes and returns a top-level text value, such as `base`.
    pub fn take_string(&mut self, key: &str) -> Result<Option<String>, ConfigError> {
        let value = self.get(key, "a text", |v| v.as_str().map(str::to_owned))?;
        self.entries.remove(key);
        Ok(value)
    }

    /// The keys that were asked for so far.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Whether a key is given.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether any key of a section is given.
    pub fn has_section(&self, section: &str) -> bool {
        let prefix = format!("{section}.");
        self.entries.keys().any(|key| key.starts_with(&prefix))
    }

    /// Where a key was given.
    pub fn place(&self, key: &str) -> Place {
        self.entries.get(key).map_or_else(
            || Place::Absent {
                origin: self.origin.clone(),
            },
            |(_, place)| place.clone(),
        )
    }

    /// The value of `key`, if given, read by `read`.
    pub fn get<T>(
        &self,
        key: &str,
        wants: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.asked.borrow_mut().insert(key.to_owned());
        let Some((value, place)) = self.entries.get(key) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| ConfigError::Type {
            place: place.clone(),
            key: key.to_owned(),
            wants: wants.to_owned(),
            found: format!("{} {value}", value.type_str()),
        })
    }

    /// A value that cannot work, at its place.
    pub fn invalid(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            place: self.place(key),
            key: key.to_owned(),
            problem: problem.into(),
        }
    }

    /// A value that has no default.
    pub fn missing(&self, key: &str, wants: &str) -> ConfigError {
        ConfigError::Missing {
            place: self.place(key),
            key: key.to_owned(),
            wants: wants.to_owned(),
        }
    }

    /// Checks that a name is among the known ones.
    pub fn known<'a>(
        &self,
        key: &str,
        what: &str,
        name: &str,
        known: &[&'a str],
    ) -> Result<&'a str, ConfigError> {
        known
            .iter()
            .copied()
            .find(|k| *k == name)
            .ok_or_else(|| self.unknown_name(key, what, name, known))
    }

    /// A name that is not among the known ones, at its place.
    pub fn unknown_name(&self, key: &str, what: &str, name: &str, known: &[&str]) -> ConfigError {
        ConfigError::UnknownName {
            place: self.place(key),
            key: key.to_owned(),
            what: what.to_owned(),
            name: name.to_owned(),
            nearest: nearest_name(name, known.iter().copied()),
            known: known.join(", "),
        }
    }

    /// Fails on a key that is given and belongs to other values, `owners`, of the key
    /// `choice` than the chosen one.
    pub fn owned(
        &self,
        key: &str,
        (choice, chosen): (&str, &str),
        owners: &[&str],
    ) -> Result<(), ConfigError> {
        if !self.has(key) || owners.contains(&chosen) {
            return Ok(());
        }
        let what = choice.rsplit('.').next().unwrap_or(choice);
        let problem = format!("belongs to {what} = {owners:?}, and the {what} is {chosen:?}");
        Err(self.invalid(key, problem))
    }

    /// Fails on the first key that nobody asked for.
    pub fn finish(&self) -> Result<(), ConfigError> {
        let asked = self.asked.borrow();
        match self.entries.iter().find(|(key, _)| !asked.contains(*key)) {
            None => Ok(()),
            Some((key, (_, place))) => Err(ConfigError::UnknownKey {
                place: place.clone(),
                key: key.clone(),
                nearest: nearest_key(key, asked.iter().map(String::as_str)),
            }),
        }
    }
}

fn joined(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}

/// Calls `emit` with every value that is not a table, under its dotted key.
fn flatten(prefix: &str, value: impl Into<Value>, emit: &mut impl FnMut(String, Value)) {
    match value.into() {
        Value::Table(table) => {
            for (key, value) in table {
                flatten(&joined(prefix, &key), value, emit);
            }
        }
        value => emit(prefix.to_owned(), value),
    }
}

fn collect_lines(
    prefix: &str,
    table: &DeTable<'_>,
    text: &str,
    lines: &mut BTreeMap<String, usize>,
) {
    for (key, value) in table {
        let dotted = joined(prefix, key.get_ref());
        match Spanned::get_ref(value) {
            DeValue::Table(inner) => collect_lines(&dotted, inner, text, lines),
            _ => {
                lines.insert(dotted, line_of(text, key.span().start));
            }
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_named_with_line_and_nearest() {
        let keys = Keys::parse("my.toml", "[training]\nepochs = 3\nepoch = 4\n").unwrap();
        keys.get("training.epochs", "a whole number", Value::as_integer)
            .unwrap();
        assert_eq!(
            keys.finish().unwrap_err().to_string(),
            "my.toml:3: unknown key `training.epoch`, did you mean `training.epochs`?"
        );
    }

    #[test]
    fn overrides_win_and_are_their_own_place() {
        let mut keys = Keys::parse("my.toml", "[training]\nepochs = 3\n").unwrap();
        keys.set("training.epochs = 5").unwrap();
        keys.set("network.arch=cnn4").unwrap();
        let epochs = keys.get("training.epochs", "", Value::as_integer).unwrap();
        assert_eq!(epochs, Some(5));
        assert_eq!(keys.place("training.epochs"), Place::Override);
        let arch = keys
            .get("network.arch", "", |v| v.as_str().map(str::to_owned))
            .unwrap();
        assert_eq!(arch.as_deref(), Some("cnn4"));
        assert!(keys.set("nothing").is_err());
    }

    #[test]
    fn a_wrong_type_says_what_stands_there() {
        let keys = Keys::parse("my.toml", "\nepochs = \"ten\"\n").unwrap();
        let error = keys
            .get("epochs", "a whole number", Value::as_integer)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "my.toml:2: `epochs` wants a whole number, not string \"ten\""
        );
    }

    #[test]
    fn syntax_errors_carry_their_line() {
        let error = Keys::parse("my.toml", "a = 1\nb = = 2\n").unwrap_err();
        assert!(error.to_string().starts_with("my.toml:2: not valid TOML"));
    }

    #[test]
    fn another_seed_stands_for_all_that_are_not_set_beside_it() {
        let base =
            || Keys::parse("base", "seed = 0\n[seeds]\ndata = 0\ninit = 0\norder = 0").unwrap();
        let mut own = Keys::parse("--set", "").unwrap();
        own.set("seed=7").unwrap();
        own.set("seeds.init=3").unwrap();
        let merged = own.over(base(), &[]);
        assert_eq!(merged.entries["seed"].0.as_integer(), Some(7));
        assert_eq!(merged.entries["seeds.init"].0.as_integer(), Some(3));
        assert!(!merged.entries.contains_key("seeds.data"));
        let mut own = Keys::parse("--set", "").unwrap();
        own.set("seeds.init=3").unwrap();
        let merged = own.over(base(), &[]);
        assert_eq!(merged.entries["seeds.data"].0.as_integer(), Some(0));
    }

    #[test]
    fn another_choice_drops_the_base_section() {
        let base = Keys::parse("base", "[stimuli]\ndataset = 'a'\nx = 1\n[t]\ny = 2").unwrap();
        let own = Keys::parse("own", "[stimuli]\ndataset = 'b'").unwrap();
        let merged = own.over(base, &["stimuli.dataset"]);
        assert!(!merged.entries.contains_key("stimuli.x"));
        assert!(merged.entries.contains_key("t.y"));
    }
}
