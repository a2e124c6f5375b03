//! The train stage: every condition that has no proof of being complete.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::models::Network;
use crate::training::{
    Examples, Normalization, TrainingContext, TrainingData, best_path, log_path, snapshot_path,
    train,
};

use super::error::ExperimentError;
use super::events::{Event, Observer, Stage};
use super::layout::RunFolder;
use super::manifest::hash_file;
use super::plan::{Condition, Planned};
use super::stimuli::{ExperimentStimuli, Rendered, Version};
use super::streams::Streams;

/// Proof that a condition's training is complete: what it was made from, and
/// the hash of each file it left.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    training_hash: String,
    artifacts: BTreeMap<String, String>,
}

/// Everything the stage works with.
pub struct TrainStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub planned: &'a [Planned<'a>],
    /// How often a snapshot is kept.
    pub snapshot_every: Duration,
}

impl TrainStage<'_> {
    /// Trains what is missing.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn run(
        &self,
        images: impl Fn(&Version) -> Result<Rc<Rendered>, ExperimentError>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let mut missing = Vec::new();
        let (mut total, mut done) = (0, 0);
        for planned in self.planned {
            total += planned.training.total_steps();
            if self.is_complete(&planned.condition, observer)? {
                done += planned.training.total_steps();
            } else {
                missing.push(planned);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        observer.event(Event::Started {
            stage: Stage::Train,
            total,
            done,
        });
        for planned in missing {
            let images = images(planned.version)?;
            let mut advanced = |step: u64, loss: f64| {
                observer.event(Event::Advanced {
                    stage: Stage::Train,
                    done: done + step,
                    detail: &format!("{} loss {loss:.3}", planned.condition.target),
                });
            };
            self.train(planned, &images, stop, &mut advanced)?;
            done += planned.training.total_steps();
        }
        observer.event(Event::Finished {
            stage: Stage::Train,
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    fn train(
        &self,
        planned: &Planned<'_>,
        images: &Rendered,
        stop: &AtomicBool,
        advanced: &mut dyn FnMut(u64, f64),
    ) -> Result<(), ExperimentError> {
        let Planned {
            condition,
            version,
            training,
        } = planned;
        let failed = |source| ExperimentError::Training {
            condition: condition.id.clone(),
            source,
        };
        let classes = version.hold_outs.kept(condition.target_index).len();
        let design = self
            .config
            .network
            .design(self.config.stimuli.image_size(), classes)
            .map_err(|unknown| ExperimentError::UnknownArch(unknown.to_string()))?;
        let init = self
            .streams
            .init(self.config.network.initial_weights, condition);
        let mut network = Network::from_design(design, init)?;
        let split = self.stimuli.training_split(version);
        let examples = |stimuli: &[usize]| {
            let (places, labels) = stimuli
                .iter()
                .filter_map(|&index| {
                    let values = self.stimuli.training_set().labels(index);
                    let value = *values.get(condition.target_index)?;
                    let class = version.class(condition.target_index, value)?;
                    Some((images.position(index), class))
                })
                .unzip();
            Examples::new(&images.images, classes, places, labels)
        };
        let train_examples = examples(&split.train).map_err(failed)?;
        let validation = split.validation.get(condition.target_index);
        let validation = examples(validation.map_or(&[][..], Vec::as_slice)).map_err(failed)?;
        let data = TrainingData {
            store: &images.images,
            normalization: Normalization::of(&images.images, train_examples.indices()),
            train: &train_examples,
            validation: &validation,
        };
        let dir = self.folder.condition(condition);
        let hash = self.config.training_hash();
        let outcome = train(
            &mut network,
            &data,
            training,
            self.streams.order(condition),
            TrainingContext {
                dir: &dir,
                config_hash: &hash,
                stop,
                snapshot_every: self.snapshot_every,
                on_progress: &mut |progress| advanced(progress.step, progress.loss),
            },
        )
        .map_err(failed)?;
        let mut files: Vec<_> = outcome.checkpoints.into_iter().map(|(_, p)| p).collect();
        files.extend([best_path(&dir), log_path(&dir)]);
        self.prove(condition, &dir, &files)
    }

    /// Writes the record of a finished training.
    fn prove(
        &self,
        condition: &Condition,
        dir: &Path,
        files: &[PathBuf],
    ) -> Result<(), ExperimentError> {
        let mut artifacts = BTreeMap::new();
        for file in files {
            let name = file.strip_prefix(dir).unwrap_or(file);
            artifacts.insert(name.to_string_lossy().into_owned(), hash_file(file)?);
        }
        let record = Record {
            training_hash: self.config.training_hash(),
            artifacts,
        };
        let path = self.folder.training_record(condition);
        let json = serde_json::to_string_pretty(&record)
            .map_err(|e| ExperimentError::io("write", &path, e.into()))?;
        layerprobe_durable::write(&path, (json + "\n").as_bytes())
            .map_err(|e| ExperimentError::io("write", &path, e))
    }

    /// Whether the record is there and every file is what it says. Files that
    /// are not are told and made again, with all that was made from them.
    fn is_complete(
        &self,
        condition: &Condition,
        observer: &dyn Observer,
    ) -> Result<bool, ExperimentError> {
        let path = self.folder.training_record(condition);
        let dir = self.folder.condition(condition);
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(false);
        };
        let wrong = match serde_json::from_str::<Record>(&text) {
            Err(_) => Some("training.json".to_owned()),
            Ok(record) if record.training_hash != self.config.training_hash() => {
                Some("training.json".to_owned())
            }
            Ok(record) => record
                .artifacts
                .into_iter()
                .find(|(name, hash)| hash_file(&dir.join(name)).ok().as_ref() != Some(hash))
                .map(|(name, _)| name),
        };
        let Some(name) = wrong else {
            return Ok(true);
        };
        observer.event(Event::Warning(&format!(
            "{} is not what it was when {} finished training; the condition is done again",
            dir.join(name).display(),
            condition.id
        )));
        fs::remove_dir_all(&dir).map_err(|e| ExperimentError::io("remove", &dir, e))?;
        debug_assert!(!snapshot_path(&dir).exists());
        Ok(false)
    }
}
