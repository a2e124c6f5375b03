use layerprobe_reports::claims::Variation;
use serde::Deserialize;

use super::error::ReproductionError;
use crate::config::{AnyConfig, BinaryConfig, Config, ConfigError};

/// One experiment: a preset with settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Its name, and its folder's.
    pub id: String,
    /// What it is, in words; of a variation, what it does otherwise.
    #[serde(default)]
    pub about: String,
    /// The experiment that it is a variation of.
    pub varies: Option<String>,
    /// Of a variation: whether claims look at it itself, too, so that it is none alone.
    #[serde(default)]
    pub looked_at: bool,
    /// The experiment whose networks it has, too, to decode them by the paper's
    /// protocol: what it gives counts as that one's. Its preset and settings are
    /// that one's, with its own on top.
    pub decodes: Option<String>,
    /// Whether it is run only when asked for, like a variation, since it takes long.
    #[serde(default)]
    pub on_request: bool,
    /// What it is run on.
    #[serde(default)]
    pub kind: Kind,
    /// The preset it starts from.
    #[serde(default)]
    pub preset: String,
    /// `key=value` settings on top of it.
    #[serde(default)]
    pub set: Vec<String>,
    /// Whether its networks are compared with each other.
    #[serde(default)]
    pub similarity: bool,
}

/// What an experiment is run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Rendered images, as `layerprobe run` does it.
    #[default]
    Images,
    /// Bits, as `layerprobe binary` does it.
    Binary,
}

impl Experiment {
    /// Its checked configuration.
    ///
    /// # Errors
    /// If a setting is wrong.
    pub fn checked(&self) -> Result<AnyConfig, ReproductionError> {
        match self.kind {
            Kind::Images => Ok(AnyConfig::Images(Box::new(self.config()?))),
            Kind::Binary => BinaryConfig::load(&self.preset, &self.set)
                .map(|config| AnyConfig::Binary(Box::new(config)))
                .map_err(|source| self.wrong(source)),
        }
    }

    /// The configuration of an experiment on images.
    ///
    /// # Errors
    /// If a setting is wrong, or it is an experiment on bits.
    pub fn config(&self) -> Result<Config, ReproductionError> {
        Config::load(&self.preset, &self.set).map_err(|source| self.wrong(source))
    }

    /// Whether it is only there to vary another one.
    pub fn is_variation_alone(&self) -> bool {
        self.varies.is_some() && !self.looked_at
    }

    /// What it varies, if it is a variation.
    pub fn variation(&self) -> Option<Variation> {
        self.varies.as_ref().map(|varies| Variation {
            experiment: self.id.clone(),
            varies: varies.clone(),
            about: self.about.clone(),
        })
    }

    fn wrong(&self, source: ConfigError) -> ReproductionError {
        ReproductionError::Config {
            id: self.id.clone(),
            source: Box::new(source),
        }
    }
}
