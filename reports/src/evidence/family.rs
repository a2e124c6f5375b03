use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Baseline;
use super::estimate::Estimate;
use super::quantity::Quantity;
use super::run::{Moment, Run};
use crate::ResultRow;

/// What must agree for numbers to be put side by side: rows that differ in
/// one of these are never averaged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FamilyKey(pub(super) Vec<(&'static str, String)>);

impl FamilyKey {
    /// The parts that are choices of the protocol, not of what was run.
    const CHOICES: [&'static str; 3] = ["protocol", "tested on", "chosen by"];

    /// The key without what is a choice of the protocol.
    pub(super) fn apart_from_choices(&self) -> Vec<(&'static str, String)> {
        let parts = self.0.iter();
        parts
            .filter(|(name, _)| !Self::CHOICES.contains(name))
            .map(|(name, value)| match *name {
                "variant" => (*name, without_scaling(value)),
                _ => (*name, value.clone()),
            })
            .collect()
    }

    /// The parts that say what is to be told apart, which chance hangs on.
    pub(super) fn task(&self) -> Vec<(&'static str, String)> {
        const OF_TASK: [&str; 4] = ["dataset", "correlated", "predictivity", "variant"];
        let mut parts = self.apart_from_choices();
        parts.retain(|(name, _)| OF_TASK.contains(name));
        parts
    }

    /// The key without what chose the penalty.
    pub(super) fn without_selection(&self) -> &[(&'static str, String)] {
        self.0.split_last().map_or(&[], |(_, rest)| rest)
    }

    pub(super) fn of(row: &ResultRow) -> Self {
        let predictivity = row.predictivity.map(|p| p.to_string()).unwrap_or_default();
        Self(vec![
            ("dataset", row.dataset.clone()),
            ("network", row.arch.clone()),
            ("correlated", row.correlated.clone()),
            ("predictivity", predictivity),
            ("variant", row.variant.clone()),
            ("protocol", row.protocol.clone()),
            ("tested on", row.split_kind.clone()),
            ("view", row.view.clone()),
            ("chosen by", row.selected_by.clone()),
        ])
    }

    /// Whether the probes were chosen on the stimuli they are tested on.
    pub(super) fn is_upper_bound(&self) -> bool {
        let mut parts = self.0.iter();
        parts.any(|(name, value)| *name == "chosen by" && value == "tested_stimuli")
    }
}

/// What a sweep varied beside the scaling of activations, of which the protocol
/// tells as well.
fn without_scaling(variant: &str) -> String {
    let settings = variant.split("; ");
    let others = settings.filter(|setting| !setting.starts_with("probes.scaling="));
    others.collect::<Vec<_>>().join("; ")
}

/// From this accuracy on, a feature is at the ceiling.
pub(crate) const CEILING: f64 = 0.99;

/// A point of a curve over training, over the runs of a target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CurvePoint {
    /// Mean step of the runs' checkpoints (the same for all, as a rule).
    pub(crate) step: f64,
    pub(crate) estimate: Estimate,
}

/// Runs that may be put side by side: one dataset, network and protocol.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) quantity: Quantity,
    pub(super) key: FamilyKey,
    /// What all its rows have in common.
    pub(super) common: ResultRow,
    /// What tells this family from the others of a report, in words; empty
    /// for the only one.
    pub(crate) label: String,
    pub(crate) layers: Vec<String>,
    pub(crate) features: Vec<String>,
    pub(crate) targets: Vec<String>,
    /// What can be decoded without any network.
    pub(crate) baselines: Vec<Baseline>,
    pub(super) runs: BTreeMap<String, Run>,
}

impl Family {
    fn of_target<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Run> {
        self.runs.values().filter(move |run| run.target == target)
    }

    /// The number of runs of a target.
    pub(crate) fn n(&self, target: &str) -> usize {
        self.of_target(target).count()
    }

    /// The smallest and the largest number of runs over the targets.
    pub(crate) fn n_range(&self) -> (usize, usize) {
        let counts = || self.targets.iter().map(|target| self.n(target));
        // runs without a target are those of untrained networks alone
        let all = self.runs.len();
        (counts().min().unwrap_or(all), counts().max().unwrap_or(all))
    }

    /// "1 run", "5 runs" or "3 to 5 runs" a target.
    pub(crate) fn n_words(&self) -> String {
        match self.n_range() {
            (1, 1) => "1 run".to_owned(),
            (low, high) if low == high => format!("{high} runs"),
            (low, high) => format!("{low} to {high} runs"),
        }
    }

    /// Decodability before training. A network that several targets start from is
    /// counted once.
    pub(crate) fn untrained(&self, layer: &str, feature: &str) -> Option<Estimate> {
        let mut seen: Vec<&Run> = Vec::new();
        let measures: Vec<_> = self
            .runs
            .values()
            .filter_map(|run| Some((run, run.untrained(layer, feature)?)))
            .filter(|(run, _)| {
                let is_new = !seen.iter().any(|other| run.starts_as(other));
                seen.extend(is_new.then_some(*run));
                is_new
            })
            .map(|(run, measure)| (run.division(), measure))
            .collect();
        Estimate::over(&measures, self.quantity.bounds())
    }

    /// Decodability after training on `target`.
    pub(crate) fn trained(&self, target: &str, layer: &str, feature: &str) -> Option<Estimate> {
        let measures: Vec<_> = self
            .of_target(target)
            .filter_map(|run| Some((run.division(), run.trained(layer, feature)?)))
            .collect();
        Estimate::over(&measures, self.quantity.bounds())
    }

    /// Trained minus untrained, paired within each condition.
    pub(crate) fn change(&self, target: &str, layer: &str, feature: &str) -> Option<Estimate> {
        let pairs: Vec<_> = self
            .of_target(target)
            .filter_map(|run| {
                let trained = run.trained(layer, feature);
                let pair = trained.zip(run.untrained(layer, feature))?;
                Some((run.division(), pair))
            })
            .collect();
        Estimate::of_difference(&pairs)
    }

    /// Decodability before training of the networks that are later trained on
    /// `target`.
    pub(super) fn untrained_of(
        &self,
        target: &str,
        layer: &str,
        feature: &str,
    ) -> Option<Estimate> {
        let measures: Vec<_> = self
            .of_target(target)
            .filter_map(|run| Some((run.division(), run.untrained(layer, feature)?)))
            .collect();
        Estimate::over(&measures, self.quantity.bounds())
    }

    /// How many bits a stimulus the probe's cross-entropy falls by training,
    /// paired within each condition: the change of V-information, since what
    /// is subtracted from (the entropy of the labels) stays.
    pub(crate) fn change_in_bits(
        &self,
        target: &str,
        layer: &str,
        feature: &str,
    ) -> Option<Estimate> {
        let pairs: Vec<_> = self
            .of_target(target)
            .filter_map(|run| Some((run.division(), run.nats(layer, feature)?)))
            .collect();
        Some(Estimate::of_difference(&pairs)?.scaled(std::f64::consts::LOG2_E))
    }

    /// Whether both sides of a change are so near 1 that it says nothing.
    pub(crate) fn is_at_ceiling(&self, target: &str, layer: &str, feature: &str) -> bool {
        self.of_target(target).all(|run| {
            let sides = [run.untrained(layer, feature), run.trained(layer, feature)];
            sides.into_iter().flatten().all(|m| m.value >= CEILING)
        })
    }

    /// Decodability over training, by checkpoint.
    ///
    /// Runs with equally many checkpoints are matched one by one, at their
    /// mean step: the same schedule falls on slightly other steps where
    /// training sets differ in size. Otherwise only equal steps are matched.
    pub(crate) fn curve(&self, target: &str, layer: &str, feature: &str) -> Vec<CurvePoint> {
        let runs: Vec<&Run> = self.of_target(target).collect();
        aligned(&runs)
            .iter()
            .filter_map(|steps| {
                let found = || {
                    let steps = steps.iter();
                    steps
                        .filter_map(|&(run, step)| Some((run, step, run.at(step, layer, feature)?)))
                };
                let measures: Vec<_> = found().map(|(run, _, m)| (run.division(), m)).collect();
                let steps: f64 = found().map(|(_, step, _)| step as f64).sum();
                Some(CurvePoint {
                    step: steps / measures.len().max(1) as f64,
                    estimate: Estimate::over(&measures, self.quantity.bounds())?,
                })
            })
            .collect()
    }

    /// Whether any of a target's runs was probed before and after training.
    pub(crate) fn has_change(&self, target: &str) -> bool {
        let places = || {
            let layers = self.layers.iter();
            layers.flat_map(|layer| self.features.iter().map(move |f| (layer, f)))
        };
        places().any(|(layer, feature)| self.change(target, layer, feature).is_some())
    }

    /// The trained checkpoints of a target's runs.
    pub(crate) fn trained_moments(&self, target: &str) -> Vec<Moment> {
        self.of_target(target)
            .filter_map(Run::trained_moment)
            .collect()
    }

    /// Mean number of steps an epoch, where the rows tell it.
    pub(crate) fn steps_per_epoch(&self) -> Option<f64> {
        let ratios: Vec<f64> = self
            .runs
            .values()
            .filter_map(Run::trained_moment)
            .filter_map(|moment| Some(moment.step as f64 / moment.epoch.filter(|e| *e > 0.0)?))
            .collect();
        (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
    }

    /// Whether any run was probed after step 0.
    pub(crate) fn has_training(&self) -> bool {
        self.runs.values().any(|run| run.trained_moment().is_some())
    }
}

/// For each point of a curve, the runs in it and the step of each.
fn aligned<'a>(runs: &[&'a Run]) -> Vec<Vec<(&'a Run, u64)>> {
    let steps: Vec<Vec<u64>> = runs
        .iter()
        .map(|run| run.moments().map(|moment| moment.step).collect())
        .collect();
    let count = steps.first().map_or(0, Vec::len);
    if steps.iter().all(|s| s.len() == count) {
        (0..count)
            .map(|k| {
                runs.iter()
                    .zip(&steps)
                    .filter_map(|(run, steps)| Some((*run, *steps.get(k)?)))
                    .collect()
            })
            .collect()
    } else {
        let all: BTreeSet<u64> = steps.iter().flatten().copied().collect();
        all.iter()
            .map(|&step| {
                runs.iter()
                    .zip(&steps)
                    .filter(|(_, steps)| steps.contains(&step))
                    .map(|(run, _)| (*run, step))
                    .collect()
            })
            .collect()
    }
}
