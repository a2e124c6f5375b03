use serde::{Deserialize, Serialize};
use thiserror::Error;

/// At which steps the weights are kept. Step 0 (the untrained network) and the
/// last step always are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointSchedule {
    /// This many in all: step 0, and the others spaced evenly on a logarithmic
    /// scale from step 1 to the last.
    LogSpaced(usize),
    /// Every so many steps.
    Every(u64),
    /// These steps.
    Steps(Vec<u64>),
}

/// A schedule that cannot be kept.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// Fewer than two: step 0 and the last are always among them.
    #[error(
        "a schedule of {count} checkpoints; step 0 and the last are always kept, so ask for 2 or more"
    )]
    TooFew {
        /// The number asked for.
        count: usize,
    },
    /// More than there are steps.
    #[error("a schedule of {count} checkpoints, but training has {steps} steps and so at most {} checkpoints", steps + 1)]
    TooMany {
        /// The number asked for.
        count: usize,
        /// Steps of the training.
        steps: u64,
    },
    /// A checkpoint every 0 steps.
    #[error("a checkpoint every 0 steps; ask for every 1 or more")]
    EveryZero,
    /// A step after the end.
    #[error("a checkpoint at step {step}, but training ends after step {steps}")]
    AfterEnd {
        /// The step asked for.
        step: u64,
        /// The last step.
        steps: u64,
    },
}

impl CheckpointSchedule {
    /// The steps, in order and each once, of a training of `total` steps. Where there
    /// are none, step 0 is all there is to keep.
    ///
    /// # Errors
    /// If the schedule does not fit so many steps.
    ///
    /// ```
    /// use layerprobe::training::CheckpointSchedule;
    ///
    /// let steps = CheckpointSchedule::LogSpaced(5).steps(1000)?;
    /// assert_eq!(steps, [0, 1, 10, 100, 1000]);
    /// # Ok::<(), layerprobe::training::ScheduleError>(())
    /// ```
    pub fn steps(&self, total: u64) -> Result<Vec<u64>, ScheduleError> {
        if total == 0 {
            return Ok(vec![0]);
        }
        let mut steps = match self {
            Self::LogSpaced(count) => log_spaced(*count, total)?,
            Self::Every(0) => return Err(ScheduleError::EveryZero),
            Self::Every(every) => (0..=total / every).map(|i| i * every).collect(),
            Self::Steps(steps) => {
                if let Some(&step) = steps.iter().find(|step| **step > total) {
                    return Err(ScheduleError::AfterEnd { step, steps: total });
                }
                steps.clone()
            }
        };
        steps.extend([0, total]);
        steps.sort_unstable();
        steps.dedup();
        Ok(steps)
    }
}

fn log_spaced(count: usize, total: u64) -> Result<Vec<u64>, ScheduleError> {
    if count < 2 {
        return Err(ScheduleError::TooFew { count });
    }
    // steps 1 to total share the other places
    let rest = count as u64 - 1;
    if rest > total {
        return Err(ScheduleError::TooMany {
            count,
            steps: total,
        });
    }
    if rest == 1 {
        return Ok(Vec::new());
    }
    let mut steps = Vec::with_capacity(count);
    let mut previous = 0;
    for i in 0..rest {
        let exponent = i as f64 / (rest - 1) as f64;
        let ideal = (total as f64).powf(exponent).round() as u64;
        // each its own step, and one left for each that follows
        previous = ideal.max(previous + 1).min(total - (rest - 1 - i));
        steps.push(previous);
    }
    Ok(steps)
}
