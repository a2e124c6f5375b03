use std::path::PathBuf;

use layerprobe_probes::similarity::{Representation, Resamples};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;

use super::plan::BinaryCondition;
use super::rows::row_of_network;
use super::stimuli::{Stimuli, StimulusSet};
use crate::experiment::ExperimentError;
use crate::experiment::compare::{CompareError, Measures, Side};
use crate::training::descent::DescentCheckpoint;

/// What networks are compared on, and how.
pub(super) struct Shown<'a> {
    /// The stimuli, the same for all networks.
    pub set: &'a StimulusSet,
    pub measures: &'a Measures,
    pub resamples: &'a Resamples,
}

/// A network's file at a moment of its training.
pub(super) struct Snapshot<'a> {
    /// What the run of the network draws.
    pub stimuli: &'a Stimuli<'a>,
    pub condition: &'a BinaryCondition,
    pub checkpoint: PathBuf,
}

impl Shown<'_> {
    /// Hidden layers of a network, counted from 1, ready to be compared.
    ///
    /// # Errors
    /// If the checkpoint cannot be read, a layer does not exist, or a stimulus has no
    /// representation.
    pub fn sides(
        &self,
        of: &Snapshot<'_>,
        layers: &[usize],
    ) -> Result<Vec<Side<'_>>, CompareError> {
        let condition = of.condition;
        let read = DescentCheckpoint::read(&of.checkpoint);
        let DescentCheckpoint { header, network } = read.map_err(ExperimentError::Checkpoint)?;
        let batch = self.set.batch(network.spec(), condition.target);
        let mut batch = batch.map_err(ExperimentError::Perceptron)?;
        network.forward(&mut batch);
        let train = of.stimuli.train(condition);
        let train = train.map_err(ExperimentError::Generator)?;
        let group = match header.epoch {
            0 => "untrained".to_owned(),
            _ => condition.group(),
        };
        let widths = &network.spec().hidden;
        let mut sides = Vec::new();
        for &layer in layers {
            let damaged = |problem: String| ExperimentError::Damaged {
                path: of.checkpoint.clone(),
                problem,
            };
            if layer == 0 || layer > widths.len() {
                return Err(damaged(format!("there is no layer fc{layer}")).into());
            }
            let values = batch.hidden(layer - 1);
            let shape = (self.set.len(), values.len() / self.set.len());
            let activations = ArrayView2::from_shape(shape, &values);
            let activations = activations.map_err(|error| damaged(error.to_string()))?;
            let name = format!("{group}, run {}, fc{layer}", condition.run);
            let Measures {
                metrics, distance, ..
            } = self.measures;
            sides.push(Side {
                row: ResultRow {
                    step: Some(header.epoch),
                    epoch: Some(header.epoch as f64),
                    checkpoint_role: header.role.name().to_owned(),
                    layer: format!("fc{layer}"),
                    dim: Some(shape.1 as u64),
                    probe: "none".to_owned(),
                    n_test: Some(shape.0 as u64),
                    ..row_of_network(of.stimuli.config, condition, &train)
                },
                group: group.clone(),
                kind: condition.kind.clone(),
                representation: Representation::new(
                    &name,
                    activations,
                    metrics,
                    *distance,
                    self.resamples,
                )?,
            });
        }
        Ok(sides)
    }
}
