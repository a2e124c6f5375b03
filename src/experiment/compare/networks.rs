use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_reports::ResultRow;

use super::CompareError;
use crate::config::{Config, InitialWeights, nearest_name};
use crate::experiment::design::condition::{Condition, conditions};
use crate::experiment::folder::layout;
use crate::experiment::probing::rows::row_of_condition;
use crate::experiment::{ExperimentError, ExperimentStimuli, Streams};
use crate::training::{Checkpoint, Role, best_path, checkpoint_path};

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

/// A finished run.
pub(super) struct Run {
    pub(super) folder: PathBuf,
    pub(super) config: Config,
}

/// A network of a run at one moment.
pub(super) struct Network {
    pub(super) checkpoint: PathBuf,
    pub(super) condition: String,
    pub(super) row: ResultRow,
    pub(super) group: String,
    pub(super) kind: String,
}

impl Run {
    pub(super) fn open(folder: &Path) -> Result<Self, CompareError> {
        let (config, _) = layout::image_config_in(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            config,
        })
    }

    /// The folder's own name, which tells two runs apart.
    pub(super) fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The networks trained on the targets wanted at the moments wanted. An
    /// untrained network that several targets start from comes once.
    pub(super) fn networks(
        &self,
        targets: Option<&[String]>,
        moments: &Moments,
    ) -> Result<Vec<Network>, CompareError> {
        let known = &self.config.training.targets;
        for target in targets.unwrap_or_default() {
            if !known.contains(target) {
                return Err(self.unknown_target(target));
            }
        }
        let streams = Streams::new(&self.config.seeds);
        let stimuli = ExperimentStimuli::new(&self.config.stimulus_sections(), &streams)?;
        let shared = self.config.network.initial_weights == InitialWeights::Shared;
        let mut networks = Vec::new();
        let mut untrained = Vec::new();
        for condition in conditions(&self.config) {
            if targets.is_some_and(|targets| !targets.contains(&condition.target)) {
                continue;
            }
            let mut versions = stimuli.versions.iter();
            let version = versions.find(|version| version.number == condition.version);
            let effective = version.and_then(|version| stimuli.effective_predictivity(version));
            for checkpoint in self.checkpoints(&condition, moments)? {
                let header = Checkpoint::read(&checkpoint)
                    .map_err(ExperimentError::Checkpoint)?
                    .header;
                let start = shared && header.step == 0;
                if start {
                    if untrained.contains(&condition.version) {
                        continue;
                    }
                    untrained.push(condition.version);
                }
                let mut group = match (start, header.step) {
                    (true, _) => "untrained".to_owned(),
                    (false, 0) => format!("untrained ({})", condition.target),
                    _ => condition.target.clone(),
                };
                if header.step > 0 && matches!(moments, Moments::All | Moments::Steps(_)) {
                    group += &format!(" step {}", header.step);
                }
                let row = row_of_condition(&self.config, &condition, effective);
                networks.push(Network {
                    checkpoint,
                    row: ResultRow {
                        step: Some(header.step),
                        epoch: Some(header.epoch),
                        checkpoint_role: match header.step {
                            0 => Role::Initial.name().to_owned(),
                            _ => header.role.name().to_owned(),
                        },
                        split_kind: "fresh_stimuli".to_owned(),
                        probe: "none".to_owned(),
                        n_runs: Some(1),
                        ..row
                    },
                    group,
                    kind: kind(&condition),
                    condition: condition.id.clone(),
                });
            }
        }
        Ok(networks)
    }

    fn unknown_target(&self, target: &str) -> CompareError {
        let known = &self.config.training.targets;
        let hint = nearest_name(target, known.iter().map(String::as_str))
            .map(|near| format!(", did you mean `{near}`?"))
            .unwrap_or_default();
        CompareError::UnknownTarget {
            folder: self.folder.clone(),
            target: target.to_owned(),
            hint,
            known: known.join(", "),
        }
    }

    /// The files of a finished condition's checkpoints.
    fn checkpoints(
        &self,
        condition: &Condition,
        moments: &Moments,
    ) -> Result<Vec<PathBuf>, CompareError> {
        let folder = layout::condition_in(&self.folder, condition);
        if !layout::training_record_in(&self.folder, condition).exists() {
            return Err(CompareError::Unfinished {
                folder: self.folder.clone(),
                condition: condition.id.clone(),
            });
        }
        let steps = steps(&folder.join("checkpoints"))?;
        let wanted = match moments {
            Moments::Best => return Ok(vec![best_path(&folder)]),
            Moments::Initial => vec![0],
            Moments::Last => steps.iter().max().copied().into_iter().collect(),
            Moments::Ends => {
                let last = steps.iter().max().copied().filter(|step| *step > 0);
                [0].into_iter().chain(last).collect()
            }
            Moments::All => steps.clone(),
            Moments::Steps(wanted) => wanted.clone(),
        };
        if let Some(&step) = wanted.iter().find(|step| !steps.contains(step)) {
            let known: Vec<String> = steps.iter().map(u64::to_string).collect();
            return Err(CompareError::UnknownStep {
                folder: self.folder.clone(),
                condition: condition.id.clone(),
                step,
                known: known.join(", "),
            });
        }
        let path = |step: &u64| checkpoint_path(&folder, *step);
        Ok(wanted.iter().map(path).collect())
    }
}

/// A condition's name with a `*` for its hold-out version.
fn kind(condition: &Condition) -> String {
    let version = format!("-split{}-", condition.version);
    condition.id.replace(&version, "-split*-")
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
