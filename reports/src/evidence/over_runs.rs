use super::protocol_difference::protocol_differences;
use super::{Estimate, Family, Quantity, gather};
use crate::{ReportInput, ResultRow};

/// What the runs of a table say together, as further rows of it: for each
/// target, layer and feature with two runs or more (hold-out versions or
/// initial weights), before training and at the last checkpoint,
///
/// - the mean over runs of `accuracy`, `v_information`, `selectivity` and
///   `compression`, of the `accuracy` of nonlinear probes and the `r2` of ridge
///   probes, as far as they were measured;
/// - `enhancement`: accuracy of linear probes trained minus untrained, paired
///   within each condition and so on the same initial weights (below 0
///   suppression);
/// - `enhancement_bits`: the same of cross-entropies at the penalties that they
///   chose, turned around and in bits a stimulus, which is the change of
///   V-information.
///
/// Where the decoders of protocol `paper` stand beside clean probes of the same
/// test stimuli, `protocol_difference` says what its choices add, before and
/// after training, and `protocol_difference_enhancement` what they add to
/// enhancement.
///
/// Intervals are Student's t at 95 % with n - 1 degrees of freedom
/// (`interval_kind` `runs`), those of accuracies cut at 0 and 1. Where several
/// hold-out versions have several runs each, n is the number of versions, over whose
/// means they are: runs of one version share its stimuli. The rows have
/// no condition and no split. One run alone gives none: it cannot tell.
///
/// ```
/// use layerprobe_reports::{ResultRow, rows_over_runs};
///
/// let row = |split: u32, step, value| ResultRow {
///     condition: format!("shape-{split}"),
///     target: "shape".into(),
///     split: Some(split),
///     step: Some(step),
///     layer: "fc1".into(),
///     feature: "color".into(),
///     metric: "accuracy".into(),
///     value,
///     ..ResultRow::default()
/// };
/// let rows = [row(0, 0, 0.75), row(0, 540, 0.5), row(1, 0, 1.0), row(1, 540, 0.75)];
/// let over_runs = rows_over_runs(&rows);
/// let fall = over_runs.iter().find(|row| row.metric == "enhancement").ok_or("none")?;
/// // paired: both runs fall by as much
/// assert_eq!((fall.value, fall.lower, fall.n_runs), (-0.25, Some(-0.25), Some(2)));
/// assert!(rows_over_runs(&rows[..2]).is_empty());
/// # Ok::<(), &str>(())
/// ```
pub fn rows_over_runs(rows: &[ResultRow]) -> Vec<ResultRow> {
    let evidence = gather(&ReportInput {
        rows: rows.to_vec(),
        ..ReportInput::default()
    });
    let families = evidence.families.iter().chain(&evidence.around);
    let mut rows: Vec<ResultRow> = families.flat_map(of_family).collect();
    rows.extend(protocol_differences(&evidence.families));
    rows
}

fn of_family(family: &Family) -> Vec<ResultRow> {
    let mut rows = Vec::new();
    let with_changes = family.quantity == Quantity::Decodability;
    for target in &family.targets {
        for layer in &family.layers {
            for feature in &family.features {
                let place = Place {
                    family,
                    target,
                    layer,
                    feature,
                };
                let metric = family.quantity.metric();
                rows.extend(place.row(metric, false, family.untrained_of(target, layer, feature)));
                rows.extend(place.row(metric, true, family.trained(target, layer, feature)));
                if with_changes {
                    let change = family.change(target, layer, feature);
                    rows.extend(place.row("enhancement", true, change));
                    let bits = family.change_in_bits(target, layer, feature);
                    rows.extend(place.row("enhancement_bits", true, bits));
                }
            }
        }
    }
    rows
}

struct Place<'a> {
    family: &'a Family,
    target: &'a str,
    layer: &'a str,
    feature: &'a str,
}

impl Place<'_> {
    /// The row of an estimate over several runs.
    fn row(&self, metric: &str, trained: bool, estimate: Option<Estimate>) -> Option<ResultRow> {
        let estimate = estimate.filter(|estimate| estimate.n > 1)?;
        let moments = self.family.trained_moments(self.target);
        let same = |step: u64| moments.iter().all(|moment| moment.step == step);
        let last = moments.iter().all(|moment| moment.last);
        let step = moments.first().map(|m| m.step).filter(|step| same(*step));
        let is_change = metric.starts_with("enhancement");
        Some(ResultRow {
            target: self.target.to_owned(),
            step: if trained { step } else { Some(0) },
            checkpoint_role: match (trained, last) {
                (false, _) => "initial",
                (true, true) => "last",
                (true, false) => "",
            }
            .to_owned(),
            layer: self.layer.to_owned(),
            feature: self.feature.to_owned(),
            metric: metric.to_owned(),
            value: estimate.mean,
            lower: estimate.interval.map(|(lower, ..)| lower),
            upper: estimate.interval.map(|(_, upper, _)| upper),
            interval_kind: "runs".to_owned(),
            n_runs: Some(estimate.n as u64),
            status: match estimate.is_marked() {
                true => "max_iterations".to_owned(),
                false => String::new(),
            },
            step_b: is_change.then_some(0),
            layer_b: match is_change {
                true => self.layer.to_owned(),
                false => String::new(),
            },
            ..self.family.common.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(split: u32, target: &str, step: u64, metric: &str, value: f64) -> ResultRow {
        ResultRow {
            condition: format!("{target}-{split}"),
            target: target.into(),
            split: Some(split),
            seed: Some(4),
            init_seed: Some(u64::from(split)),
            step: Some(step),
            checkpoint_role: if step == 0 { "initial" } else { "last" }.into(),
            layer: "fc1".into(),
            feature: "color".into(),
            probe: "linear".into(),
            metric: metric.into(),
            selected_by: if metric == "accuracy" {
                "accuracy"
            } else {
                metric
            }
            .into(),
            split_kind: "held_out_values".into(),
            n_runs: Some(1),
            value,
            ..ResultRow::default()
        }
    }

    const GOLDEN: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/reports_over_runs.csv"
    ));

    /// The rows of five runs of the golden file.
    fn measured() -> Vec<ResultRow> {
        let lines = GOLDEN.lines().filter(|line| line.starts_with("run,"));
        lines
            .flat_map(|line| {
                let cells: Vec<f64> = line
                    .split(',')
                    .skip(1)
                    .map(|c| c.parse().unwrap())
                    .collect();
                let split = cells[0] as u32;
                [
                    row(split, "shape", 0, "accuracy", cells[1]),
                    row(split, "shape", 540, "accuracy", cells[2]),
                    row(split, "shape", 0, "cross_entropy", cells[3]),
                    row(split, "shape", 540, "cross_entropy", cells[4]),
                ]
            })
            .collect()
    }

    #[test]
    fn means_and_paired_changes_agree_with_scipy() {
        let found = rows_over_runs(&measured());
        let mut checked = 0;
        for line in GOLDEN.lines().filter(|line| line.starts_with("over_runs,")) {
            let cells: Vec<&str> = line.split(',').collect();
            let own = found
                .iter()
                .find(|row| (&*row.metric, &*row.checkpoint_role) == (cells[1], cells[2]))
                .unwrap();
            let numbers = [Some(own.value), own.lower, own.upper];
            for (number, cell) in numbers.iter().zip(&cells[3..]) {
                let wanted: f64 = cell.parse().unwrap();
                assert!((number.unwrap() - wanted).abs() < 1e-12, "{line}: {own:?}");
            }
            assert_eq!((own.n_runs, &*own.interval_kind), (Some(5), "runs"));
            checked += 1;
        }
        assert_eq!((checked, found.len()), (4, 4));
    }

    #[test]
    fn what_all_runs_share_stays_and_what_differs_is_left_out() {
        let found = rows_over_runs(&measured());
        for row in &found {
            assert_eq!((row.seed, row.init_seed, row.split), (Some(4), None, None));
            assert!(row.condition.is_empty());
            assert_eq!(row.split_kind, "held_out_values");
            let change = row.metric.starts_with("enhancement");
            assert_eq!(
                (row.step_b, row.layer_b == "fc1"),
                (change.then_some(0), change)
            );
        }
    }

    #[test]
    fn rows_over_runs_are_no_runs_themselves() {
        let rows = measured();
        let found = rows_over_runs(&rows);
        let again = rows_over_runs(&[rows, found.clone()].concat());
        assert_eq!(again, found);
    }

    #[test]
    fn each_target_has_rows_of_its_own_and_one_run_has_none() {
        let mut rows = measured();
        rows.push(row(0, "texture", 0, "accuracy", 0.5));
        rows.push(row(0, "texture", 540, "accuracy", 0.4));
        let found = rows_over_runs(&rows);
        assert!(found.iter().all(|row| row.target == "shape"));
        rows.push(row(1, "texture", 0, "accuracy", 0.6));
        rows.push(row(1, "texture", 540, "accuracy", 0.5));
        let found = rows_over_runs(&rows);
        let texture: Vec<_> = found.iter().filter(|row| row.target == "texture").collect();
        // no cross-entropy, so no bits
        assert_eq!(texture.len(), 3);
        assert!(texture.iter().all(|row| row.n_runs == Some(2)));
    }

    #[test]
    fn a_fit_without_proof_marks_the_mean() {
        let mut rows = measured();
        rows[1].status = "max_iterations".into();
        let found = rows_over_runs(&rows);
        let marked: Vec<_> = found
            .iter()
            .filter(|row| row.is_unconverged())
            .map(|row| (&*row.metric, &*row.checkpoint_role))
            .collect();
        assert_eq!(marked, [("accuracy", "last"), ("enhancement", "last")]);
    }

    #[test]
    fn bits_come_from_the_penalty_that_cross_entropy_chose_alone() {
        let mut rows = measured();
        let bits = |rows: &[ResultRow]| {
            let found = rows_over_runs(rows);
            found.into_iter().find(|r| r.metric == "enhancement_bits")
        };
        let own = bits(&rows).map(|row| row.value);
        assert!(own.is_some());
        for k in 0..rows.len() {
            if rows[k].metric == "cross_entropy" {
                rows.push(ResultRow {
                    selected_by: "accuracy".into(),
                    value: 20.0 * f64::from(rows[k].split.unwrap()),
                    ..rows[k].clone()
                });
            }
        }
        assert_eq!(bits(&rows).map(|row| row.value), own);
        rows.retain(|row| row.selected_by == "accuracy");
        assert_eq!(bits(&rows), None);
    }
}
