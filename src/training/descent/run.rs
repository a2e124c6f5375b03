use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::CheckedDescentPlan;
use super::checkpoint::{DescentHeader, network_of, write};
use crate::nn::{Perceptron, PerceptronBatch};
use crate::training::checkpoint::{CheckpointError, parse};
use crate::training::log::{LogRow, write_log};
use crate::training::{
    Progress, Role, TrainingContext, TrainingError, checkpoint_path, log_path, snapshot,
    snapshot_path,
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
}

/// What a snapshot says of itself, beside the weights.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    config_hash: String,
    epoch: u64,
    rows: Vec<LogRow>,
}

/// Trains a perceptron and leaves in the context's folder
/// `checkpoints/step-000000.safetensors` and so on and `training.csv`, whose
/// accuracies are means over the outputs.
///
/// A training that was stopped or killed is called again in the same way: it
/// goes on from its snapshot and ends with the same bytes in every file.
///
/// # Errors
/// If a file cannot be written, a snapshot belongs to another training, the
/// loss is not finite any more where it is logged, or (`Interrupted`) the stop
/// flag was set.
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
        rows: Vec::new(),
        last_snapshot: Instant::now(),
    };
    let mut epoch = match run.take_up()? {
        Some(epoch) => epoch,
        None => {
            run.arrive(0)?;
            0
        }
    };
    while epoch < plan.epochs {
        run.pause(epoch)?;
        run.network.descend(&mut run.data.train, plan.learning_rate);
        epoch += 1;
        run.arrive(epoch)?;
        if epoch % REPORTED == 0 || epoch == plan.epochs {
            run.report(epoch);
        }
    }
    run.finish()
}

struct Run<'a, 'c> {
    network: &'a mut Perceptron<f32>,
    data: &'a mut DescentData,
    plan: &'a CheckedDescentPlan,
    context: TrainingContext<'c>,
    rows: Vec<LogRow>,
    last_snapshot: Instant,
}

impl Run<'_, '_> {
    /// Takes up a snapshot, if there is one.
    fn take_up(&mut self) -> Result<Option<u64>, TrainingError> {
        let path = snapshot_path(self.context.dir);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CheckpointError::Read { path, source }.into()),
        };
        let (header, tensors): (Snapshot, _) = parse(&bytes, &path)?;
        let differs = |what, found, expected| CheckpointError::OtherTraining {
            path: path.clone(),
            what,
            found,
            expected,
        };
        if header.config_hash != self.context.config_hash {
            let expected = self.context.config_hash.to_owned();
            return Err(differs("config hash", header.config_hash, expected).into());
        }
        // a snapshot is kept only while there are steps to take
        if header.epoch >= self.plan.epochs {
            let expected = format!("below {}", self.plan.epochs);
            return Err(differs("epoch", header.epoch.to_string(), expected).into());
        }
        tracing::info!(epoch = header.epoch, "goes on from a snapshot");
        *self.network = network_of(self.network.spec(), tensors, &path)?;
        self.rows = header.rows;
        Ok(Some(header.epoch))
    }

    /// At an epoch's end: logs it and keeps its weights, where that is due.
    fn arrive(&mut self, epoch: u64) -> Result<(), TrainingError> {
        if self.plan.logged.binary_search(&epoch).is_ok() {
            self.log(epoch)?;
        }
        if self.plan.checkpoints.binary_search(&epoch).is_ok() {
            let role = match epoch {
                0 => Role::Initial,
                epoch if epoch == self.plan.epochs => Role::Last,
                _ => Role::Scheduled,
            };
            let spec = self.network.spec();
            let header = DescentHeader::new(spec, self.context.config_hash, epoch, role);
            write(
                &checkpoint_path(self.context.dir, epoch),
                &header,
                self.network,
            )?;
            write_log(&log_path(self.context.dir), &self.rows)?;
        }
        Ok(())
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
        self.rows.push(LogRow {
            step: epoch,
            epoch,
            loss,
            train_accuracy: accuracy(&self.data.train),
            validation_accuracy: accuracy(&self.data.validation),
        });
        Ok(())
    }

    fn report(&mut self, epoch: u64) {
        let last = self.rows.last();
        (self.context.on_progress)(Progress {
            step: epoch,
            total_steps: self.plan.epochs,
            epoch,
            epochs: self.plan.epochs,
            loss: last.map_or(f64::NAN, |row| row.loss),
        });
    }

    /// Between two steps: keeps a snapshot now and then, and ends if asked to.
    fn pause(&mut self, epoch: u64) -> Result<(), TrainingError> {
        let stop = self.context.stop.load(Ordering::Relaxed);
        if stop || self.last_snapshot.elapsed() >= self.context.snapshot_every {
            let header = Snapshot {
                config_hash: self.context.config_hash.to_owned(),
                epoch,
                rows: self.rows.clone(),
            };
            write(&snapshot_path(self.context.dir), &header, self.network)?;
            self.last_snapshot = Instant::now();
        }
        match stop {
            false => Ok(()),
            true => Err(TrainingError::Interrupted {
                step: epoch,
                total: self.plan.epochs,
            }),
        }
    }

    /// All is written: the snapshot goes.
    fn finish(self) -> Result<DescentOutcome, TrainingError> {
        snapshot::remove_snapshot(self.context.dir)?;
        let path = |&epoch: &u64| (epoch, checkpoint_path(self.context.dir, epoch));
        Ok(DescentOutcome {
            checkpoints: self.plan.checkpoints.iter().map(path).collect(),
            log: self.rows,
        })
    }
}
