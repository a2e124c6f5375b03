use std::fs;
use std::path::Path;

use super::CompareError;
use crate::experiment::ExperimentError;

/// At which moments of its training a network is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moments {
    /// Before training.
    Initial,
    /// Where its accuracy on validation was best.
    Best,
    /// After training.
    Last,
    /// Before and after training.
    Ends,
    /// At every checkpoint of the schedule.
    All,
    /// At these steps.
    Steps(Vec<u64>),
}

impl Moments {
    /// The steps wanted, of the checkpoints in the folder of one of a run's
    /// conditions. The best one is none of these.
    ///
    /// # Errors
    /// If there is no checkpoint at a step.
    pub(in crate::experiment) fn steps_in(
        &self,
        (run, condition): (&Path, &str),
        folder: &Path,
    ) -> Result<Vec<u64>, CompareError> {
        let steps = steps(&folder.join("checkpoints"))?;
        let last = steps.iter().max().copied();
        let wanted = match self {
            Self::Best => Vec::new(),
            Self::Initial => vec![0],
            Self::Last => last.into_iter().collect(),
            Self::Ends => [0]
                .into_iter()
                .chain(last.filter(|step| *step > 0))
                .collect(),
            Self::All => steps.clone(),
            Self::Steps(wanted) => wanted.clone(),
        };
        if let Some(&step) = wanted.iter().find(|step| !steps.contains(step)) {
            let known: Vec<String> = steps.iter().map(u64::to_string).collect();
            return Err(CompareError::UnknownStep {
                folder: run.to_owned(),
                condition: condition.to_owned(),
                step,
                known: known.join(", "),
            });
        }
        Ok(wanted)
    }

    /// What tells a network at a step from the same one at others, where there
    /// are several after training began.
    pub(in crate::experiment) fn suffix(&self, step: u64) -> String {
        match self {
            Self::All | Self::Steps(_) if step > 0 => format!(" step {step}"),
            _ => String::new(),
        }
    }
}

/// The steps of the scheduled checkpoints in a folder, in order.
fn steps(folder: &Path) -> Result<Vec<u64>, ExperimentError> {
    let entries = fs::read_dir(folder).map_err(|e| ExperimentError::io("list", folder, e))?;
    let step = |name: &str| -> Option<u64> {
        let number = name.strip_prefix("step-")?.strip_suffix(".safetensors")?;
        number.parse().ok()
    };
    let names = entries.filter_map(Result::ok).map(|e| e.file_name());
    let mut steps: Vec<u64> = names.filter_map(|n| step(&n.to_string_lossy())).collect();
    steps.sort_unstable();
    Ok(steps)
}
