//! How alike the last hidden layers of networks are.

use std::sync::atomic::AtomicBool;

use layerprobe_probes::similarity::{Distance, Metric, Resamples};

use super::run::Work;
use super::sides::{Shown, Snapshot};
use crate::experiment::compare::{Found, Measures, Watch, compare_sides};
use crate::experiment::{ExperimentError, Observer};
use crate::training::checkpoint_path;

/// By what the networks of every run are compared; the table in the terminal and
/// the claims go by the first.
pub(super) const METRICS: [Metric; 2] = [Metric::RsaPearson, Metric::CkaDebiased];

impl Work<'_> {
    /// Compares every network, at the end of its training and before it, with
    /// every other, on one fresh sample of stimuli.
    ///
    /// The networks of a run start from the same weights, so that the untrained
    /// ones of the first condition stand for all.
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
        let measures = Measures {
            metrics: METRICS.to_vec(),
            distance: Distance::Correlation,
            stimuli: Some(similarity.stimuli),
            resamples: similarity.resamples,
        };
        let shown = Shown {
            set: &self.stimuli.similarity(similarity.stimuli)?,
            measures: &measures,
            resamples: &Resamples::draw(similarity.stimuli, similarity.resamples, key),
        };
        let first = self.conditions.first();
        let untrained = self.conditions.iter().filter(|condition| {
            first.is_some_and(|f| f.target == condition.target && f.easy == condition.easy)
        });
        let untrained = untrained.map(|condition| (condition, 0));
        let epochs = self.plan.epochs();
        let trained = self.conditions.iter().map(|condition| (condition, epochs));
        let last = [self.config.network.widths.len()];
        let mut sides = Vec::new();
        for (condition, epoch) in untrained.chain(trained) {
            let snapshot = Snapshot {
                stimuli: &self.stimuli,
                condition,
                checkpoint: checkpoint_path(&self.dir(condition), epoch),
            };
            sides.extend(shown.sides(&snapshot, &last)?);
        }
        let watch = Watch { stop, observer };
        Ok(compare_sides((&sides, None), &measures, &watch)?)
    }
}
