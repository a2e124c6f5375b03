//! Reproductions: a paper's experiments run one by one, its claims decided by
//! what they gave.
//!
//! A [`Study`] is data: its experiments at a scale (presets with settings), the
//! comparisons between their networks, and the claims. [`reproduce`] runs what is
//! missing in one folder and answers every claim whose experiments are there.
//!
//! ```
//! use layerprobe::reproduction::{Scale, Study};
//!
//! let study = Study::named("hermann-lampinen-2020", Scale::Quick)?;
//! assert!(study.claims.claims.len() > 10);
//! let only = study.needed(&["xor-example".to_owned()])?;
//! assert_eq!(only.experiments.len(), 1);
//! # Ok::<(), layerprobe::reproduction::ReproductionError>(())
//! ```

mod answers;
mod comparison;
mod differences;
mod error;
mod evidence;
mod experiment;
mod folder;
mod missing;
mod pooled;
mod proven;
mod request;
mod run;
mod similarity;
mod study;
#[cfg(test)]
mod tests;

pub use comparison::Comparison;
pub use error::ReproductionError;
pub use experiment::{Experiment, Kind};
pub use request::Reproduction;
pub use run::{Reproduced, reproduce};
pub use study::{Needed, STUDIES, Scale, Study};
