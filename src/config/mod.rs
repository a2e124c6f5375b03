//! Configurations: TOML, then raw located keys, then checked values.
//!
//! ```
//! use layerprobe::config::Config;
//!
//! let config = Config::load("quick", &["training.epochs=3".to_owned()])?;
//! assert_eq!(config.training.epochs, 3);
//! let error = Config::load("quick", &["training.epoch=3".to_owned()]).unwrap_err();
//! assert!(error.to_string().contains("did you mean `training.epochs`?"));
//! # Ok::<(), layerprobe::config::ConfigError>(())
//! ```

mod binary;
mod check;
#[cfg(test)]
mod documented;
mod either;
mod error;
mod generator;
mod keys;
mod presets;
mod protocols;
mod sections;
#[cfg(test)]
mod tests;
mod training;
mod words;

use std::path::Path;

pub use binary::{
    BinaryConfig, BinaryDecoding, BinaryNetwork, BinarySeeds, BinarySimilarity, BinaryStimuli,
    BinaryTarget, BinaryTraining, DecodedStimuli, InitialValues,
};
pub(crate) use check::{MOST_CONTROLS, MOST_PERMUTATIONS, too_few_controls, too_few_permutations};
pub use either::AnyConfig;
pub use error::{ConfigError, Place, nearest_name};
pub use presets::{BINARY_PRESETS, PRESETS, Preset};
pub use protocols::{PaperGrid, Protocol};
pub use sections::{
    AtCheckpoints, Checkpoints, Config, Correlation, InitialWeights, Network, PMode, Probes, Seeds,
    Split, Stimuli, StimulusSections, UntrainedImages,
};
pub use training::{AdamNumbers, Optimizer, Schedule, Training};

use keys::Keys;

/// Keys that choose what the rest of their section means.
const CHOICES: &[&str] = &["stimuli.dataset", "checkpoints.schedule"];

impl Config {
    /// Loads a preset by name or a TOML file by path, applies `key=value`
    /// overrides, of one key the last, and checks everything that can be checked
    /// before work starts.
    ///
    /// # Errors
    /// With the place (file and line, or `--set`), the key, and what to do.
    pub fn load(preset_or_file: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let keys = open(preset_or_file, PRESETS)?;
        check::check(&overridden(keys, overrides)?)
    }

    /// Classes that a network tells apart: the values of a feature that are not held out.
    pub fn classes(&self) -> usize {
        self.stimuli.values_per_feature() - self.split.held_out
    }

    /// Whether a text is a configuration of networks on images: by a section that no
    /// other has, or the preset that it starts from.
    fn is_text_of_one(text: &str) -> bool {
        let Ok(table) = text.parse::<toml::Table>() else {
            return false;
        };
        let base = table.get("base").and_then(toml::Value::as_str);
        let is_preset = |name: &str| PRESETS.iter().any(|preset| preset.name == name);
        let own = ["probes", "split", "correlation"];
        own.iter().any(|section| table.contains_key(*section)) || base.is_some_and(is_preset)
    }

    /// Checks a configuration given as TOML text; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(origin: &str, text: &str) -> Result<Self, ConfigError> {
        check::check(&with_base(Keys::parse(origin, text)?, PRESETS)?)
    }
}

impl BinaryConfig {
    /// As [`Config::load`], of the binary-features experiment and its presets.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(preset_or_file: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let keys = open(preset_or_file, BINARY_PRESETS)?;
        check::binary(&overridden(keys, overrides)?)
    }

    /// As [`Config::from_toml`].
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(origin: &str, text: &str) -> Result<Self, ConfigError> {
        check::binary(&with_base(Keys::parse(origin, text)?, BINARY_PRESETS)?)
    }
}

impl StimulusSections {
    /// The stimuli of a dataset at the paper's sizes and in all five hold-out
    /// versions, with overrides such as `stimuli.image_size=64`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(dataset: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let text =
            format!("[stimuli]\ndataset = {dataset:?}\n[split]\nversions = [0, 1, 2, 3, 4]\n");
        check::check_stimuli(&overridden(Keys::parse(dataset, &text)?, overrides)?)
    }
}

/// Puts all overrides over the keys at once: a choice among them drops a section of the
/// keys below, and none of what is set, whatever comes first.
fn overridden(keys: Keys, overrides: &[String]) -> Result<Keys, ConfigError> {
    if overrides.is_empty() {
        return Ok(keys);
    }
    let mut own = Keys::parse("--set", "")?;
    for assignment in overrides {
        own.set(assignment)?;
    }
    Ok(own.over(keys, CHOICES))
}

/// The key that `name`, such as `epochs`, is the last part of, among those that
/// configurations like a preset have.
pub(crate) fn key_named(name: &str, preset: &str) -> Option<String> {
    let asked = asked_of(preset)?.asked();
    let key = error::nearest_key(name, asked.iter().map(String::as_str))?;
    (key.rsplit('.').next() == Some(name)).then_some(key)
}

/// Whether a preset has a list there.
pub(crate) fn is_list(key: &str, preset: &str) -> bool {
    let keys = asked_of(preset);
    let found = keys.map(|keys| keys.get(key, "a list", |value| Some(value.is_array())));
    matches!(found, Some(Ok(Some(true))))
}

/// The keys of a preset, all of them asked for.
fn asked_of(preset: &str) -> Option<Keys> {
    Some(
        match BINARY_PRESETS.iter().any(|known| known.name == preset) {
            true => {
                let keys = open(preset, BINARY_PRESETS).ok()?;
                check::binary(&keys).ok()?;
                keys
            }
            false => {
                let keys = open(preset, PRESETS).ok()?;
                check::check(&keys).ok()?;
                keys
            }
        },
    )
}

/// The keys of a preset or a file.
fn open(preset_or_file: &str, presets: &[Preset]) -> Result<Keys, ConfigError> {
    if let Some(preset) = presets.iter().find(|p| p.name == preset_or_file) {
        return with_base(of_preset(preset)?, presets);
    }
    let path = Path::new(preset_or_file);
    let names_a_file = path.exists() || path.extension().is_some() || path.components().count() > 1;
    if !names_a_file {
        return Err(presets::unknown(preset_or_file, presets));
    }
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: preset_or_file.to_owned(),
        source,
    })?;
    let keys = Keys::parse(preset_or_file, &text)?;
    if keys.has_section("axes") {
        let path = preset_or_file.to_owned();
        return Err(ConfigError::OfSweep { path });
    }
    let (bits, images) = (
        BinaryConfig::is_text_of_one(&text),
        Config::is_text_of_one(&text),
    );
    let is_of_bits = |preset: &Preset| BINARY_PRESETS.iter().any(|b| b.name == preset.name);
    let verb = match presets.iter().any(is_of_bits) {
        true => (images && !bits).then_some("run"),
        false => (bits && !images).then_some("binary"),
    };
    if let Some(verb) = verb {
        let path = preset_or_file.to_owned();
        return Err(ConfigError::OfOtherVerb { path, verb });
    }
    with_base(keys, presets)
}

fn of_preset(preset: &Preset) -> Result<Keys, ConfigError> {
    Keys::parse(&format!("preset {}", preset.name), preset.toml)
}

/// A checked configuration, or a part of one, as TOML.
fn toml_of(checked: &impl serde::Serialize) -> String {
    toml::to_string(checked).unwrap_or_else(|error| {
        unreachable!("a checked configuration is plain tables and values: {error}")
    })
}

/// One hash of several texts, none of which can run into the next.
fn hash_of_parts(parts: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in parts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Fills in what the configuration takes from the preset named by its `base`.
fn with_base(mut keys: Keys, presets: &[Preset]) -> Result<Keys, ConfigError> {
    let Some(base) = keys.take_string("base")? else {
        return Ok(keys);
    };
    let preset = presets
        .iter()
        .find(|p| p.name == base)
        .ok_or_else(|| presets::unknown(&base, presets))?;
    let base = with_base(of_preset(preset)?, presets)?;
    Ok(keys.over(base, CHOICES))
}
