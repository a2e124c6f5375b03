//! How images are shown to a network that is probed by the clean protocol.

use crate::config::{Config, UntrainedImages};
use crate::training::{CheckpointHeader, Normalization};

/// The normalization of what a checkpoint's network sees: that of its training, or
/// none at step 0 where `probes.untrained_images` is `raw`.
pub fn normalization(config: &Config, header: &CheckpointHeader) -> Normalization {
    match (header.step, config.probes.untrained_images) {
        (0, UntrainedImages::Raw) => Normalization::IDENTITY,
        _ => header.normalization,
    }
}
