//! Controlled stimuli: Trifeature, Navon letters, their splits and
//! correlations.

pub mod correlation;
mod error;
pub mod files;
mod font;
mod navon;
mod raster;
pub mod sheet;
pub mod splits;
mod stimulus;
mod trifeature;

pub use error::GeneratorError;
pub use navon::{Navon, NavonParams, TextureAngle};
pub use stimulus::{Feature, StimulusSet};
pub use trifeature::{Trifeature, TrifeatureParams};
