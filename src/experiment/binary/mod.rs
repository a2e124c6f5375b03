//! The binary-features experiment of Hermann & Lampinen 2020 (appendix B.3):
//! small networks on bit vectors with an easy and a hard feature, which of the
//! two they represent and use, and how alike their representations are.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use layerprobe::config::BinaryConfig;
//! use layerprobe::experiment::{Silent, run_binary};
//!
//! let config = BinaryConfig::load("binary-smoke", &[])?;
//! let stop = AtomicBool::new(false);
//! let outcome = run_binary(&config, Path::new("runs/binary-smoke"), &stop, &Silent)?;
//! println!("{}", outcome.table);
//! # Ok::<(), layerprobe::experiment::ExperimentError>(())
//! ```

mod again;
mod compared;
mod forecast;
mod identity;
mod initial;
mod measures;
mod plan;
mod rows;
mod run;
mod sides;
mod similarity;
mod stimuli;
mod summary;
mod training;
mod xor;

pub use again::{condition_ids, make, rows_of_conditions};
pub use compared::compare_binary_runs;
pub use forecast::BinaryForecast;
pub use run::{BinaryOutcome, origin, run_binary};
pub use training::last_training;
pub use xor::{XorExample, XorSolution, xor_example};
