//! Which protocols turn activations into numbers.

use serde::Serialize;

/// A protocol; those a configuration names are run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Certified fits, nothing chosen on the images reported on.
    Clean,
    /// The decoders of Hermann & Lampinen 2020, appendix B.1.1: a grid trained
    /// by Adam, chosen on the images it is reported on.
    Paper,
}

impl Protocol {
    /// Names in configurations.
    pub const NAMES: [&'static str; 2] = ["clean", "paper"];
}

/// The grid of the protocol `paper`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PaperGrid {
    /// Learning rates.
    pub learning_rates: Vec<f64>,
    /// Weight decays.
    pub weight_decays: Vec<f64>,
    /// Stimuli a step.
    pub batch_size: usize,
    /// Passes over the training stimuli.
    pub epochs: usize,
}
