use super::TrainingError;
use crate::nn::optimizers::{LearningRate, Schedule};

/// The learning rate over a training, in epochs, unchecked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePlan {
    /// The rate after the warm-up.
    pub base: f64,
    /// Epochs, or parts of one, in which the rate grows linearly to `base`.
    pub warmup_epochs: f64,
    /// How it changes from there.
    pub schedule: RateSchedule,
}

/// How the learning rate changes after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RateSchedule {
    /// Not at all.
    #[default]
    Constant,
    /// Multiplied by `factor` after every `epochs` epochs.
    Step {
        /// Epochs at one rate.
        epochs: u64,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// Half a cosine, step by step, which reaches `last` at the end.
    Cosine {
        /// The rate at the end.
        last: f64,
    },
}

impl Default for RatePlan {
    /// Constant, at the rate that is PyTorch's default for Adam.
    fn default() -> Self {
        Self {
            base: 1e-3,
            warmup_epochs: 0.0,
            schedule: RateSchedule::Constant,
        }
    }
}

impl RatePlan {
    /// The rate by steps, for a training of `total` steps.
    pub(super) fn check(
        &self,
        steps_per_epoch: u64,
        total: u64,
    ) -> Result<LearningRate, TrainingError> {
        let epochs = self.warmup_epochs;
        if !(epochs.is_finite() && epochs >= 0.0) {
            return Err(TrainingError::WarmupEpochs { epochs });
        }
        let warmup = (epochs * steps_per_epoch as f64).round() as u64;
        let schedule = match self.schedule {
            RateSchedule::Constant => Schedule::Constant,
            RateSchedule::Step { epochs, factor } => Schedule::Step {
                every: epochs.saturating_mul(steps_per_epoch),
                factor,
            },
            // there is no end to reach where nothing begins
            RateSchedule::Cosine { .. } if total == 0 => Schedule::Constant,
            RateSchedule::Cosine { last } => Schedule::Cosine { steps: total, last },
        };
        Ok(LearningRate::new(self.base, warmup, schedule)?)
    }
}
