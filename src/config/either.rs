use super::error::{ConfigError, nearest_name};
use super::presets::{BINARY_PRESETS, PRESETS};
use super::{BinaryConfig, Config};

/// A checked configuration, of a run on images or of one on bits.
#[derive(Clone, Debug)]
pub enum AnyConfig {
    /// Of images.
    Images(Box<Config>),
    /// Of bits.
    Binary(Box<BinaryConfig>),
}

impl AnyConfig {
    /// The configuration that a preset or a file is, whichever kind it is of, with
    /// `key=value` settings on top.
    ///
    /// # Errors
    /// If there is none of that name, or a setting is wrong.
    ///
    /// ```
    /// use layerprobe::config::AnyConfig;
    ///
    /// assert_eq!(AnyConfig::load("binary-smoke", &[])?.name(), "binary-smoke");
    /// let error = AnyConfig::load("binary-smok", &[]).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `binary-smoke`?"));
    /// # Ok::<(), layerprobe::config::ConfigError>(())
    /// ```
    pub fn load(preset_or_file: &str, settings: &[String]) -> Result<Self, ConfigError> {
        if BinaryConfig::is_preset_or_file_of_one(preset_or_file) {
            let config = BinaryConfig::load(preset_or_file, settings)?;
            return Ok(Self::Binary(Box::new(config)));
        }
        match Config::load(preset_or_file, settings) {
            Ok(config) => Ok(Self::Images(Box::new(config))),
            // a preset of bits would have done, too
            Err(ConfigError::UnknownPreset { name, .. }) => {
                let all = PRESETS.iter().chain(BINARY_PRESETS);
                let all: Vec<&str> = all.map(|preset| preset.name).collect();
                Err(ConfigError::UnknownPreset {
                    nearest: nearest_name(&name, all.iter().copied()),
                    known: all.join(", "),
                    name,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Images(config) => &config.name,
            Self::Binary(config) => &config.name,
        }
    }

    /// It as a file that gives it again.
    pub fn to_toml(&self) -> String {
        match self {
            Self::Images(config) => config.to_toml(),
            Self::Binary(config) => config.to_toml(),
        }
    }
}
