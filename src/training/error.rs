use std::path::PathBuf;

use thiserror::Error;

use super::{CheckpointError, ScheduleError};
use crate::models::ModelError;
use crate::nn::optimizers::OptimizerError;

/// What can go wrong in training.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// Bytes that are not whole images.
    #[error("{bytes} bytes are not a whole number of RGB images of {side} x {side} pixels")]
    Pixels {
        /// How many bytes.
        bytes: usize,
        /// Side of an image.
        side: usize,
    },
    /// No examples, or not one label for each.
    #[error(
        "{indices} images and {labels} labels; there must be as many of both, and at least one"
    )]
    Examples {
        /// How many images.
        indices: usize,
        /// How many labels.
        labels: usize,
    },
    /// An index that is no image's.
    #[error("image {index} of {images} images, which are counted from 0")]
    Index {
        /// The index.
        index: usize,
        /// How many images there are.
        images: usize,
    },
    /// A label that is no class's.
    #[error("label {label} of {classes} classes, which are counted from 0")]
    Label {
        /// The label.
        label: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// A count that must be at least 1 is 0.
    #[error("the {what} is 0; it must be at least 1")]
    Zero {
        /// Which count.
        what: &'static str,
    },
    /// More steps than can be counted.
    #[error("{epochs} epochs of {steps_per_epoch} steps are more steps than can be counted")]
    TooLong {
        /// Epochs asked for.
        epochs: u64,
        /// Steps in each.
        steps_per_epoch: u64,
    },
    /// A plan made for another number of training examples.
    #[error("the plan has {plan} steps an epoch, the {examples} training examples make {needed}")]
    OtherPlan {
        /// The plan's steps an epoch.
        plan: u64,
        /// Number of training examples.
        examples: usize,
        /// Their steps an epoch.
        needed: u64,
    },
    /// The optimizer's parameters or the learning rate.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// A warm-up that is no length of time.
    #[error("a warm-up of {epochs} epochs; it must be 0 or positive")]
    WarmupEpochs {
        /// The epochs asked for.
        epochs: f64,
    },
    /// The schedule.
    #[error("checkpoint schedule: {0}")]
    Schedule(#[from] ScheduleError),
    /// The network, or what it was given.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A checkpoint or snapshot that cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A batch that leaves a batch norm one number a channel.
    #[error(
        "the last batch of {examples} training stimuli in batches of {batch_size} is one \
         stimulus, and the batch norm {layer} stands over one pixel: one number has no \
         variance; choose another training.batch_size, or larger images"
    )]
    OneNumber {
        /// The batch norm.
        layer: String,
        /// The batch size.
        batch_size: usize,
        /// The training examples.
        examples: usize,
    },
    /// The loss became infinite or not a number.
    #[error("the loss is {loss} at step {step}: training diverged; try a smaller learning rate")]
    Diverged {
        /// The step that was being taken.
        step: u64,
        /// Its loss.
        loss: f64,
    },
    /// A file that cannot be written or removed.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A log that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a log that is not five numbers.
    #[error("{}: line {line} is not step, epoch, loss and two accuracies", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Stopped on request. All is kept: the same call goes on from here.
    #[error("interrupted after step {step} of {total}; run it again to go on from there")]
    Interrupted {
        /// Steps taken.
        step: u64,
        /// Steps in all.
        total: u64,
    },
}
