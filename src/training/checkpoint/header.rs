use serde::{Deserialize, Serialize};

use crate::models::{Arch, Design, Options};
use crate::training::Normalization;

/// Why a checkpoint was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Step 0, the untrained network.
    Initial,
    /// The schedule asked for it.
    Scheduled,
    /// The best accuracy on validation at an epoch's end.
    BestValidation,
    /// The end of training.
    Last,
}

impl Role {
    /// The name used in tables: `initial`, `scheduled`, `best_validation`,
    /// `last`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Scheduled => "scheduled",
            Self::BestValidation => "best_validation",
            Self::Last => "last",
        }
    }
}

/// What a checkpoint file says of itself. Fields are in the order of their
/// names, and so is the JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointHeader {
    /// The network.
    pub arch: Arch,
    /// Channels of the images; written where they are not 3.
    #[serde(default = "rgb", skip_serializing_if = "is_rgb")]
    pub channels: usize,
    /// Number of classes.
    pub classes: usize,
    /// Hash of the config that made it.
    pub config_hash: String,
    /// Epochs done, with the part of the current one.
    pub epoch: f64,
    /// Side of the images, in pixels.
    pub image_size: usize,
    /// Names of the layers that can be read.
    pub layers: Vec<String>,
    /// What the network's images were normalized by.
    pub normalization: Normalization,
    /// What of the architecture was chosen; written where anything was.
    #[serde(default, skip_serializing_if = "Options::is_default")]
    pub options: Options,
    /// Why it was kept.
    pub role: Role,
    /// Steps taken.
    pub step: u64,
}

impl CheckpointHeader {
    /// The design of the network.
    pub(crate) fn design(&self) -> Design {
        Design {
            arch: self.arch,
            channels: self.channels,
            size: self.image_size,
            classes: self.classes,
            options: self.options.clone(),
        }
    }
}

fn rgb() -> usize {
    3
}

fn is_rgb(channels: &usize) -> bool {
    *channels == rgb()
}
