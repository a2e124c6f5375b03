//! Controlled stimuli: Trifeature, Navon letters, their splits and
//! correlations.

mod error;
mod raster;
mod stimulus;
mod trifeature;

pub use error::GeneratorError;
pub use stimulus::{Feature, StimulusSet};
pub use trifeature::{Trifeature, TrifeatureParams};
