//! Controlled stimuli: Trifeature, Navon letters, their splits and
//! correlations.

pub mod correlation;
mod error;
mod raster;
pub mod splits;
mod stimulus;
mod trifeature;

pub use error::GeneratorError;
pub use stimulus::{Feature, StimulusSet};
pub use trifeature::{Trifeature, TrifeatureParams};
