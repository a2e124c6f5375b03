//! Typed reading of located keys.

use toml::Value;

use crate::config::error::ConfigError;
use crate::config::keys::Keys;

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

const WHOLE: &str = "a whole number from 0";
const NUMBER: &str = "a number";
const TEXT: &str = "a text in quotes";
const TEXTS: &str = "a list of names, such as [\"shape\"]";

impl Keys {
    pub(super) fn whole_or(&self, key: &str, default: u64) -> Result<u64, ConfigError> {
        Ok(self.get(key, WHOLE, whole)?.unwrap_or(default))
    }

    pub(super) fn whole_in(&self, key: &str, low: u64, high: u64) -> Result<u64, ConfigError> {
        let value = self
            .get(key, WHOLE, whole)?
            .ok_or_else(|| self.missing(key, WHOLE))?;
        self.within(key, value, low, high)
    }

    pub(super) fn whole_or_in(
        &self,
        key: &str,
        default: u64,
        low: u64,
        high: u64,
    ) -> Result<u64, ConfigError> {
        let value = self.whole_or(key, default)?;
        self.within(key, value, low, high)
    }

    fn within(&self, key: &str, value: u64, low: u64, high: u64) -> Result<u64, ConfigError> {
        if (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(self.invalid(key, format!("{value} is not within {low} to {high}")))
        }
    }

    pub(super) fn wholes(&self, key: &str) -> Result<Vec<u64>, ConfigError> {
        let wants = "a list of whole numbers, such as [0, 10, 100]";
        self.get(key, wants, |v| all(v, whole))?
            .ok_or_else(|| self.missing(key, wants))
    }

    pub(super) fn number_or(&self, key: &str, default: f64) -> Result<f64, ConfigError> {
        Ok(self.get(key, NUMBER, number)?.unwrap_or(default))
    }

    pub(super) fn number_in(&self, key: &str, low: f64, high: f64) -> Result<f64, ConfigError> {
        let value = self
            .get(key, NUMBER, number)?
            .ok_or_else(|| self.missing(key, NUMBER))?;
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

    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, ConfigError> {
        self.get(key, "a list of numbers, such as [0.1, 10]", |v| {
            all(v, number)
        })
    }

    pub(super) fn text(&self, key: &str) -> Result<String, ConfigError> {
        self.get(key, TEXT, |v| v.as_str().map(str::to_owned))?
            .ok_or_else(|| self.missing(key, TEXT))
    }

    pub(super) fn text_or(&self, key: &str, default: &str) -> Result<String, ConfigError> {
        let given = self.get(key, TEXT, |v| v.as_str().map(str::to_owned))?;
        Ok(given.unwrap_or_else(|| default.to_owned()))
    }

    pub(super) fn flag_or(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        let given = self.get(key, "true or false", Value::as_bool)?;
        Ok(given.unwrap_or(default))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        self.get(key, TEXTS, |v| {
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
        let names = self.texts(key)?.ok_or_else(|| self.missing(key, TEXTS))?;
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
        let empty = self.get(key, TEXTS, |v| v.as_array().map(Vec::is_empty))?;
        match empty {
            Some(false) => self.names(key, what, known),
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn versions(&self, key: &str, below: u64) -> Result<Vec<u32>, ConfigError> {
        let versions = self.wholes(key)?;
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
