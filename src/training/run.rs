use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use layerprobe_streams::StreamKey;
use serde::{Deserialize, Serialize};

use super::artifacts::artifact_name;
use super::checkpoint::{Checkpoint, CheckpointError, CheckpointHeader, Role};
use super::log::{LogRow, write_log};
use super::plan::check_batch_norm;
use super::snapshot::{self, State};
use super::{Batches, CheckedTrainingPlan, Trainer, TrainingData, TrainingError, evaluate};
use crate::models::{Network, Workspace};

/// What surrounds a training, without a part in its result.
pub struct TrainingContext<'a> {
    /// The condition's folder; made if it is not there.
    pub dir: &'a Path,
    /// Hash of all that determines the result; kept in every file, and a
    /// snapshot with another one is refused.
    pub config_hash: &'a str,
    /// Set to true, training keeps a snapshot and ends after the current step.
    pub stop: &'a AtomicBool,
    /// How often a snapshot is kept.
    pub snapshot_every: Duration,
    /// Called after each step.
    pub on_progress: &'a mut dyn FnMut(Progress),
}

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// Steps in all.
    pub total_steps: u64,
    /// Epochs done.
    pub epoch: u64,
    /// Epochs in all.
    pub epochs: u64,
    /// Mean loss of the last batch, in nats.
    pub loss: f64,
}

/// The epoch's end with the best accuracy on validation; the first of equals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps taken.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// The accuracy.
    #[serde(with = "super::log::exact")]
    pub accuracy: f64,
}

/// What a finished training left.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingOutcome {
    /// Steps taken.
    pub steps: u64,
    /// The best on validation, kept in `checkpoints/best.safetensors`; none of a
    /// training of no epochs.
    pub best: Option<Best>,
    /// Files of the scheduled checkpoints, in order of steps.
    pub checkpoints: Vec<(u64, PathBuf)>,
    /// The rows of `training.csv`.
    pub log: Vec<LogRow>,
    /// blake3 of every file, by its path in the folder.
    pub artifacts: BTreeMap<String, String>,
}

/// The file of a scheduled checkpoint, within a condition's folder.
pub fn checkpoint_path(dir: &Path, step: u64) -> PathBuf {
    dir.join("checkpoints")
        .join(format!("step-{step:06}.safetensors"))
}

/// The file of the best checkpoint on validation.
pub fn best_path(dir: &Path) -> PathBuf {
    dir.join("checkpoints").join("best.safetensors")
}

/// The log.
pub fn log_path(dir: &Path) -> PathBuf {
    dir.join("training.csv")
}

/// The snapshot of an unfinished training.
pub fn snapshot_path(dir: &Path) -> PathBuf {
    dir.join("resume.safetensors")
}

/// Trains a network and leaves in the context's folder
/// `checkpoints/step-000000.safetensors` and so on, `checkpoints/best.safetensors`
/// and `training.csv`; of no epochs, step 0 alone and an empty log.
///
/// Each epoch goes through the training examples in the order of
/// `order_key.derive("train/shuffle").at(epoch)`; dropout draws from
/// `order_key.derive("train/dropout")`. A training that was stopped
/// or killed is called again in the same way: it goes on from its snapshot,
/// and ends with the same bytes in every file. The last snapshot stays: whoever
/// keeps a proof that all is there [removes](super::remove_snapshot) it afterwards.
///
/// # Errors
/// If data, plan and network do not fit each other, a file cannot be written,
/// a snapshot belongs to another training, the loss is not finite any more, or
/// (`Interrupted`) the stop flag was set.
pub fn train(
    network: &mut Network,
    data: &TrainingData<'_>,
    plan: &CheckedTrainingPlan,
    order_key: StreamKey,
    context: TrainingContext<'_>,
) -> Result<TrainingOutcome, TrainingError> {
    let needed = data.train.len().div_ceil(plan.batch_size) as u64;
    if needed != plan.steps_per_epoch {
        return Err(TrainingError::OtherPlan {
            plan: plan.steps_per_epoch,
            examples: data.train.len(),
            needed,
        });
    }
    if plan.total_steps() > 0 {
        check_batch_norm(
            data.train.len(),
            plan.batch_size,
            network.norm_of_one_pixel(),
        )?;
    }
    for examples in [data.train, data.validation] {
        let classes = network.classes();
        if let Some(&label) = examples.labels().iter().find(|l| **l as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
    }
    let batches = Batches::new(data.store, &data.normalization, network)?;
    let mut run = Run {
        batches: &batches,
        trainer: Trainer::new(
            network,
            plan.optimizer,
            plan.rate,
            order_key.derive("train/dropout"),
        ),
        eval: Workspace::default(),
        last_snapshot: Instant::now(),
        network,
        data,
        plan,
        context,
    };
    let mut state = run.start()?;
    let shuffle = order_key.derive("train/shuffle");
    while state.step < plan.total_steps() {
        run.pause(&state)?;
        run.epoch(&mut state, shuffle)?;
    }
    Ok(run.finish(state))
}

/// A training under way.
struct Run<'a, 'c> {
    network: &'a mut Network,
    data: &'a TrainingData<'a>,
    plan: &'a CheckedTrainingPlan,
    context: TrainingContext<'c>,
    batches: &'a Batches<'a>,
    trainer: Trainer,
    eval: Workspace,
    last_snapshot: Instant,
}

impl Run<'_, '_> {
    /// Takes up a snapshot, or starts with step 0.
    fn start(&mut self) -> Result<State, TrainingError> {
        let taken_up = snapshot::take_up(
            &snapshot_path(self.context.dir),
            self.context.config_hash,
            self.network,
            &mut self.trainer.optimizer,
        )?;
        if let Some(state) = taken_up {
            // a snapshot is kept only while there are steps to take
            if state.step >= self.plan.total_steps() {
                return Err(TrainingError::Checkpoint(CheckpointError::OtherTraining {
                    path: snapshot_path(self.context.dir),
                    what: "step",
                    found: state.step.to_string(),
                    expected: format!("below {}", self.plan.total_steps()),
                }));
            }
            tracing::info!(step = state.step, "goes on from a snapshot");
            return Ok(state);
        }
        tracing::info!("starts with step 0");
        let mut state = State::default();
        self.keep(&mut state)?;
        // of no training nothing is to be told, and looking takes minutes in large networks
        if self.plan.total_steps() > 0 {
            let train = self.evaluate(self.data.train)?;
            let validation = self.evaluate(self.data.validation)?;
            state.rows.push(LogRow {
                step: 0,
                epoch: 0,
                loss: train.loss,
                train_accuracy: train.accuracy,
                validation_accuracy: validation.accuracy,
            });
        }
        self.write_log(&mut state)?;
        Ok(state)
    }

    /// What is left of the current epoch, and its end.
    fn epoch(&mut self, state: &mut State, shuffle: StreamKey) -> Result<(), TrainingError> {
        let epoch = state.step / self.plan.steps_per_epoch;
        let order = shuffle.at(epoch).permutation(self.data.train.len());
        let examples = self.data.train.ordered(&order);
        let done = (state.step % self.plan.steps_per_epoch) as usize * self.plan.batch_size;
        let end = (epoch + 1) * self.plan.steps_per_epoch;

        let batches = self.batches;
        let rest = &examples.indices()[done..];
        batches.for_each(rest, self.plan.batch_size, |batch, start| {
            let labels: Range<usize> = done + start..done + start + batch.len();
            let labels = &examples.labels()[labels];
            let result = self.trainer.step(self.network, batch, labels)?;
            state.step += 1;
            if !result.loss.is_finite() {
                return Err(TrainingError::Diverged {
                    step: state.step,
                    loss: result.loss,
                });
            }
            state.loss_sum += result.loss * labels.len() as f64;
            state.correct += result.correct as u64;
            if self
                .plan
                .checkpoint_steps
                .binary_search(&state.step)
                .is_ok()
            {
                self.keep(state)?;
            }
            (self.context.on_progress)(Progress {
                step: state.step,
                total_steps: self.plan.total_steps(),
                epoch: state.step / self.plan.steps_per_epoch,
                epochs: self.plan.epochs,
                loss: result.loss,
            });
            if state.step < end {
                self.pause(state)?;
            }
            Ok(())
        })?;
        self.end_of_epoch(state, epoch + 1)
    }

    /// Measures, logs, and keeps the weights if they are the best so far.
    fn end_of_epoch(&mut self, state: &mut State, epoch: u64) -> Result<(), TrainingError> {
        let n = self.data.train.len() as f64;
        let validation = self.evaluate(self.data.validation)?;
        // an epoch's last step may ruin the weights behind its own loss
        if !validation.loss.is_finite() {
            return Err(TrainingError::Diverged {
                step: state.step,
                loss: validation.loss,
            });
        }
        let accuracy = validation.accuracy;
        state.rows.push(LogRow {
            step: state.step,
            epoch,
            loss: state.loss_sum / n,
            train_accuracy: state.correct as f64 / n,
            validation_accuracy: accuracy,
        });
        state.loss_sum = 0.0;
        state.correct = 0;
        if state.best.is_none_or(|best| accuracy > best.accuracy) {
            state.best = Some(Best {
                step: state.step,
                epoch,
                accuracy,
            });
            let header = self.header(state.step, Role::BestValidation);
            let path = best_path(self.context.dir);
            let hash = Checkpoint::write(&path, &header, self.network)?;
            self.remember(state, &path, hash);
        }
        self.write_log(state)
    }

    fn write_log(&self, state: &mut State) -> Result<(), TrainingError> {
        let path = log_path(self.context.dir);
        let hash = write_log(&path, &state.rows)?;
        self.remember(state, &path, hash);
        Ok(())
    }

    fn remember(&self, state: &mut State, path: &Path, hash: String) {
        let name = artifact_name(self.context.dir, path);
        state.artifacts.insert(name, hash);
    }

    /// Between two steps: keeps a snapshot now and then, and ends if asked to.
    fn pause(&mut self, state: &State) -> Result<(), TrainingError> {
        let stop = self.context.stop.load(Ordering::Relaxed);
        if stop || self.last_snapshot.elapsed() >= self.context.snapshot_every {
            snapshot::write(
                &snapshot_path(self.context.dir),
                self.context.config_hash,
                state,
                self.network,
                &self.trainer.optimizer,
            )?;
            self.last_snapshot = Instant::now();
            tracing::info!(step = state.step, stop, "keeps a snapshot");
        }
        if stop {
            return Err(TrainingError::Interrupted {
                step: state.step,
                total: self.plan.total_steps(),
            });
        }
        Ok(())
    }

    /// Writes the scheduled checkpoint of the step in hand.
    fn keep(&self, state: &mut State) -> Result<(), TrainingError> {
        let step = state.step;
        let role = match step {
            0 => Role::Initial,
            step if step == self.plan.total_steps() => Role::Last,
            _ => Role::Scheduled,
        };
        let path = checkpoint_path(self.context.dir, step);
        let hash = Checkpoint::write(&path, &self.header(step, role), self.network)?;
        self.remember(state, &path, hash);
        Ok(())
    }

    fn header(&self, step: u64, role: Role) -> CheckpointHeader {
        let names = self.network.layer_names().into_iter();
        CheckpointHeader {
            arch: self.network.arch(),
            channels: self.network.design().channels,
            classes: self.network.classes(),
            config_hash: self.context.config_hash.to_owned(),
            epoch: step as f64 / self.plan.steps_per_epoch as f64,
            image_size: self.network.image_size(),
            layers: names.map(str::to_owned).collect(),
            normalization: self.data.normalization,
            options: self.network.design().options.clone(),
            role,
            step,
        }
    }

    fn evaluate(&mut self, examples: &super::Examples) -> Result<super::Evaluation, TrainingError> {
        evaluate(
            self.network,
            &mut self.eval,
            self.batches,
            examples,
            self.plan.batch_size,
        )
    }

    fn finish(self, state: State) -> TrainingOutcome {
        let steps = self.plan.checkpoint_steps.iter();
        TrainingOutcome {
            steps: state.step,
            best: state.best,
            checkpoints: steps
                .map(|&step| (step, checkpoint_path(self.context.dir, step)))
                .collect(),
            log: state.rows,
            artifacts: state.artifacts,
        }
    }
}
