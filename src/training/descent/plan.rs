use crate::training::{CheckpointSchedule, ScheduleError, TrainingError};

/// How a perceptron is trained, unchecked.
#[derive(Clone, Debug, PartialEq)]
pub struct DescentPlan {
    /// Steps along all examples.
    pub epochs: u64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Which epochs' weights are kept.
    pub checkpoints: CheckpointSchedule,
    /// Moments of the log, epoch 0 and the last among them, evenly on a
    /// logarithmic scale; where there are fewer epochs, all.
    pub logged: usize,
}

/// A plan whose epochs are known.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedDescentPlan {
    pub(super) epochs: u64,
    pub(super) learning_rate: f64,
    pub(super) checkpoints: Vec<u64>,
    pub(super) logged: Vec<u64>,
}

impl DescentPlan {
    /// Checks the plan.
    ///
    /// # Errors
    /// If there is no epoch, the learning rate is no positive finite number, or
    /// a schedule does not fit the epochs.
    pub fn check(&self) -> Result<CheckedDescentPlan, TrainingError> {
        if self.epochs == 0 {
            return Err(TrainingError::Zero {
                what: "number of epochs",
            });
        }
        // as every other training, by the same check
        crate::nn::optimizers::LearningRate::constant(self.learning_rate)?;
        let all =
            usize::try_from(self.epochs).map_or(usize::MAX, |epochs| epochs.saturating_add(1));
        if self.logged < 2 {
            return Err(ScheduleError::TooFew { count: self.logged }.into());
        }
        let logged = CheckpointSchedule::LogSpaced(self.logged.min(all));
        Ok(CheckedDescentPlan {
            epochs: self.epochs,
            learning_rate: self.learning_rate,
            checkpoints: self.checkpoints.steps(self.epochs)?,
            logged: logged.steps(self.epochs)?,
        })
    }
}

impl CheckedDescentPlan {
    /// Steps in all.
    pub fn epochs(&self) -> u64 {
        self.epochs
    }

    /// The epochs whose weights are kept, in order, from 0 to the last.
    pub fn checkpoints(&self) -> &[u64] {
        &self.checkpoints
    }
}
