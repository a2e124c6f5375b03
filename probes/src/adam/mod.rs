//! Many small probes trained by Adam at once, as in the paper.
//!
//! The bound is the matrix product: `6 d` operations for each training
//! stimulus and column an epoch take next to nothing but two products, and
//! `2 d` for each test stimulus one. The state of Adam, 12 bytes a weight, is
//! read and written at every step; columns are dealt to students so narrow
//! that theirs stays in a core's cache over many steps, so memory sees each
//! batch and little else.

mod choice;
mod columns;
#[cfg(test)]
pub(crate) mod goldens;
mod grid;
mod lessons;
mod linear;
mod params;
mod real;
mod softmax;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use columns::{Columns, Correction};
pub(crate) use lessons::{JUDGED, Lessons, Student};
pub(crate) use linear::LinearProbes;
pub(crate) use real::Real;
pub(crate) use softmax::{residuals, top};
pub(crate) use source::Source;

pub use choice::{GridChoice, choose};
pub use grid::{FeatureCurves, GridCurves, train_grid};
pub use params::{AdamGrid, CheckedAdamGrid};
