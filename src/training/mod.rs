//! Training: images to batches, the loop, its checkpoints and its log.
//!
//! [`train`] runs a [`TrainingPlan`] in one folder. What it leaves there
//! depends on network, data, plan and order key alone: not on threads, nor on
//! how often it was stopped and started again.

mod batches;
pub mod checkpoint;
mod error;
mod evaluate;
mod examples;
mod images;
mod log;
mod normalization;
mod plan;
mod run;
mod schedule;
mod snapshot;
#[cfg(test)]
mod tests;
mod trainer;

pub use batches::Batches;
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointHeader, Role};
pub use error::TrainingError;
pub use evaluate::{Evaluation, evaluate};
pub use examples::{Examples, TrainingData};
pub use images::ImageStore;
pub use log::{LogRow, read_log};
pub use normalization::Normalization;
pub use plan::{CheckedTrainingPlan, TrainingPlan};
pub use run::{
    Best, Progress, TrainingContext, TrainingOutcome, best_path, checkpoint_path, log_path,
    snapshot_path, train,
};
pub use schedule::{CheckpointSchedule, ScheduleError};
pub use trainer::{StepResult, Trainer};
