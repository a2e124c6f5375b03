//! The probe stage: every network that has no proof of being measured.

mod certified;
mod decoding;
mod feature_use;
mod price;
mod sets;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use layerprobe_reports::{ResultRow, read_results, write_results};
use rayon::prelude::*;

use super::identity;
use super::plan::BinaryCondition;
use super::rows::row_of_network;
use super::run::Work;
use crate::experiment::folder::proof::{Proof, hash_file};
use crate::experiment::{Event, ExperimentError, Observer, Stage};
use crate::training::checkpoint_path;
use crate::training::descent::DescentCheckpoint;

use certified::{Certified, failed};
pub(super) use decoding::protocol;
use decoding::{DecodedSet, Decoder, FEATURES};
pub(super) use price::Price;
use sets::Sets;

/// What measures a network.
struct Measures {
    linear: Decoder,
    nonlinear: Option<Decoder>,
    certified: Certified,
}

impl Work<'_> {
    /// Measures what is missing and returns the rows of all networks.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub(super) fn measure(
        &self,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        let mut missing = Vec::new();
        for condition in &self.conditions {
            if !self.is_measured(condition, observer)? {
                missing.push(condition);
            }
        }
        if !missing.is_empty() {
            self.measure_all(&missing, stop, observer)?;
        }
        let mut rows = Vec::new();
        for condition in &self.conditions {
            rows.extend(read_results(self.measures(condition))?);
        }
        Ok(rows)
    }

    fn measure_all(
        &self,
        missing: &[&BinaryCondition],
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let measures = Measures {
            linear: Decoder::linear(self.config)?,
            nonlinear: Decoder::nonlinear(self.config)?,
            certified: Certified::new(self.config)?,
        };
        let _stage = Stage::Probe.span().entered();
        let started = Instant::now();
        let checkpoints = self.plan.checkpoints().len();
        let measured = (self.conditions.len() - missing.len()) * checkpoints;
        let done = AtomicU64::new(measured as u64);
        observer.event(Event::Started {
            stage: Stage::Probe,
            total: (self.conditions.len() * checkpoints) as u64,
            done: measured as u64,
        });
        missing.par_iter().try_for_each(|condition| {
            let advanced = || {
                observer.event(Event::Advanced {
                    stage: Stage::Probe,
                    done: done.fetch_add(1, Ordering::Relaxed) + 1,
                    detail: &format!("{} run {}", condition.group(), condition.run),
                });
            };
            self.measure_one(condition, &measures, stop, &advanced)
        })?;
        observer.event(Event::Finished {
            stage: Stage::Probe,
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    fn measure_one(
        &self,
        condition: &BinaryCondition,
        measures: &Measures,
        stop: &AtomicBool,
        advanced: &dyn Fn(),
    ) -> Result<(), ExperimentError> {
        let sets = Sets::of(&self.stimuli, condition)?;
        let train = self.stimuli.train(condition)?;
        let of_network = row_of_network(self.config, condition, &train);
        let mut rows = Vec::new();
        for &epoch in self.plan.checkpoints() {
            let path = checkpoint_path(&self.dir(condition), epoch);
            let checkpoint = DescentCheckpoint::read(&path)?;
            let here = ResultRow {
                step: Some(epoch),
                epoch: Some(epoch as f64),
                checkpoint_role: checkpoint.header.role.name().to_owned(),
                ..of_network.clone()
            };
            let network = &checkpoint.network;
            rows.extend(feature_use::rows(&here, network, condition, &sets.used)?);
            let decoded = self.decode(&here, &checkpoint, condition, &sets, measures, stop)?;
            rows.extend(decoded);
            advanced();
        }
        let (dir, path) = (self.dir(condition), self.measures(condition));
        write_results(&path, &rows)?;
        let made_from = self.measured_from(condition)?;
        Proof::of(&made_from, &dir, [path.as_path()])?.write(&self.measures_record(condition))
    }

    /// Decoders of one checkpoint: the linear one of the last hidden layer at
    /// all of them, everything of every layer at the first and the last.
    fn decode(
        &self,
        here: &ResultRow,
        checkpoint: &DescentCheckpoint,
        condition: &BinaryCondition,
        sets: &Sets,
        measures: &Measures,
        stop: &AtomicBool,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        let key = self.streams.binary_decoders(condition.run);
        let mut go_on = || match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let epoch = checkpoint.header.epoch;
        let (first, last) = (epoch == 0, epoch == self.plan.epochs());
        let network = &checkpoint.network;
        let layers = network.spec().hidden.len();
        let mut rows = Vec::new();
        let mut decode =
            |decoder: &Decoder, layer: usize, set: &DecodedSet, values: &[f32], count: usize| {
                let here = of_layer(here, layer, values.len() / set.len());
                let (data, tasks) = (set.layer(values)?, set.tasks(count));
                let found = decoder.rows(&here, &data, set.train(), &tasks, key, &mut go_on);
                match found.map_err(|source| failed(&here, source))? {
                    ControlFlow::Continue(found) => rows.extend(found),
                    ControlFlow::Break(()) => return Err(ExperimentError::Interrupted),
                }
                Ok(())
            };
        let set = &sets.decoded;
        let hidden = set.hidden(network)?;
        for (layer, values) in hidden.iter().enumerate() {
            if first || last || layer + 1 == layers {
                decode(&measures.linear, layer, set, values, set.count())?;
            }
        }
        if let (Some(decoder), Some(set), true) = (&measures.nonlinear, &sets.many, last)
            && let Some(values) = set.hidden(network)?.last()
        {
            decode(decoder, layers - 1, set, values, FEATURES.len())?;
        }
        if first || last {
            for (layer, values) in hidden.iter().enumerate() {
                let here = of_layer(here, layer, values.len() / set.len());
                let found = measures.certified.rows(&here, set, values, key)?;
                rows.extend(found);
            }
        }
        Ok(rows)
    }

    /// Whether a network's rows are there as they were measured, of the network
    /// as it is.
    fn is_measured(
        &self,
        condition: &BinaryCondition,
        observer: &dyn Observer,
    ) -> Result<bool, ExperimentError> {
        let (record, dir) = (self.measures_record(condition), self.dir(condition));
        Proof::holds(&record, &dir, &self.measured_from(condition)?, observer)
    }

    /// Identity of a network's measures: how they are taken, and the network.
    fn measured_from(&self, condition: &BinaryCondition) -> Result<String, ExperimentError> {
        let network = hash_file(&self.training_record(condition))?;
        Ok(identity::of_measures(self.config, &network))
    }
}

/// A hidden layer, counted from 0, in its rows.
fn of_layer(here: &ResultRow, layer: usize, dim: usize) -> ResultRow {
    ResultRow {
        layer: format!("fc{}", layer + 1),
        dim: Some(dim as u64),
        ..here.clone()
    }
}
