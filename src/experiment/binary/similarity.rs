//! How alike the last hidden layers of networks are.

use std::sync::atomic::AtomicBool;

use layerprobe_probes::similarity::{Distance, Metric, Representation, Resamples};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;

use super::plan::BinaryCondition;
use super::rows::row_of_network;
use super::run::Work;
use crate::experiment::compare::{CompareError, Found, Measures, Side, Watch, compare_sides};
use crate::experiment::{ExperimentError, Observer};
use crate::training::checkpoint_path;
use crate::training::descent::DescentCheckpoint;

impl Work<'_> {
    /// Compares every network, at the end of its training and before it, with
    /// every other, on one fresh sample of stimuli.
    ///
    /// The networks of a run start from the same weights, so that the untrained
    /// ones of the first single-task condition stand for all.
    ///
    /// # Errors
    /// If a checkpoint cannot be read, or a similarity is undefined.
    pub(super) fn compare(
        &self,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Found, ExperimentError> {
        let similarity = &self.config.similarity;
        let key = self.streams.similarity_bootstrap();
        let resamples = Resamples::draw(similarity.stimuli, similarity.resamples, key);
        let measures = Measures {
            metrics: vec![Metric::RsaPearson],
            distance: Distance::Correlation,
            stimuli: Some(similarity.stimuli),
            resamples: similarity.resamples,
        };
        let first = self.conditions.first();
        let untrained = self.conditions.iter().filter(|condition| {
            first.is_some_and(|f| f.target == condition.target && f.easy == condition.easy)
        });
        let mut sides = Vec::new();
        for condition in untrained {
            sides.push(self.side(condition, 0, &resamples)?);
        }
        for condition in &self.conditions {
            sides.push(self.side(condition, self.plan.epochs(), &resamples)?);
        }
        let watch = Watch { stop, observer };
        let found = compare_sides(
            (&sides, None),
            &measures,
            self.streams.similarity_runs(),
            &watch,
        );
        Ok(found?)
    }

    fn side<'a>(
        &self,
        condition: &BinaryCondition,
        epoch: u64,
        resamples: &'a Resamples,
    ) -> Result<Side<'a>, ExperimentError> {
        let path = checkpoint_path(&self.dir(condition), epoch);
        let DescentCheckpoint { header, network } = DescentCheckpoint::read(&path)?;
        let stimuli = self.stimuli.similarity()?;
        let mut batch = stimuli.batch(network.spec(), condition.target)?;
        network.forward(&mut batch);
        let layer = network.spec().hidden.len();
        let values = batch.hidden(layer - 1);
        let shape = (stimuli.len(), values.len() / stimuli.len());
        let values = ArrayView2::from_shape(shape, &values);
        let values = values.map_err(|error| ExperimentError::Damaged {
            path,
            problem: error.to_string(),
        })?;
        let train = self.stimuli.train(condition)?;
        let group = match epoch {
            0 => "untrained".to_owned(),
            _ => condition.group(),
        };
        let row = ResultRow {
            step: Some(epoch),
            epoch: Some(epoch as f64),
            checkpoint_role: header.role.name().to_owned(),
            layer: format!("fc{layer}"),
            dim: Some(shape.1 as u64),
            probe: "none".to_owned(),
            n_test: Some(shape.0 as u64),
            ..row_of_network(self.config, condition, &train)
        };
        let name = format!("{group}, run {}", condition.run);
        let representation = Representation::new(
            &name,
            values,
            &[Metric::RsaPearson],
            Distance::Correlation,
            resamples,
        );
        Ok(Side {
            row,
            group,
            kind: condition.kind.clone(),
            representation: representation.map_err(CompareError::from)?,
        })
    }
}
