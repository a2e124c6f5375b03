//! What measuring a network takes, from doing a little of it.

use std::ops::ControlFlow;
use std::time::Instant;

use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;

use super::certified::{Certified, failed};
use super::decoding::{DecodedSet, Decoder, FEATURES};
use super::sets::Sets;
use crate::config::{BinaryConfig, BinaryDecoding};
use crate::experiment::ExperimentError;
use crate::experiment::binary::plan::BinaryCondition;
use crate::experiment::binary::stimuli::Stimuli;
use crate::nn::Perceptron;

/// Epochs of the decoders that are timed: enough that what is around them is little.
const LINEAR: usize = 100;
const NONLINEAR: usize = 10;

/// Seconds of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::experiment::binary) struct Price {
    /// Linear decoders of the last hidden layer: what a checkpoint on the way takes.
    pub last_layer: f64,
    /// Linear decoders and certified probes of all layers: what either end takes.
    pub all_layers: f64,
    /// Nonlinear decoders, of networks that get them.
    pub nonlinear: f64,
}

impl Price {
    /// Measures a network that was not trained. Takes a second or so.
    ///
    /// # Errors
    /// If something cannot be decoded.
    pub fn measured(
        stimuli: &Stimuli<'_>,
        condition: &BinaryCondition,
        network: &Perceptron<f32>,
    ) -> Result<Self, ExperimentError> {
        let config = stimuli.config;
        let (linear, nonlinear) = (config.decoding.epochs, config.decoding.nonlinear_epochs);
        let little = BinaryConfig {
            decoding: BinaryDecoding {
                epochs: linear.min(LINEAR),
                nonlinear_epochs: nonlinear.min(NONLINEAR),
                ..config.decoding.clone()
            },
            ..config.clone()
        };
        let sets = Sets::of(stimuli, condition)?;
        let decoder = Decoder::linear(&little)?;
        let certified = Certified::new(&little)?;
        let (here, key) = (ResultRow::default(), stimuli.streams.binary_decoders(0));
        let times = |all: usize, some: usize| all as f64 / some.max(1) as f64;
        let set = &sets.decoded;
        let mut price = Self::default();
        for values in set.hidden(network)? {
            let decoded = timed(|| decode(&decoder, set, &values, set.count(), key))?;
            price.last_layer = decoded * times(linear, LINEAR.min(linear));
            let proven = timed(|| certified.rows(&here, set, &values, key).map(|_| ()))?;
            price.all_layers += price.last_layer + proven;
        }
        if let (Some(decoder), Some(set)) = (Decoder::nonlinear(&little)?, &sets.many)
            && let Some(values) = set.hidden(network)?.last()
        {
            let decoded = timed(|| decode(&decoder, set, values, FEATURES.len(), key))?;
            price.nonlinear = decoded * times(nonlinear, NONLINEAR.min(nonlinear));
        }
        Ok(price)
    }
}

fn decode(
    decoder: &Decoder,
    set: &DecodedSet,
    values: &[f32],
    count: usize,
    key: StreamKey,
) -> Result<(), ExperimentError> {
    let here = ResultRow::default();
    let (data, tasks) = (set.layer(values)?, set.tasks(count));
    let mut go_on = || ControlFlow::Continue(());
    let found = decoder.rows(&here, &data, set.train(), &tasks, key, &mut go_on);
    found.map_err(|source| failed(&here, source)).map(|_| ())
}

fn timed(work: impl FnOnce() -> Result<(), ExperimentError>) -> Result<f64, ExperimentError> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64())
}
