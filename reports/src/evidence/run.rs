use std::collections::BTreeMap;

use super::estimate::{Division, Measure};
use crate::ResultRow;

/// A checkpoint's place in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    pub(crate) step: u64,
    pub(crate) epoch: Option<f64>,
    pub(super) last: bool,
}

/// What an untrained network and its test stimuli are drawn from: conditions of
/// several targets may share one.
pub(super) type Beginning = (Option<u32>, Option<u64>, Option<u64>);

type Place = (String, String);

/// One condition's measurements: scheduled checkpoints in order of steps,
/// and the best on validation beside them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) target: String,
    pub(super) beginning: Beginning,
    scheduled: BTreeMap<u64, (Moment, BTreeMap<Place, Measure>)>,
    best: Option<(Moment, BTreeMap<Place, Measure>)>,
    /// Cross-entropies in nats, by step.
    nats: BTreeMap<u64, BTreeMap<Place, Measure>>,
}

impl Moment {
    fn of(row: &ResultRow) -> Option<Self> {
        Some(Self {
            step: row.step?,
            epoch: row.epoch.filter(|epoch| epoch.is_finite()),
            last: row.checkpoint_role == "last",
        })
    }
}

impl Run {
    pub(super) fn new(row: &ResultRow) -> Self {
        Self {
            target: row.target.clone(),
            beginning: (row.split, row.init_seed.or(row.seed), row.data_seed),
            ..Self::default()
        }
    }

    /// What its stimuli are divided by.
    pub(super) fn division(&self) -> Division {
        let (split, _, data_seed) = self.beginning;
        (split, data_seed)
    }

    /// Takes a row of this condition; of two for the same checkpoint, layer
    /// and feature the first counts.
    pub(super) fn take(&mut self, row: &ResultRow) {
        let Some((moment, measure)) = Moment::of(row).zip(Measure::of(row)) else {
            return;
        };
        let (known, measures) = if row.checkpoint_role == "best_validation" {
            self.best.get_or_insert_with(|| (moment, BTreeMap::new()))
        } else {
            let new = || (moment, BTreeMap::new());
            self.scheduled.entry(moment.step).or_insert_with(new)
        };
        known.last |= moment.last;
        measures
            .entry((row.layer.clone(), row.feature.clone()))
            .or_insert(measure);
    }

    /// Takes a row of a cross-entropy; the first for a place counts.
    pub(super) fn take_nats(&mut self, row: &ResultRow) {
        if let Some((step, measure)) = row.step.zip(Measure::of(row)) {
            let place = (row.layer.clone(), row.feature.clone());
            let of_step = self.nats.entry(step).or_default();
            of_step.entry(place).or_insert(measure);
        }
    }

    /// Cross-entropies in nats before and after training.
    pub(super) fn nats(&self, layer: &str, feature: &str) -> Option<(&Measure, &Measure)> {
        let at = |step: u64| find(self.nats.get(&step)?, layer, feature);
        at(0).zip(at(self.trained_moment()?.step))
    }

    /// The scheduled checkpoints, step 0 among them.
    pub(super) fn moments(&self) -> impl Iterator<Item = Moment> {
        self.scheduled.values().map(|(moment, _)| *moment)
    }

    pub(super) fn at(&self, step: u64, layer: &str, feature: &str) -> Option<&Measure> {
        find(&self.scheduled.get(&step)?.1, layer, feature)
    }

    pub(super) fn untrained(&self, layer: &str, feature: &str) -> Option<&Measure> {
        self.at(0, layer, feature)
    }

    /// Whether it starts from the same network as another run, by what is known of both:
    /// from weights of its own, a network of the same seed is another one.
    pub(super) fn starts_as(&self, other: &Self) -> bool {
        let starts = self.scheduled.get(&0).zip(other.scheduled.get(&0));
        let Some(((_, own), (_, others))) = starts else {
            return false;
        };
        let is_same = |(place, measure)| others.get(place).is_none_or(|other| other == measure);
        self.beginning == other.beginning && own.iter().all(is_same)
    }

    /// The trained network: the last checkpoint by its role, else the latest
    /// after step 0, else the best on validation.
    fn end(&self) -> Option<&(Moment, BTreeMap<Place, Measure>)> {
        let trained = || self.scheduled.values().filter(|(m, _)| m.step > 0);
        trained()
            .rfind(|(moment, _)| moment.last)
            .or_else(|| trained().next_back())
            .or(self.best.as_ref().filter(|(moment, _)| moment.step > 0))
    }

    pub(super) fn trained(&self, layer: &str, feature: &str) -> Option<&Measure> {
        find(&self.end()?.1, layer, feature)
    }

    pub(crate) fn trained_moment(&self) -> Option<Moment> {
        self.end().map(|(moment, _)| *moment)
    }
}

fn find<'a>(
    measures: &'a BTreeMap<Place, Measure>,
    layer: &str,
    feature: &str,
) -> Option<&'a Measure> {
    measures.get(&(layer.to_owned(), feature.to_owned()))
}
