//! Training: images to batches, the loop, its checkpoints and its log.
//!
//! [`train`] runs a [`TrainingPlan`] in one folder. What it leaves there
//! depends on network, data, plan and order key alone: not on threads, nor on
//! how often it was stopped and started again.
//!
//! ```
//! use std::{sync::atomic::AtomicBool, time::Duration};
//!
//! use layerprobe::models::{Arch, Network};
//! use layerprobe::nn::optimizers::OptimizerParams;
//! use layerprobe::training::*;
//! use layerprobe_streams::StreamKey;
//!
//! // four dark images of class 0, four light ones of class 1
//! let pixels = (0..8u8).flat_map(|i| vec![200 * (i % 2) + i; 16 * 16 * 3]).collect();
//! let store = ImageStore::new(16, pixels)?;
//! let train_set = Examples::new(&store, 2, (0..6).collect(), vec![0, 1, 0, 1, 0, 1])?;
//! let validation = Examples::new(&store, 2, vec![6, 7], vec![0, 1])?;
//! let data = TrainingData {
//!     store: &store,
//!     normalization: Normalization::of(&store, train_set.indices()),
//!     train: &train_set,
//!     validation: &validation,
//! };
//! let plan = TrainingPlan {
//!     epochs: 10,
//!     batch_size: 3,
//!     optimizer: OptimizerParams::default(),
//!     rate: RatePlan::default(),
//!     checkpoints: CheckpointSchedule::LogSpaced(4),
//! };
//! let folder = tempfile::tempdir()?;
//! let mut network = Network::new(Arch::Cnn4, 16, 2, StreamKey::from_seed(0))?;
//! let context = TrainingContext {
//!     dir: folder.path(),
//!     config_hash: "of all that determines the result",
//!     stop: &AtomicBool::new(false),
//!     snapshot_every: Duration::from_secs(60),
//!     on_progress: &mut |_| (),
//! };
//! let order = StreamKey::from_seed(1);
//! let outcome = train(&mut network, &data, &plan.check(train_set.len())?, order, context)?;
//! assert_eq!(outcome.best.map(|best| best.accuracy), Some(1.0));
//! assert_eq!(outcome.checkpoints.len(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifacts;
mod batches;
pub mod checkpoint;
pub mod descent;
mod error;
mod evaluate;
mod examples;
mod images;
mod log;
mod normalization;
mod plan;
mod rate;
mod run;
mod schedule;
mod snapshot;
#[cfg(test)]
mod tests;
mod trainer;

pub(crate) use artifacts::{artifact_name, named_below};
pub use batches::Batches;
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointHeader, Fingerprint, Role};
pub use error::TrainingError;
pub use evaluate::{Evaluation, evaluate};
pub use examples::{Examples, TrainingData};
pub use images::ImageStore;
pub use log::{LogRow, read_log};
pub use normalization::Normalization;
pub use plan::{CheckedTrainingPlan, TrainingPlan, check_batch_norm};
pub use rate::{RatePlan, RateSchedule};
pub use run::{
    Best, Progress, TrainingContext, TrainingOutcome, best_path, checkpoint_path, log_path,
    snapshot_path, train,
};
pub use schedule::{CheckpointSchedule, ScheduleError};
pub use snapshot::{damaged, remove_snapshot, snapshot_step};
pub use trainer::{StepResult, Trainer};
