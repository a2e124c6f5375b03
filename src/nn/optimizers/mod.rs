//! Optimizers and learning rates, each step that of PyTorch, in place.
//!
//! ```
//! use layerprobe::nn::optimizers::{LearningRate, Optimizer, OptimizerParams, Schedule, SgdParams};
//!
//! let sgd = OptimizerParams::Sgd(SgdParams { momentum: 0.9, ..SgdParams::default() });
//! let rate = LearningRate::new(0.1, 0, Schedule::Step { every: 2, factor: 0.5 })?;
//! let mut optimizer = Optimizer::new(sgd.check()?, [1]);
//! let mut parameter = vec![1.0];
//! for step in 0..3 {
//!     optimizer.step([parameter.as_mut_slice()], &[vec![1.0]], rate.at(step));
//! }
//! assert!((parameter[0] - (1.0 - 0.1 - 0.1 * 1.9 - 0.05 * 2.71)).abs() < 1e-6);
//! # Ok::<(), layerprobe::nn::optimizers::OptimizerError>(())
//! ```

mod adam;
mod error;
mod optimizer;
mod params;
mod rate;
mod sgd;
#[cfg(test)]
mod tests;

pub use error::OptimizerError;
pub use optimizer::Optimizer;
pub use params::{AdamParams, CheckedOptimizerParams, OptimizerParams, SgdParams};
pub use rate::{LearningRate, Schedule};
