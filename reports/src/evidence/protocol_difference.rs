//! What the choice of a protocol adds to a number: the paper's decoders beside
//! the clean ones, network by network.

use super::estimate::Division;
use super::run::Run;
use super::{Estimate, Family, Measure};
use crate::ResultRow;

/// The split that a clean probe shares with the paper's decoders: the same
/// test stimuli.
const SHARED_SPLIT: &str = "held_out_values";

/// One side of the difference of a network.
type Side = fn(&Run, &str, &str) -> Option<Measure>;

/// Rows of `protocol_difference`: accuracy of the decoders that were chosen on
/// the tested stimuli minus that of the clean probes, paired within each
/// condition, before training and after it, and of `enhancement` by both
/// (`protocol_difference_enhancement`). Where a protocol reads another
/// checkpoint (the paper's reads the best on validation), the difference
/// contains that choice too: it is one between protocols, not between probes.
pub(super) fn protocol_differences(families: &[Family]) -> Vec<ResultRow> {
    let mut rows = Vec::new();
    for bound in families.iter().filter(|family| is_accuracy(family)) {
        if !bound.key.is_upper_bound() {
            continue;
        }
        if let Some(clean) = clean_beside(bound, families) {
            rows.extend(between(bound, clean));
        }
    }
    rows
}

fn is_accuracy(family: &Family) -> bool {
    family.quantity.metric() == "accuracy"
}

/// The clean family of the same networks: that of the very cell of a sweep, or else
/// one of another scaling of activations.
fn clean_beside<'a>(bound: &Family, families: &'a [Family]) -> Option<&'a Family> {
    let is_beside = |other: &&Family| {
        is_accuracy(other)
            && !other.key.is_upper_bound()
            && other.common.split_kind == SHARED_SPLIT
            && other.key.apart_from_choices() == bound.key.apart_from_choices()
    };
    let beside: Vec<&'a Family> = families.iter().filter(is_beside).collect();
    let same = |other: &&&Family| other.common.variant == bound.common.variant;
    beside.iter().find(same).or(beside.first()).copied()
}

fn between(bound: &Family, clean: &Family) -> Vec<ResultRow> {
    let sides: [(&str, &str, Side); 3] = [
        ("protocol_difference", "initial", |run, layer, feature| {
            run.untrained(layer, feature).cloned()
        }),
        ("protocol_difference", "", |run, layer, feature| {
            run.trained(layer, feature).cloned()
        }),
        (
            "protocol_difference_enhancement",
            "",
            |run, layer, feature| {
                let (after, before) = run
                    .trained(layer, feature)
                    .zip(run.untrained(layer, feature))?;
                Some(after.minus(before))
            },
        ),
    ];
    let mut rows = Vec::new();
    for target in &bound.targets {
        for layer in &bound.layers {
            for feature in &bound.features {
                for (metric, role, side) in &sides {
                    let pairs: Vec<(Division, (Measure, Measure))> = bound
                        .runs
                        .iter()
                        .filter(|(_, run)| run.target == *target)
                        .filter_map(|(condition, run)| {
                            let other = clean.runs.get(condition)?;
                            let own = side(run, layer, feature);
                            let pair = own.zip(side(other, layer, feature))?;
                            Some((run.division(), pair))
                        })
                        .collect();
                    let pairs: Vec<_> = pairs.iter().map(|(of, (a, b))| (*of, (a, b))).collect();
                    let estimate = Estimate::of_difference(&pairs).filter(|found| found.n > 1);
                    rows.extend(estimate.map(|found| ResultRow {
                        target: target.clone(),
                        step: (*role == "initial").then_some(0),
                        checkpoint_role: (*role).to_owned(),
                        layer: layer.clone(),
                        layer_b: layer.clone(),
                        feature: feature.clone(),
                        metric: (*metric).to_owned(),
                        value: found.mean,
                        lower: found.interval.map(|(lower, ..)| lower),
                        upper: found.interval.map(|(_, upper, _)| upper),
                        interval_kind: "runs".to_owned(),
                        n_runs: Some(found.n as u64),
                        status: match found.is_marked() {
                            true => "max_iterations".to_owned(),
                            false => String::new(),
                        },
                        protocol: format!(
                            "{} minus {}",
                            bound.common.protocol, clean.common.protocol
                        ),
                        split_kind: SHARED_SPLIT.to_owned(),
                        ..bound.common.clone()
                    }));
                }
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use crate::{ResultRow, rows_over_runs};

    fn row(split: u32, protocol: &str, role: &str, value: f64) -> ResultRow {
        let bound = protocol.starts_with("paper");
        ResultRow {
            condition: format!("shape-{split}"),
            target: "shape".into(),
            split: Some(split),
            step: Some(if role == "initial" { 0 } else { 540 }),
            checkpoint_role: role.into(),
            layer: "fc1".into(),
            feature: "color".into(),
            metric: "accuracy".into(),
            protocol: protocol.into(),
            selected_by: if bound { "tested_stimuli" } else { "accuracy" }.into(),
            split_kind: "held_out_values".into(),
            status: if bound { "fixed_budget" } else { "converged" }.into(),
            n_runs: Some(1),
            value,
            ..ResultRow::default()
        }
    }

    fn rows() -> Vec<ResultRow> {
        (0..3)
            .flat_map(|split| {
                let shift = 0.0625 * f64::from(split);
                [
                    row(split, "clean/4", "initial", 0.5 + shift),
                    row(split, "clean/4", "last", 0.25 + shift),
                    row(split, "paper/1", "initial", 0.625 + shift),
                    row(split, "paper/1", "best_validation", 0.5 + shift),
                ]
            })
            .collect()
    }

    #[test]
    fn the_papers_choice_has_rows_of_its_own_paired_by_network() {
        let found = rows_over_runs(&rows());
        let of = |metric: &str| -> Vec<(&str, f64, Option<f64>)> {
            let of_metric = found.iter().filter(|row| row.metric == metric);
            of_metric
                .map(|row| {
                    assert_eq!(row.protocol, "paper/1 minus clean/4");
                    assert_eq!((row.n_runs, row.condition.as_str()), (Some(3), ""));
                    (row.checkpoint_role.as_str(), row.value, row.upper)
                })
                .collect()
        };
        assert_eq!(
            of("protocol_difference"),
            [("initial", 0.125, Some(0.125)), ("", 0.25, Some(0.25))]
        );
        assert_eq!(
            of("protocol_difference_enhancement"),
            [("", 0.125, Some(0.125))]
        );
    }

    #[test]
    fn cells_of_a_sweep_over_scalings_have_each_their_own() {
        let of_cell = |scaling: &str, more: f64| -> Vec<ResultRow> {
            let of = |row: ResultRow| ResultRow {
                condition: format!("{scaling}/{}", row.condition),
                variant: format!("probes.scaling={scaling}"),
                value: match row.protocol.as_str() {
                    "paper/1" => row.value + more,
                    _ => row.value,
                },
                protocol: match row.protocol.as_str() {
                    "clean/4" => format!("clean/4 scaling={scaling}"),
                    other => other.to_owned(),
                },
                ..row
            };
            rows().into_iter().map(of).collect()
        };
        let cells = [of_cell("channel", 0.0), of_cell("standard", 0.125)].concat();
        let found = rows_over_runs(&cells);
        let before: Vec<(&str, &str, f64)> = found
            .iter()
            .filter(|row| row.metric == "protocol_difference" && row.step == Some(0))
            .map(|row| (&*row.variant, &*row.protocol, row.value))
            .collect();
        assert_eq!(
            before,
            [
                (
                    "probes.scaling=channel",
                    "paper/1 minus clean/4 scaling=channel",
                    0.125
                ),
                (
                    "probes.scaling=standard",
                    "paper/1 minus clean/4 scaling=standard",
                    0.25
                ),
            ]
        );
    }

    #[test]
    fn one_protocol_or_other_test_stimuli_have_none() {
        let mut rows = rows();
        for row in &mut rows {
            if row.protocol == "clean/4" {
                row.split_kind = "seen_values".into();
            }
        }
        let differs = |row: &ResultRow| row.metric.starts_with("protocol_difference");
        assert!(!rows_over_runs(&rows).iter().any(differs));
        rows.retain(|row| row.protocol == "clean/4");
        assert!(!rows_over_runs(&rows).iter().any(differs));
    }
}
