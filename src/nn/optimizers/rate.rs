use super::error::{OptimizerError, not_negative, positive, within};

/// The learning rate of every step: a linear warm-up, if wanted, then a
/// schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRate {
    base: f64,
    warmup: u64,
    schedule: Schedule,
}

/// How the learning rate changes after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// Multiplied by `factor` after every `every` steps (PyTorch's `StepLR`).
    Step {
        /// Steps at one rate.
        every: u64,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// Half a cosine from the base rate to `last` (PyTorch's
    /// `CosineAnnealingLR`): after `u` of `T` steps
    /// `last + (base - last) (1 + cos(pi u / T)) / 2`.
    Cosine {
        /// Steps of the whole training, the warm-up's counted.
        steps: u64,
        /// The rate that would follow the last step.
        last: f64,
    },
}

impl LearningRate {
    /// A rate that starts at `base / warmup` and grows by as much each step up
    /// to `base`, then follows `schedule`, whose steps count from there.
    ///
    /// # Errors
    /// If a number is out of its range, or nothing is left after the warm-up.
    pub fn new(base: f64, warmup: u64, schedule: Schedule) -> Result<Self, OptimizerError> {
        positive("learning rate", base)?;
        match schedule {
            Schedule::Constant => {}
            Schedule::Step { every, factor } => {
                within(
                    "number of steps at one learning rate",
                    0.0,
                    every > 0,
                    "positive",
                )?;
                let valid = factor > 0.0 && factor <= 1.0;
                within(
                    "learning rate's factor",
                    factor,
                    valid,
                    "above 0 and at most 1",
                )?;
            }
            Schedule::Cosine { steps, last } => {
                not_negative("last learning rate", last)?;
                within(
                    "last learning rate",
                    last,
                    last <= base,
                    "at most the first",
                )?;
                if warmup >= steps {
                    return Err(OptimizerError::Warmup { warmup, steps });
                }
            }
        }
        Ok(Self {
            base,
            warmup,
            schedule,
        })
    }

    /// The same rate at every step.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn constant(base: f64) -> Result<Self, OptimizerError> {
        Self::new(base, 0, Schedule::Constant)
    }

    /// The rate of a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        let Some(after) = step.checked_sub(self.warmup) else {
            return self.base * (step + 1) as f64 / self.warmup as f64;
        };
        match self.schedule {
            Schedule::Constant => self.base,
            Schedule::Step { every, factor } => self.base * factor.powf((after / every) as f64),
            Schedule::Cosine { steps, last } => {
                let part = (after as f64 / (steps - self.warmup) as f64).min(1.0);
                let cosine = (std::f64::consts::PI * part).cos();
                last + (self.base - last) * (1.0 + cosine) / 2.0
            }
        }
    }
}
