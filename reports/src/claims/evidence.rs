//! Rows of the results table, as observations of a quantity.

use std::collections::{BTreeMap, BTreeSet};

use super::quantity::{Moment, Pairing, Quantity, UNTRAINED};
use crate::ResultRow;

/// What tells one run of an experiment from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RunId {
    split: Option<u32>,
    seed: Option<u64>,
}

impl RunId {
    #[cfg(test)]
    pub(super) fn of(split: u32) -> Self {
        Self {
            split: Some(split),
            seed: None,
        }
    }
}

/// Whether networks of two kinds were observed, and in which runs.
type Runs = (bool, Vec<RunId>);

/// A value and the runs that gave it: one, or a pair.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observation {
    pub(super) runs: Vec<RunId>,
    /// Whether the pair is of two kinds of networks, the runs in the order of the
    /// quantity's two sides.
    pub(super) between_kinds: bool,
    pub(super) value: f64,
}

/// What was observed of a quantity.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Observed {
    pub(super) observations: Vec<Observation>,
    /// Networks that had not learned their target.
    pub(super) unlearned: BTreeSet<String>,
    /// Rows left out because a network behind them had not.
    pub(super) left_out: usize,
    /// Trained networks of which that is not known; their rows are left out, too.
    pub(super) unknown: BTreeSet<String>,
    /// Fits among them without proof.
    pub(super) unconverged: usize,
    /// Whether the experiment has any rows at all.
    pub(super) experiment_ran: bool,
}

/// The metric by which a network itself classifies held-out combinations.
pub const VALIDATION_ACCURACY: &str = "validation_accuracy";
/// The metric by which it classifies what it was trained on.
pub const TRAINING_ACCURACY: &str = "training_accuracy";

/// The checkpoint that decoders chosen on the tested stimuli read.
const BEST: &str = "best_validation";

/// What a trained network must reach to be looked at.
pub(super) struct Gate<'a> {
    /// Which of its own accuracies.
    pub(super) metric: &'a str,
    /// The lowest that counts as learned.
    pub(super) least: f64,
}

struct Network<'a> {
    target: &'a str,
    run: RunId,
    predictivity: Option<f64>,
    /// Its own accuracies by metric, of several tasks the lowest.
    accuracies: BTreeMap<&'a str, f64>,
}

impl<'a> Network<'a> {
    fn of(row: &'a ResultRow) -> Self {
        Self {
            target: &row.target,
            run: RunId {
                split: row.split,
                seed: row.seed,
            },
            predictivity: row.predictivity,
            accuracies: BTreeMap::new(),
        }
    }
}

/// The rows of a table that single runs gave, and the networks behind them.
pub(super) struct Evidence<'a> {
    rows: Vec<&'a ResultRow>,
    /// Which rows have a network of an experiment on either side, in their order.
    by_experiment: BTreeMap<&'a str, Vec<&'a ResultRow>>,
    /// The experiments that are on a row's first side.
    ran: BTreeSet<&'a str>,
    networks: BTreeMap<&'a str, Network<'a>>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(rows: &'a [ResultRow]) -> Self {
        let rows: Vec<&ResultRow> = rows
            .iter()
            .filter(|row| !row.condition.is_empty() && row.interval_kind != "runs")
            .collect();
        let mut networks: BTreeMap<&str, Network<'_>> = BTreeMap::new();
        for row in &rows {
            let network = networks
                .entry(&row.condition)
                .or_insert_with(|| Network::of(row));
            if is_of_network(row) && row.checkpoint_role != BEST {
                let lowest = network.accuracies.entry(&row.metric).or_insert(row.value);
                *lowest = lowest.min(row.value);
            }
        }
        // networks that are computed have one row for both, and no steps; of other
        // second sides without rows nothing is known, not even the target
        let computed = |row: &&&ResultRow| {
            !row.condition_b.is_empty()
                && row.step.or(row.step_b).is_none()
                && experiment_of(&row.condition) == experiment_of(&row.condition_b)
        };
        for row in rows.iter().filter(computed) {
            networks
                .entry(&row.condition_b)
                .or_insert_with(|| Network::of(row));
        }
        let mut by_experiment: BTreeMap<&str, Vec<&ResultRow>> = BTreeMap::new();
        let mut ran = BTreeSet::new();
        for row in &rows {
            let first = experiment_of(&row.condition);
            let second = experiment_of(&row.condition_b).filter(|second| Some(*second) != first);
            ran.extend(first);
            for experiment in first.into_iter().chain(second) {
                by_experiment.entry(experiment).or_default().push(row);
            }
        }
        Self {
            rows,
            by_experiment,
            ran,
            networks,
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The observations of a quantity. With a gate, rows are left out that have a
    /// trained network behind them which is below it, or of which that is not known.
    pub(super) fn observed(&self, quantity: &Quantity, gate: Option<&Gate<'_>>) -> Observed {
        let mut values: BTreeMap<Runs, Vec<(&str, f64)>> = BTreeMap::new();
        let mut found = Observed::default();
        // the highest of a network's moments is none of an untrained one's
        let whole = quantity.moment() == Moment::Highest;
        let experiment = quantity.experiment.as_deref().unwrap_or_default();
        found.experiment_ran = self.ran.contains(experiment);
        for row in self.by_experiment.get(experiment).into_iter().flatten() {
            let Some(runs) = self.runs(row, quantity) else {
                continue;
            };
            let sides = [(&row.condition, row.step), (&row.condition_b, row.step_b)];
            let trained = sides
                .into_iter()
                .filter(|(condition, step)| !condition.is_empty() && (whole || *step != Some(0)));
            let (mut unlearned, mut unknown) = (false, false);
            for (condition, gate) in trained.filter_map(|(condition, _)| Some((condition, gate?))) {
                match self.accuracy(condition, gate.metric) {
                    Some(accuracy) if accuracy >= gate.least => {}
                    Some(_) => {
                        unlearned = true;
                        found.unlearned.insert(condition.clone());
                    }
                    None => {
                        unknown = true;
                        found.unknown.insert(condition.clone());
                    }
                }
            }
            found.left_out += usize::from(unlearned);
            if unlearned || unknown {
                continue;
            }
            found.unconverged += usize::from(row.is_unconverged());
            values
                .entry(runs)
                .or_default()
                .push((&row.condition, row.value));
        }
        found.observations = values
            .into_iter()
            .map(|((between_kinds, runs), values)| Observation {
                runs,
                between_kinds,
                value: match quantity.moment() {
                    Moment::Highest => mean_of_highest(&values),
                    _ => mean(values.iter().map(|(_, value)| *value)),
                },
            })
            .collect();
        found
    }

    /// The rows that observe one of these quantities, and those that tell which
    /// networks have learned.
    pub(super) fn read_by(&self, quantities: &[&Quantity]) -> Vec<&'a ResultRow> {
        let is_read = |row: &&&ResultRow| {
            is_of_network(row) || quantities.iter().any(|q| self.runs(row, q).is_some())
        };
        self.rows.iter().filter(is_read).copied().collect()
    }

    fn accuracy(&self, condition: &str, metric: &str) -> Option<f64> {
        self.networks
            .get(condition)?
            .accuracies
            .get(metric)
            .copied()
    }

    /// The runs of a row that observes the quantity, and whether they are those of
    /// two kinds of networks.
    fn runs(&self, row: &ResultRow, quantity: &Quantity) -> Option<Runs> {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let protocol = quantity.protocol.as_deref().unwrap_or_default();
        let here = row.metric == quantity.metric_name()
            && row.probe == quantity.probe_name()
            && row.protocol.starts_with(protocol)
            && is_tested(row, quantity)
            && is_shown(row, quantity)
            && is(&quantity.feature, &row.feature)
            && matches!(row.selected_by.as_str(), "" | "accuracy")
            && row.repeat.is_none();
        if !here {
            return None;
        }
        let first = Side {
            condition: &row.condition,
            step: row.step,
            role: &row.checkpoint_role,
            layer: &row.layer,
        };
        let Some(other) = quantity.other_side() else {
            let alone = row.condition_b.is_empty() && self.is(&first, quantity);
            return alone.then(|| (false, self.run(&first).into_iter().collect()));
        };
        if row.condition_b.is_empty() {
            return None;
        }
        let second = Side {
            condition: &row.condition_b,
            step: row.step_b,
            // compared at one moment of training, or step 0
            role: match row.step_b {
                Some(0) => "initial",
                _ if row.step == Some(0) => "last",
                _ => &row.checkpoint_role,
            },
            layer: &row.layer_b,
        };
        let one_way = self.is(&first, quantity) && self.is(&second, &other);
        let other_way = self.is(&second, quantity) && self.is(&first, &other);
        // without a layer, the same one on both sides
        let layers = quantity.layer.is_some() || other.layer.is_some() || row.layer == row.layer_b;
        let (a, b) = (self.run(&first)?, self.run(&second)?);
        let same_run = quantity.pairing == Some(Pairing::SameRun);
        if !(layers && (one_way || other_way)) || (a == b) != same_run {
            return None;
        }
        if same_run {
            return Some((false, vec![a]));
        }
        Some(match (one_way, other_way) {
            (true, true) => (false, vec![a.min(b), a.max(b)]),
            (true, false) => (true, vec![a, b]),
            (false, _) => (true, vec![b, a]),
        })
    }

    fn run(&self, side: &Side<'_>) -> Option<RunId> {
        self.networks.get(side.condition).map(|network| network.run)
    }

    fn is(&self, side: &Side<'_>, quantity: &Quantity) -> bool {
        if quantity.experiment.as_deref() != experiment_of(side.condition) {
            return false;
        }
        let layer = quantity.layer.as_deref();
        let network = self.networks.get(side.condition);
        let target = network.map(|n| n.target);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let predicted = quantity.predictivity.is_none_or(|wanted| {
            let found = network.and_then(|network| network.predictivity);
            found.is_some_and(|found| near(found, wanted))
        });
        let of_target = match quantity.target.as_deref() {
            Some(UNTRAINED) => side.step == Some(0),
            wanted => wanted.is_none_or(|wanted| target == Some(wanted)),
        };
        let then = match quantity.moment() {
            Moment::Initial => side.step == Some(0),
            // what is not trained at all has no steps
            Moment::Last => side.step.is_none() || (side.step != Some(0) && side.role == "last"),
            Moment::BestValidation => side.role == BEST,
            Moment::Highest => matches!(side.role, "initial" | "scheduled" | "last"),
        };
        layer.is_none_or(|layer| layer == side.layer) && of_target && predicted && then
    }
}

/// Whether a row's probe was tested on what is asked for: new combinations, unless
/// it is said.
fn is_tested(row: &ResultRow, quantity: &Quantity) -> bool {
    match &quantity.split_kind {
        Some(kind) => row.split_kind == *kind,
        None => !matches!(
            row.split_kind.as_str(),
            "seen_values" | "instance" | "next_block"
        ),
    }
}

/// Whether a row is an accuracy of a network itself.
fn is_of_network(row: &ResultRow) -> bool {
    matches!(&*row.metric, VALIDATION_ACCURACY | TRAINING_ACCURACY)
}

/// What the table has of decoders that were chosen on the tested stimuli, as if they
/// were the table's others: at the checkpoint that they read, the best on validation,
/// in place of the last, with the network's own accuracy there, if the table has it.
/// Nothing if there are none.
pub(super) fn upper_bounds(rows: &[ResultRow]) -> Vec<ResultRow> {
    let is_bound = |row: &&ResultRow| row.selected_by == "tested_stimuli";
    if !rows.iter().any(|row| is_bound(&row)) {
        return Vec::new();
    }
    let own = |row: &&ResultRow| is_of_network(row);
    let is_best = |row: &&ResultRow| row.checkpoint_role == BEST;
    let of_best: BTreeSet<(&str, &str)> = rows
        .iter()
        .filter(own)
        .filter(is_best)
        .map(|row| (&*row.condition, &*row.metric))
        .collect();
    let is_read =
        |row: &&ResultRow| is_best(row) || !of_best.contains(&(&*row.condition, &*row.metric));
    let kept = rows
        .iter()
        .filter(|row| is_bound(row) || (own(row) && is_read(row)));
    kept.map(|row| ResultRow {
        selected_by: String::new(),
        checkpoint_role: match &*row.checkpoint_role {
            BEST => "last".to_owned(),
            role => role.to_owned(),
        },
        ..row.clone()
    })
    .collect()
}

/// Whether a row is of the view asked for: the whole layer, unless it is said.
fn is_shown(row: &ResultRow, quantity: &Quantity) -> bool {
    match &quantity.view {
        Some(view) => row.view == *view,
        None => matches!(row.view.as_str(), "full" | ""),
    }
}

/// The experiment of a condition: what stands before its `/`.
pub(super) fn experiment_of(condition: &str) -> Option<&str> {
    condition.split_once('/').map(|(experiment, _)| experiment)
}

/// One side of a row.
struct Side<'a> {
    condition: &'a str,
    step: Option<u64>,
    role: &'a str,
    layer: &'a str,
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// The mean over networks of the largest value of each.
fn mean_of_highest(values: &[(&str, f64)]) -> f64 {
    let mut highest: BTreeMap<&str, f64> = BTreeMap::new();
    for (condition, value) in values {
        let largest = highest.entry(condition).or_insert(f64::NEG_INFINITY);
        *largest = largest.max(*value);
    }
    mean(highest.into_values())
}
