//! The train stage: every network that has no proof of being complete, several
//! at a time, one a thread.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::initial::{parameters, spec};
use super::plan::BinaryCondition;
use super::run::{Work, dir_in};
use crate::experiment::folder::proof::Proof;
use crate::experiment::{Event, ExperimentError, Observer, Stage};
use crate::nn::Perceptron;
use crate::training::descent::{DescentData, descend};
use crate::training::{TrainingContext, TrainingError, log_path, read_log};

/// A crash costs at most this much work.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(30);

/// How often a network of the run in `root` is right about its training stimuli at
/// the end; nothing where its log is empty.
///
/// # Errors
/// If the training log cannot be read.
pub fn last_training(root: &Path, condition: &str) -> Result<Option<f64>, ExperimentError> {
    let log = read_log(&log_path(&dir_in(root, condition)));
    let rows = log.map_err(|source| ExperimentError::Training {
        condition: condition.to_owned(),
        source,
    })?;
    Ok(rows.last().map(|row| row.train_accuracy))
}

impl Work<'_> {
    /// Trains what is missing.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub(super) fn train(
        &self,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let mut missing = Vec::new();
        for condition in &self.conditions {
            if !self.is_trained(condition, observer)? {
                missing.push(condition);
            }
        }
        let _stage = Stage::Train.span().entered();
        if missing.is_empty() {
            tracing::info!("nothing is missing");
            return Ok(());
        }
        let started = Instant::now();
        let trained = self.conditions.len() - missing.len();
        let done = AtomicU64::new(trained as u64 * self.plan.epochs());
        observer.event(Event::Started {
            stage: Stage::Train,
            total: self.conditions.len() as u64 * self.plan.epochs(),
            done: done.load(Ordering::Relaxed),
        });
        missing.into_par_iter().try_for_each(|condition| {
            let mut before = 0;
            let mut advanced = |epoch: u64, loss: f64| {
                let done = done.fetch_add(epoch - before, Ordering::Relaxed) + epoch - before;
                before = epoch;
                observer.event(Event::Advanced {
                    stage: Stage::Train,
                    done,
                    detail: &format!("{} run {} loss {loss:.4}", condition.group(), condition.run),
                });
            };
            self.train_one(condition, stop, &mut advanced)
        })?;
        observer.event(Event::Finished {
            stage: Stage::Train,
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    fn train_one(
        &self,
        condition: &BinaryCondition,
        stop: &AtomicBool,
        advanced: &mut dyn FnMut(u64, f64),
    ) -> Result<(), ExperimentError> {
        let failed = |source| ExperimentError::Training {
            condition: condition.id.clone(),
            source,
        };
        let _condition = tracing::info_span!("condition", id = condition.id).entered();
        let network = &self.config.network;
        let spec = spec(network, condition);
        let init = self.streams.binary_init(condition.run);
        let parameters = parameters(&spec, network.initial, init);
        let mut network = Perceptron::new(&spec, &parameters)?;
        let batch = |set: super::stimuli::StimulusSet| set.batch(&spec, condition.target);
        let mut data = DescentData {
            train: batch(self.stimuli.train(condition)?)?,
            validation: batch(self.stimuli.evaluation(condition)?)?,
        };
        let dir = self.dir(condition);
        let hash = self.config.training_hash();
        let context = TrainingContext {
            dir: &dir,
            config_hash: &hash,
            stop,
            snapshot_every: SNAPSHOT_EVERY,
            on_progress: &mut |progress| advanced(progress.step, progress.loss),
        };
        // of networks that wait for a thread, none starts after a stop
        if stop.load(Ordering::Relaxed) {
            return Err(failed(TrainingError::Interrupted {
                step: 0,
                total: self.plan.epochs(),
            }));
        }
        let outcome = descend(&mut network, &mut data, &self.plan, context).map_err(failed)?;
        let mut files: Vec<_> = outcome.checkpoints.into_iter().map(|(_, p)| p).collect();
        files.push(log_path(&dir));
        Proof::of(&hash, &dir, files.iter().map(PathBuf::as_path))?
            .write(&self.training_record(condition))
    }

    /// Whether a network is there as it was trained. Files that are not are
    /// told, set aside and made again.
    fn is_trained(
        &self,
        condition: &BinaryCondition,
        observer: &dyn Observer,
    ) -> Result<bool, ExperimentError> {
        let (record, dir) = (self.training_record(condition), self.dir(condition));
        Proof::holds(&record, &dir, &self.config.training_hash(), observer)
    }
}
