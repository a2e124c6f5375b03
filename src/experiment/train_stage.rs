//! The train stage: every condition that has no proof of being complete.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::models::Network;
use crate::training::{
    Examples, Normalization, TrainingContext, TrainingData, TrainingError, damaged,
    remove_snapshot, train,
};

use super::design::condition::{Condition, Planned};
use super::design::identity;
use super::design::stimuli::{ExperimentStimuli, Rendered, Version};
use super::design::streams::Streams;
use super::error::ExperimentError;
use super::events::{Event, Observer, Stage};
use super::folder::layout::RunFolder;
use super::folder::proof::{Proof, start_over};
use super::store::{Asked, Patience, Shelf, Store};

/// Everything the stage works with.
pub struct TrainStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub planned: &'a [Planned<'a>],
    /// How often a snapshot is kept.
    pub snapshot_every: Duration,
    /// Where trained networks are shared, if they are.
    pub store: Option<&'a Store>,
}

/// What a training is called in a store, and where.
const KIND: &str = "training";
const NAME: &str = "network";

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
        let mut missing = VecDeque::new();
        let (mut total, mut done) = (0, 0);
        for planned in self.planned {
            total += planned.training.total_steps();
            if self.is_complete(&planned.condition, observer)? {
                done += planned.training.total_steps();
            } else {
                missing.push_back((planned, Patience::Later));
            }
        }
        let _stage = Stage::Train.span().entered();
        if missing.is_empty() {
            tracing::info!(total, "nothing is missing");
            return Ok(());
        }
        let started = Instant::now();
        observer.event(Event::Started {
            stage: Stage::Train,
            total,
            done,
        });
        while let Some((planned, patience)) = missing.pop_front() {
            // a network that is not trained has no steps between which to look
            if planned.training.total_steps() == 0 && stop.load(Ordering::SeqCst) {
                return Err(ExperimentError::Interrupted);
            }
            let target = &planned.condition.target;
            match self.ask(&planned.condition, patience, stop, observer)? {
                Asked::Busy => {
                    missing.push_back((planned, Patience::Wait));
                    continue;
                }
                Asked::Taken => observer.event(Event::Advanced {
                    stage: Stage::Train,
                    done: done + planned.training.total_steps(),
                    detail: &format!("{target} from the store"),
                }),
                Asked::Missing(claim) => {
                    let images = images(planned.version)?;
                    let mut advanced = |step: u64, loss: f64| {
                        observer.event(Event::Advanced {
                            stage: Stage::Train,
                            done: done + step,
                            detail: &format!("{target} loss {loss:.3}"),
                        });
                    };
                    let proof = self.train(planned, &images, stop, &mut advanced)?;
                    if let Some(claim) = claim {
                        let dir = self.folder.condition(&planned.condition);
                        let names = proof.artifacts.keys();
                        let files: Vec<_> = names.map(|n| (n.clone(), dir.join(n))).collect();
                        claim.publish(NAME, (&proof, &dir), &files, observer);
                    }
                }
            }
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
    ) -> Result<Proof, ExperimentError> {
        let Planned {
            condition,
            version,
            training,
        } = planned;
        let _condition = condition.span().entered();
        let started = Instant::now();
        let failed = failed(condition);
        let classes = version.hold_outs.kept(condition.target_index).len();
        let design = self
            .config
            .network
            .design(self.config.stimuli.image_size(), classes);
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
        let train_examples = examples(&split.train).map_err(&failed)?;
        let validation = split.validation.get(condition.target_index);
        let validation = examples(validation.map_or(&[][..], Vec::as_slice)).map_err(&failed)?;
        let data = TrainingData {
            store: &images.images,
            normalization: Normalization::of(&images.images, train_examples.indices()),
            train: &train_examples,
            validation: &validation,
        };
        let dir = self.folder.condition(condition);
        let hash = identity::of_training(self.config, condition);
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
        .map_err(&failed)?;
        let seconds = started.elapsed().as_secs_f64();
        let proof = Proof {
            made_from: hash,
            artifacts: outcome.artifacts,
        };
        let record = self.folder.training_record(condition);
        self.folder.taken().remember(&record, None)?;
        proof.write(&record)?;
        remove_snapshot(&dir).map_err(&failed)?;
        // one that was taken over meanwhile has not got here
        tracing::info!(steps = outcome.steps, seconds, "trained");
        Ok(proof)
    }

    /// Takes a trained network from the store, or else the right to put it there.
    fn ask(
        &self,
        condition: &Condition,
        patience: Patience,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Asked, ExperimentError> {
        let Some(store) = self.store else {
            return Ok(Asked::Missing(None));
        };
        let made_from = identity::of_training(self.config, condition);
        let shelf = store.shelf(KIND, &made_from);
        let take = || self.take(condition, &shelf, &made_from);
        shelf.ask((NAME, &made_from), patience, (stop, observer), take)
    }

    fn take(
        &self,
        condition: &Condition,
        shelf: &Shelf,
        made_from: &str,
    ) -> Result<bool, ExperimentError> {
        let dir = self.folder.condition(condition);
        let Some(proof) = shelf.take(NAME, made_from, |file| Some(dir.join(file)))? else {
            return Ok(false);
        };
        let record = self.folder.training_record(condition);
        let place = shelf.place(NAME);
        self.folder.taken().remember(&record, Some(&place))?;
        proof.write(&record)?;
        // of an own training that had begun
        remove_snapshot(&dir).map_err(failed(condition))?;
        Ok(true)
    }

    /// Whether a condition is trained. What an unfinished training left is
    /// checked as well: it starts over where that is damaged.
    fn is_complete(
        &self,
        condition: &Condition,
        observer: &dyn Observer,
    ) -> Result<bool, ExperimentError> {
        let path = self.folder.training_record(condition);
        let dir = self.folder.condition(condition);
        let made_from = identity::of_training(self.config, condition);
        if Proof::holds(&path, &dir, &made_from, observer)? {
            // a training that was killed once it had its proof leaves it
            remove_snapshot(&dir).map_err(failed(condition))?;
            return Ok(true);
        }
        let damaged = damaged(&dir).map_err(failed(condition))?;
        start_over(&condition.id, &dir, &damaged, observer)?;
        Ok(false)
    }
}

fn failed(condition: &Condition) -> impl Fn(TrainingError) -> ExperimentError + use<> {
    let condition = condition.id.clone();
    move |source| ExperimentError::Training {
        condition: condition.clone(),
        source,
    }
}
