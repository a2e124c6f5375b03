use std::collections::BTreeMap;

use super::baseline::is_of_a_network;
use super::group::{Group, groups};
use super::names::in_order;
use super::view::shown_view;
use crate::{ReportInput, ResultRow};

/// The permutation tests of one target's networks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tested {
    /// What tells its rows from others of the report; empty for the only ones.
    pub(crate) label: String,
    pub(crate) target: String,
    pub(crate) layers: Vec<String>,
    pub(crate) features: Vec<String>,
    /// How many networks were tested.
    pub(crate) runs: usize,
    /// Permutations behind each p-value.
    pub(crate) permutations: usize,
    /// By feature, the highest accuracy that permuted labels ever gave.
    pub(crate) highest: BTreeMap<String, f64>,
    p_values: BTreeMap<(String, String, bool), f64>,
}

impl Tested {
    /// Whether a network was tested after training.
    pub(crate) fn has_training(&self) -> bool {
        self.p_values.keys().any(|(.., trained)| *trained)
    }

    /// The largest p-value over the runs, before or after training.
    pub(crate) fn p_value(&self, layer: &str, feature: &str, trained: bool) -> Option<f64> {
        let place = (layer.to_owned(), feature.to_owned(), trained);
        self.p_values.get(&place).copied()
    }
}

/// The permutation tests that the rows tell of, by what may be put side by side and
/// target.
pub(crate) fn tested(input: &ReportInput) -> Vec<Tested> {
    let wanted = |row: &&ResultRow| {
        let of_tests = matches!(row.metric.as_str(), P_VALUE | NULL_MAX);
        of_tests && row.value.is_finite() && is_of_a_network(row)
    };
    let rows = || input.rows.iter().filter(wanted);
    let judged = rows().filter(|row| row.metric == P_VALUE);
    let view = shown_view(judged.map(|row| &*row.view));
    let groups = groups(rows().filter(|row| row.view == view));
    groups
        .iter()
        .flat_map(|group| tested_in(input, group))
        .collect()
}

const P_VALUE: &str = "p_value";
const NULL_MAX: &str = "null_max";

/// The permutation tests of a group's rows, by target.
fn tested_in(input: &ReportInput, group: &Group<'_>) -> Vec<Tested> {
    let of_metric = |metric: &'static str| {
        let rows = group.rows.iter().copied();
        rows.filter(move |row| row.metric == metric)
    };
    let targets = in_order(&input.targets, of_metric(P_VALUE).map(|row| &*row.target));
    let of_target = |target: &String| {
        let judged: Vec<&ResultRow> = of_metric(P_VALUE)
            .filter(|row| row.target == *target)
            .collect();
        let mut conditions: Vec<&str> = judged.iter().map(|row| &*row.condition).collect();
        conditions.sort_unstable();
        conditions.dedup();
        let mut p_values = BTreeMap::new();
        for row in &judged {
            let place = (
                row.layer.clone(),
                row.feature.clone(),
                row.step.is_some_and(|step| step > 0),
            );
            let largest: &mut f64 = p_values.entry(place).or_insert(row.value);
            *largest = largest.max(row.value);
        }
        let mut highest: BTreeMap<String, f64> = BTreeMap::new();
        let mut permutations = 0;
        for row in of_metric(NULL_MAX).filter(|row| row.target == *target) {
            let most = highest.entry(row.feature.clone()).or_insert(row.value);
            *most = most.max(row.value);
            permutations = permutations.max(row.repeat.map_or(0, |repeat| repeat as usize + 1));
        }
        let used = |listed: &[String], name: fn(&ResultRow) -> &str| {
            let found = || judged.iter().map(|row| name(row));
            let mut names = in_order(listed, found());
            names.retain(|name| found().any(|found| found == name));
            names
        };
        Tested {
            label: group.label.clone(),
            target: target.clone(),
            layers: used(&input.layers, |row| &row.layer),
            features: used(&input.features, |row| &row.feature),
            runs: conditions.len(),
            permutations,
            highest,
            p_values,
        }
    };
    let found = targets.iter().map(of_target);
    found.filter(|tested| !tested.p_values.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(metric: &str, split: u32, step: Option<u64>, value: f64) -> ResultRow {
        ResultRow {
            condition: format!("shape-{split}"),
            target: "shape".into(),
            layer: step.map_or("", |_| "fc1").into(),
            feature: "color".into(),
            step,
            metric: metric.into(),
            value,
            ..ResultRow::default()
        }
    }

    #[test]
    fn the_largest_p_value_and_the_highest_null_count() {
        let null = |split, repeat, value| ResultRow {
            repeat: Some(repeat),
            ..row("null_max", split, None, value)
        };
        let input = ReportInput {
            rows: vec![
                row("p_value", 0, Some(0), 0.05),
                row("p_value", 1, Some(0), 0.3),
                row("p_value", 0, Some(540), 0.05),
                null(0, 0, 0.19),
                null(0, 18, 0.21),
                null(1, 3, 0.2),
            ],
            ..ReportInput::default()
        };
        let found = tested(&input);
        assert_eq!(found.len(), 1);
        let found = &found[0];
        assert_eq!((found.runs, found.permutations), (2, 19));
        assert_eq!(found.p_value("fc1", "color", false), Some(0.3));
        assert_eq!(found.p_value("fc1", "color", true), Some(0.05));
        assert_eq!(found.p_value("fc1", "shape", true), None);
        assert_eq!(found.highest["color"], 0.21);
        assert_eq!((&*found.label, &*found.target), ("", "shape"));
        assert_eq!(tested(&ReportInput::default()), []);
    }

    #[test]
    fn unlike_networks_are_tested_apart() {
        let of = |epochs: u32, row: ResultRow| ResultRow {
            variant: format!("training.epochs={epochs}"),
            condition: format!("epochs{epochs}/{}", row.condition),
            ..row
        };
        let null = ResultRow {
            repeat: Some(18),
            ..row("null_max", 0, None, 0.2)
        };
        let input = ReportInput {
            rows: vec![
                of(5, row("p_value", 0, Some(0), 0.05)),
                of(5, null.clone()),
                of(10, row("p_value", 0, Some(0), 0.3)),
                of(10, ResultRow { value: 0.4, ..null }),
            ],
            ..ReportInput::default()
        };
        let found = tested(&input);
        let told: Vec<_> = found
            .iter()
            .map(|tested| {
                let p = tested.p_value("fc1", "color", false);
                (&*tested.label, tested.runs, p, tested.highest["color"])
            })
            .collect();
        assert_eq!(
            told,
            [
                ("variant training.epochs=10", 1, Some(0.3), 0.4),
                ("variant training.epochs=5", 1, Some(0.05), 0.2),
            ]
        );
    }
}
