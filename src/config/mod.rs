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

mod check;
mod error;
mod generator;
mod keys;
mod presets;
mod protocols;
mod sections;
mod training;

use std::path::Path;

pub use error::{ConfigError, Place, nearest_name};
pub use presets::{PRESETS, Preset};
pub use protocols::{PaperGrid, Protocol};
pub use sections::{
    Checkpoints, Config, Correlation, InitialWeights, Network, PMode, Probes, Seeds, Split,
    Stimuli, StimulusSections,
};
pub use training::{AdamNumbers, Optimizer, Schedule, Training};

use keys::Keys;

/// Keys that choose what the rest of their section means.
const CHOICES: &[&str] = &["stimuli.dataset", "checkpoints.schedule"];

impl Config {
    /// Loads a preset by name or a TOML file by path, applies `key=value`
    /// overrides in order, and checks everything that can be checked before
    /// work starts.
    ///
    /// # Errors
    /// With the place (file and line, or `--set`), the key, and what to do.
    pub fn load(preset_or_file: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        check::check(&overridden(open(preset_or_file)?, overrides)?)
    }

    /// Checks a configuration given as TOML text; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(origin: &str, text: &str) -> Result<Self, ConfigError> {
        check::check(&with_base(Keys::parse(origin, text)?)?)
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

fn overridden(mut keys: Keys, overrides: &[String]) -> Result<Keys, ConfigError> {
    for assignment in overrides {
        let mut own = Keys::parse("--set", "")?;
        own.set(assignment)?;
        keys = own.over(keys, CHOICES);
    }
    Ok(keys)
}

fn open(preset_or_file: &str) -> Result<Keys, ConfigError> {
    if let Some(preset) = PRESETS.iter().find(|p| p.name == preset_or_file) {
        return with_base(Keys::parse(
            &format!("preset {}", preset.name),
            preset.toml,
        )?);
    }
    let path = Path::new(preset_or_file);
    let names_a_file = path.exists() || path.extension().is_some() || path.components().count() > 1;
    if !names_a_file {
        return Err(presets::unknown(preset_or_file));
    }
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: preset_or_file.to_owned(),
        source,
    })?;
    with_base(Keys::parse(preset_or_file, &text)?)
}

/// Fills in what the configuration takes from the preset named by its `base`.
fn with_base(mut keys: Keys) -> Result<Keys, ConfigError> {
    let Some(base) = keys.take_string("base")? else {
        return Ok(keys);
    };
    let preset = PRESETS
        .iter()
        .find(|p| p.name == base)
        .ok_or_else(|| presets::unknown(&base))?;
    let base = with_base(Keys::parse(
        &format!("preset {}", preset.name),
        preset.toml,
    )?)?;
    Ok(keys.over(base, CHOICES))
}
