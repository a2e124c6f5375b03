use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::CheckedDescentPlan;
use super::checkpoint::{DescentHeader, write};
use super::snapshot::{self, State};
use crate::nn::{Perceptron, PerceptronBatch};
use crate::training::artifacts::artifact_name;
use crate::training::checkpoint::CheckpointError;
use crate::training::log::{LogRow, write_log};
use crate::training::{
    Progress, Role, TrainingContext, TrainingError, checkpoint_path, log_path, snapshot_path,
};

/// Steps between two reports of progress.
const REPORTED: u64 = 256;

/// What a perceptron learns from, and what it is judged on.
#[derive(Debug)]
pub struct DescentData {
    /// The examples of every step.
    pub train: PerceptronBatch<f32>,
    /// Others.
    pub validation: PerceptronBatch<f32>,
}

/// What a finished training left.
#[derive(Clone, Debug, PartialEq)]
pub struct DescentOutcome {
    /// Files of the checkpoints, in order of epochs.
    pub checkpoints: Vec<(u64, PathBuf)>,
    /// The rows of `training.csv`.
    pub log: Vec<LogRow>,
    /// blake3 of every file, by its path in the folder.
    pub artifacts: BTreeMap<String, String>,
}

/// Trains a perceptron and leaves in the context's folder
/// `checkpoints/step-000000.safetensors` and so on and `training.csv`, whose
/// accuracies are means over the outputs.
///
/// A training that was stopped or killed is called again in the same way: it
/// goes on from its snapshot and ends with the same bytes in every file. The last
/// snapshot stays: whoever keeps a proof that all is there
/// [removes](crate::training::remove_snapshot) it afterwards. Whether
/// the files that it had written are still what they were,
/// [`damaged`](super::damaged) says.
///
/// # Errors
/// If a file cannot be written, a snapshot belongs to another training or is not
/// what was written, the loss is not finite any more where it is logged, or
/// (`Interrupted`) the stop flag was set.
pub fn descend(
    network: &mut Perceptron<f32>,
    data: &mut DescentData,
    plan: &CheckedDescentPlan,
    context: TrainingContext<'_>,
) -> Result<DescentOutcome, TrainingError> {
    let mut run = Run {
        network,
        data,
        plan,
        context,
        state: State::default(),
        last_snapshot: Instant::now(),
    };
    if !run.take_up()? {
        run.arrive()?;
    }
    while run.state.epoch < plan.epochs {
        run.pause()?;
        run.network.descend(&mut run.data.train, plan.learning_rate);
        run.state.epoch += 1;
        run.arrive()?;
        let epoch = run.state.epoch;
        if epoch.is_multiple_of(REPORTED) || epoch == plan.epochs {
            run.report();
        }
    }
    Ok(run.finish())
}

struct Run<'a, 'c> {
    network: &'a mut Perceptron<f32>,
    data: &'a mut DescentData,
    plan: &'a CheckedDescentPlan,
    context: TrainingContext<'c>,
    state: State,
    last_snapshot: Instant,
}

impl Run<'_, '_> {
    /// Takes up a snapshot, if there is one.
    fn take_up(&mut self) -> Result<bool, TrainingError> {
        let path = snapshot_path(self.context.dir);
        let taken_up = snapshot::take_up(&path, self.context.config_hash, self.network)?;
        let Some(state) = taken_up else {
            return Ok(false);
        };
        // a snapshot is kept only while there are steps to take
        if state.epoch >= self.plan.epochs {
            return Err(TrainingError::Checkpoint(CheckpointError::OtherTraining {
                path,
                what: "epoch",
                found: state.epoch.to_string(),
                expected: format!("below {}", self.plan.epochs),
            }));
        }
        tracing::info!(epoch = state.epoch, "goes on from a snapshot");
        self.state = state;
        Ok(true)
    }

    /// At an epoch's end: logs it and keeps its weights, where that is due.
    fn arrive(&mut self) -> Result<(), TrainingError> {
        let epoch = self.state.epoch;
        if self.plan.logged.binary_search(&epoch).is_ok() {
            self.log(epoch)?;
        }
        if self.plan.checkpoints.binary_search(&epoch).is_ok() {
            self.keep(epoch)?;
        }
        Ok(())
    }

    /// Writes the checkpoint of the epoch in hand, and the log so far.
    fn keep(&mut self, epoch: u64) -> Result<(), TrainingError> {
        let role = match epoch {
            0 => Role::Initial,
            epoch if epoch == self.plan.epochs => Role::Last,
            _ => Role::Scheduled,
        };
        let spec = self.network.spec();
        let header = DescentHeader::new(spec, self.context.config_hash, epoch, role);
        let path = checkpoint_path(self.context.dir, epoch);
        let hash = write(&path, &header, self.network)?;
        self.remember(&path, hash);
        let path = log_path(self.context.dir);
        let hash = write_log(&path, &self.state.rows)?;
        self.remember(&path, hash);
        Ok(())
    }

    fn remember(&mut self, path: &Path, hash: String) {
        let name = artifact_name(self.context.dir, path);
        self.state.artifacts.insert(name, hash);
    }

    fn log(&mut self, epoch: u64) -> Result<(), TrainingError> {
        self.network.forward(&mut self.data.train);
        self.network.forward(&mut self.data.validation);
        let loss = self.data.train.loss();
        if !loss.is_finite() {
            return Err(TrainingError::Diverged { step: epoch, loss });
        }
        let outputs = self.network.spec().outputs;
        let accuracy = |batch: &PerceptronBatch<f32>| {
            let right: usize = (0..outputs).map(|output| batch.right(output)).sum();
            right as f64 / (outputs * batch.len()) as f64
        };
        self.state.rows.push(LogRow {
            step: epoch,
            epoch,
            loss,
            train_accuracy: accuracy(&self.data.train),
            validation_accuracy: accuracy(&self.data.validation),
        });
        Ok(())
    }

    fn report(&mut self) {
        let epoch = self.state.epoch;
        let last = self.state.rows.last();
        (self.context.on_progress)(Progress {
            step: epoch,
            total_steps: self.plan.epochs,
            epoch,
            epochs: self.plan.epochs,
            loss: last.map_or(f64::NAN, |row| row.loss),
        });
    }

    /// Between two steps: keeps a snapshot now and then, and ends if asked to.
    fn pause(&mut self) -> Result<(), TrainingError> {
        let stop = self.context.stop.load(Ordering::Relaxed);
        if stop || self.last_snapshot.elapsed() >= self.context.snapshot_every {
            let path = snapshot_path(self.context.dir);
            let config_hash = self.context.config_hash;
            snapshot::keep(&path, config_hash, &self.state, self.network)?;
            self.last_snapshot = Instant::now();
        }
        match stop {
            false => Ok(()),
            true => Err(TrainingError::Interrupted {
                step: self.state.epoch,
                total: self.plan.epochs,
            }),
        }
    }

    fn finish(self) -> DescentOutcome {
        let path = |&epoch: &u64| (epoch, checkpoint_path(self.context.dir, epoch));
        DescentOutcome {
            checkpoints: self.plan.checkpoints.iter().map(path).collect(),
            log: self.state.rows,
            artifacts: self.state.artifacts,
        }
    }
}
