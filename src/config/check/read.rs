//! Typed reading of located keys.

use toml::Value;

use crate::config::error::ConfigError;
use crate::config::keys::Keys;
use crate::config::words::Word;

pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_integer().and_then(|i| u64::try_from(i).ok())
}

pub(super) fn number(value: &Value) -> Option<f64> {
    value
        .as_float()
        .or_else(|| value.as_integer().map(|i| i as f64))
        .filter(|x| x.is_finite())
}

fn all<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}

const NUMBER: &str = "a number";
const TEXT: &str = "a text in quotes";

/// What a whole number is, of which `low` is the least that will do.
fn whole_number(low: u64) -> String {
    format!("a whole number from {low}")
}

/// What a list of these names is; the last will do wherever one does.
fn list_of(known: &[&str]) -> String {
    let one = known.last().copied().unwrap_or_default();
    format!("a list of names, such as [{one:?}]")
}

impl Keys {
    /// A whole number, if it is given, that is said to be `low` at least.
    pub(super) fn whole_from(&self, key: &str, low: u64) -> Result<Option<u64>, ConfigError> {
        self.get(key, &whole_number(low), whole)
    }

    pub(super) fn whole_or(&self, key: &str, default: u64) -> Result<u64, ConfigError> {
        Ok(self.whole_from(key, 0)?.unwrap_or(default))
    }

    pub(super) fn whole_in(&self, key: &str, low: u64, high: u64) -> Result<u64, ConfigError> {
        let value = self
            .whole_from(key, low)?
            .ok_or_else(|| self.missing(key, &whole_number(low)))?;
        self.within(key, value, low, high)
    }

    pub(super) fn whole_or_in(
        &self,
        key: &str,
        default: u64,
        low: u64,
        high: u64,
    ) -> Result<u64, ConfigError> {
        let value = self.whole_from(key, low)?.unwrap_or(default);
        self.within(key, value, low, high)
    }

    fn within(&self, key: &str, value: u64, low: u64, high: u64) -> Result<u64, ConfigError> {
        if (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(self.invalid(key, format!("{value} is not within {low} to {high}")))
        }
    }

    pub(super) fn wholes(&self, key: &str, such_as: &str) -> Result<Vec<u64>, ConfigError> {
        let wants = format!("a list of whole numbers, such as {such_as}");
        self.get(key, &wants, |v| all(v, whole))?
            .ok_or_else(|| self.missing(key, &wants))
    }

    pub(super) fn number(&self, key: &str) -> Result<f64, ConfigError> {
        self.get(key, NUMBER, number)?
            .ok_or_else(|| self.missing(key, NUMBER))
    }

    pub(super) fn number_or(&self, key: &str, default: f64) -> Result<f64, ConfigError> {
        Ok(self.get(key, NUMBER, number)?.unwrap_or(default))
    }

    pub(super) fn number_in(&self, key: &str, low: f64, high: f64) -> Result<f64, ConfigError> {
        let value = self.number(key)?;
        if (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(self.invalid(key, format!("{value} is not within [{low}, {high}]")))
        }
    }

    pub(super) fn number_or_in(
        &self,
        key: &str,
        default: f64,
        low: f64,
        high: f64,
    ) -> Result<f64, ConfigError> {
        match self.get(key, NUMBER, number)? {
            Some(_) => self.number_in(key, low, high),
            None => Ok(default),
        }
    }

    /// This value of a key, which has to be above 0 and no more than `high`.
    pub(super) fn positive(&self, key: &str, value: f64, high: f64) -> Result<f64, ConfigError> {
        if value > 0.0 && value <= high {
            Ok(value)
        } else {
            let problem = format!("{value} is not above 0 and at most {high}");
            Err(self.invalid(key, problem))
        }
    }

    pub(super) fn numbers(
        &self,
        key: &str,
        such_as: &str,
    ) -> Result<Option<Vec<f64>>, ConfigError> {
        let wants = format!("a list of numbers, such as {such_as}");
        self.get(key, &wants, |v| all(v, number))
    }

    pub(super) fn text(&self, key: &str) -> Result<String, ConfigError> {
        self.get(key, TEXT, |v| v.as_str().map(str::to_owned))?
            .ok_or_else(|| self.missing(key, TEXT))
    }

    pub(super) fn text_or(&self, key: &str, default: &str) -> Result<String, ConfigError> {
        let given = self.get(key, TEXT, |v| v.as_str().map(str::to_owned))?;
        Ok(given.unwrap_or_else(|| default.to_owned()))
    }

    /// The choice that a word stands for.
    pub(super) fn word_or<W: Word>(
        &self,
        key: &str,
        what: &str,
        default: W,
    ) -> Result<W, ConfigError> {
        let given = self.text_or(key, default.word())?;
        let chosen = W::CHOICES.iter().find(|choice| choice.word() == given);
        chosen.copied().ok_or_else(|| {
            let known: Vec<&str> = W::CHOICES.iter().map(|choice| choice.word()).collect();
            self.unknown_name(key, what, &given, &known)
        })
    }

    pub(super) fn flag_or(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        let given = self.get(key, "true or false", Value::as_bool)?;
        Ok(given.unwrap_or(default))
    }

    pub(super) fn texts(&self, key: &str, wants: &str) -> Result<Option<Vec<String>>, ConfigError> {
        self.get(key, wants, |v| {
            all(v, |text| text.as_str().map(str::to_owned))
        })
    }

    /// A list of distinct known names, at least one.
    pub(super) fn names(
        &self,
        key: &str,
        what: &str,
        known: &[&str],
    ) -> Result<Vec<String>, ConfigError> {
        self.names_as(key, &list_of(known), what, known)
    }

    /// The same where another list is wanted than any of them.
    pub(super) fn names_as(
        &self,
        key: &str,
        wants: &str,
        what: &str,
        known: &[&str],
    ) -> Result<Vec<String>, ConfigError> {
        let names = self
            .texts(key, wants)?
            .ok_or_else(|| self.missing(key, wants))?;
        if names.is_empty() {
            return Err(self.invalid(key, format!("name at least one {what}")));
        }
        for (i, name) in names.iter().enumerate() {
            self.known(key, what, name, known)?;
            if names.iter().take(i).any(|earlier| earlier == name) {
                return Err(self.invalid(key, format!("`{name}` is named twice")));
            }
        }
        Ok(names)
    }

    /// A list of distinct known names that may be empty or absent.
    pub(super) fn names_or_none(
        &self,
        key: &str,
        what: &str,
        known: &[&str],
    ) -> Result<Vec<String>, ConfigError> {
        let empty = self.get(key, &list_of(known), |v| v.as_array().map(Vec::is_empty))?;
        match empty {
            Some(false) => self.names(key, what, known),
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn versions(&self, key: &str, below: u64) -> Result<Vec<u32>, ConfigError> {
        let versions = self.wholes(key, "[0, 1, 2]")?;
        if versions.is_empty() {
            return Err(self.invalid(key, "name at least one hold-out version"));
        }
        for (i, version) in versions.iter().enumerate() {
            if *version >= below {
                return Err(self.invalid(
                    key,
                    format!(
                        "there is no hold-out version {version}: they are 0 to {}",
                        below - 1
                    ),
                ));
            }
            if versions.iter().take(i).any(|earlier| earlier == version) {
                return Err(self.invalid(key, format!("version {version} is named twice")));
            }
        }
        Ok(versions.iter().map(|v| *v as u32).collect())
    }
}
