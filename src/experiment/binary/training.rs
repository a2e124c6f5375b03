//! The train stage: every network that has no proof of being complete, several
//! at a time, one a thread.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::identity;
use super::initial::{parameters, spec};
use super::plan::BinaryCondition;
use super::run::{Work, dir_in};
use crate::experiment::folder::proof::{Proof, start_over};
use crate::experiment::{Event, ExperimentError, Observer, Stage};
use crate::nn::Perceptron;
use crate::training::descent::{DescentData, damaged, descend};
use crate::training::{TrainingContext, TrainingError, log_path, read_log, remove_snapshot};

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
        let hash = identity::of_training(self.config);
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
        let proof = Proof {
            made_from: hash,
            artifacts: outcome.artifacts,
        };
        proof.write(&self.training_record(condition))?;
        remove_snapshot(&dir).map_err(failed)
    }

    /// Whether a network is there as it was trained. Files that are not are
    /// told, set aside and made again; what an unfinished training left is checked
    /// as well.
    fn is_trained(
        &self,
        condition: &BinaryCondition,
        observer: &dyn Observer,
    ) -> Result<bool, ExperimentError> {
        let (record, dir) = (self.training_record(condition), self.dir(condition));
        let made_from = identity::of_training(self.config);
        if Proof::holds(&record, &dir, &made_from, observer)? {
            // a training that was killed once it had its proof leaves it
            remove_snapshot(&dir).map_err(|source| ExperimentError::Training {
                condition: condition.id.clone(),
                source,
            })?;
            return Ok(true);
        }
        self.set_damage_aside(condition, observer)?;
        Ok(false)
    }

    /// Where an unfinished training left what is not what it was, it starts over.
    fn set_damage_aside(
        &self,
        condition: &BinaryCondition,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let dir = self.dir(condition);
        let damaged = damaged(&dir).map_err(|source| ExperimentError::Training {
            condition: condition.id.clone(),
            source,
        })?;
        start_over(&condition.id, &dir, &damaged, observer)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;

    use super::*;
    use crate::config::BinaryConfig;
    use crate::experiment::Silent;
    use crate::experiment::binary::plan::descent;
    use crate::experiment::binary::run::streams;
    use crate::experiment::folder::layout::RunFolder;
    use crate::experiment::folder::opening::WhenHeld;

    /// Keeps the warnings, and asks to stop once training has come so far.
    struct Heard {
        stop: AtomicBool,
        at: u64,
        warnings: Mutex<Vec<String>>,
    }

    impl Heard {
        fn stopping_at(at: u64) -> Self {
            Self {
                stop: AtomicBool::new(false),
                at,
                warnings: Mutex::default(),
            }
        }
    }

    impl Observer for Heard {
        fn event(&self, event: Event<'_>) {
            match event {
                Event::Advanced { done, .. } if done >= self.at => {
                    self.stop.store(true, Ordering::Relaxed);
                }
                Event::Warning(text) => self.warnings.lock().unwrap().push(text.to_owned()),
                _ => {}
            }
        }
    }

    /// A training of one network that is stopped in between, and goes on after a
    /// file that it left was altered: what was warned of, and the proof of it.
    fn stopped_and_altered(file: &str, alter: fn(&mut Vec<u8>)) -> (Vec<String>, Proof) {
        let settings = [
            "training.targets=[\"label\"]",
            "stimuli.easy_predictivity=[0.5]",
            "training.runs=1",
            "training.epochs=600",
        ];
        let settings = settings.map(str::to_owned);
        let config = BinaryConfig::load("binary-smoke", &settings).unwrap();
        let (root, never) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
        let toml = config.to_toml();
        let folder = RunFolder::open(root.path(), &toml, WhenHeld::Stop, &never, &Silent).unwrap();
        let streams = streams(&config);
        let work = Work::new(&config, descent(&config).unwrap(), &folder, &streams);
        let condition = &work.conditions[0];

        let stopped = Heard::stopping_at(256);
        let error = work.train(&stopped.stop, &stopped).unwrap_err();
        assert!(error.is_interruption(), "{error}");
        let path = work.dir(condition).join(file);
        let mut bytes = fs::read(&path).unwrap();
        alter(&mut bytes);
        fs::write(&path, bytes).unwrap();

        let heard = Heard::stopping_at(u64::MAX);
        work.train(&heard.stop, &heard).unwrap();
        assert!(work.is_trained(condition, &Silent).unwrap(), "{file}");
        let proof = Proof::read(&work.training_record(condition)).unwrap();
        (heard.warnings.into_inner().unwrap(), proof)
    }

    #[test]
    fn a_training_starts_over_where_what_it_had_left_was_altered() {
        let (warnings, whole) = stopped_and_altered("resume.safetensors", |_| {});
        assert!(warnings.is_empty(), "{warnings:?}");
        let flip: fn(&mut Vec<u8>) = |bytes| *bytes.last_mut().unwrap() ^= 1;
        let cut: fn(&mut Vec<u8>) = |bytes| bytes.truncate(bytes.len() / 2);
        for (file, alter) in [
            ("resume.safetensors", flip),
            ("resume.safetensors", cut),
            ("checkpoints/step-000000.safetensors", flip),
            ("checkpoints/step-000100.safetensors", cut),
        ] {
            let (warnings, proof) = stopped_and_altered(file, alter);
            let aside = file.rsplit('/').next().unwrap().to_owned() + ".damaged";
            assert_eq!(warnings.len(), 1, "{file}: {warnings:?}");
            assert!(warnings[0].contains(&aside), "{file}: {warnings:?}");
            assert_eq!(proof, whole, "{file}");
        }
    }
}
