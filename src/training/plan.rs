use super::{CheckpointSchedule, RatePlan, TrainingError};
use crate::nn::optimizers::{CheckedOptimizerParams, LearningRate, OptimizerParams};

/// How a network is trained, unchecked.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingPlan {
    /// Passes over all training examples; 0 leaves the network as it starts.
    pub epochs: u64,
    /// Examples a step; the last batch of an epoch may be shorter and is kept.
    pub batch_size: usize,
    /// The optimizer.
    pub optimizer: OptimizerParams,
    /// The learning rate of each step.
    pub rate: RatePlan,
    /// Which steps' weights are kept.
    pub checkpoints: CheckpointSchedule,
}

/// A plan that fits its number of examples: all its steps are known.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedTrainingPlan {
    pub(crate) epochs: u64,
    pub(crate) batch_size: usize,
    pub(crate) optimizer: CheckedOptimizerParams,
    pub(crate) rate: LearningRate,
    pub(crate) steps_per_epoch: u64,
    pub(crate) checkpoint_steps: Vec<u64>,
}

impl TrainingPlan {
    /// Checks the plan for `examples` training examples.
    ///
    /// # Errors
    /// If a count is 0, a parameter of the optimizer or the learning rate is
    /// out of range, or a schedule does not fit the number of steps.
    pub fn check(&self, examples: usize) -> Result<CheckedTrainingPlan, TrainingError> {
        let counts = [
            (self.batch_size as u64, "batch size"),
            (examples as u64, "number of training examples"),
        ];
        for (count, what) in counts {
            if count == 0 {
                return Err(TrainingError::Zero { what });
            }
        }
        let steps_per_epoch = examples.div_ceil(self.batch_size) as u64;
        let total = self
            .epochs
            .checked_mul(steps_per_epoch)
            .ok_or(TrainingError::TooLong {
                epochs: self.epochs,
                steps_per_epoch,
            })?;
        Ok(CheckedTrainingPlan {
            epochs: self.epochs,
            batch_size: self.batch_size,
            optimizer: self.optimizer.check()?,
            rate: self.rate.check(steps_per_epoch, total)?,
            steps_per_epoch,
            checkpoint_steps: self.checkpoints.steps(total)?,
        })
    }
}

/// Refuses batches of one image for a network that has a batch norm over maps of one
/// pixel, `norm`: one number a channel has no variance, and PyTorch refuses it, too.
///
/// # Errors
/// If the batch size is 1, or the last batch of an epoch has one image.
pub fn check_batch_norm(
    examples: usize,
    batch_size: usize,
    norm: Option<&str>,
) -> Result<(), TrainingError> {
    let last = examples.checked_rem(batch_size).unwrap_or(0);
    match norm {
        Some(layer) if batch_size == 1 || last == 1 => Err(TrainingError::OneNumber {
            layer: layer.to_owned(),
            batch_size,
            examples,
        }),
        _ => Ok(()),
    }
}

impl CheckedTrainingPlan {
    /// Steps in an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// Steps in all.
    pub fn total_steps(&self) -> u64 {
        self.epochs * self.steps_per_epoch
    }

    /// The steps whose weights are kept, in order, from 0 to the last.
    pub fn checkpoint_steps(&self) -> &[u64] {
        &self.checkpoint_steps
    }
}
