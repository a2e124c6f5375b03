//! Full-batch gradient descent of a small perceptron: the loop, its
//! checkpoints and its log.
//!
//! An epoch is a step. What [`descend`] leaves in its folder depends on
//! network, examples and plan alone, not on how often it was stopped and
//! started again.

mod checkpoint;
mod plan;
mod run;
mod snapshot;
#[cfg(test)]
mod tests;

pub use checkpoint::{DescentCheckpoint, DescentHeader};
pub use plan::{CheckedDescentPlan, DescentPlan};
pub use run::{DescentData, DescentOutcome, descend};
pub use snapshot::damaged;
