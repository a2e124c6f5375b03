use std::path::{Path, PathBuf};

use layerprobe_reports::ResultRow;

use super::{CompareError, Moments};
use crate::config::{Config, InitialWeights};
use crate::experiment::design::condition::{Condition, conditions};
use crate::experiment::folder::layout;
use crate::experiment::probing::rows::row_of_condition;
use crate::experiment::{ExperimentError, ExperimentStimuli, Streams};
use crate::training::{Checkpoint, Role, best_path, checkpoint_path};

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
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                return Err(CompareError::unknown_target(&self.folder, target, &known));
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
                group += &moments.suffix(header.step);
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
                verb: "run",
            });
        }
        if *moments == Moments::Best && self.config.training.epochs == 0 {
            return Err(CompareError::NoBest {
                folder: self.folder.clone(),
                networks: "networks that are not trained",
            });
        }
        if *moments == Moments::Best {
            return Ok(vec![best_path(&folder)]);
        }
        let steps = moments.steps_in((&self.folder, &condition.id), &folder)?;
        let path = |step: &u64| checkpoint_path(&folder, *step);
        Ok(steps.iter().map(path).collect())
    }
}

/// A condition's name with a `*` for its hold-out version.
fn kind(condition: &Condition) -> String {
    let version = format!("-split{}-", condition.version);
    condition.id.replace(&version, "-split*-")
}
