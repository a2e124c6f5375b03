use std::collections::BTreeMap;

use layerprobe_reports::ResultRow;
use layerprobe_reports::statistics::mean_interval;

/// What the runs say together: the mean over them of every accuracy and every
/// use of a feature, and `enhancement`, accuracy at the last checkpoint minus
/// that of the untrained network, paired within each run.
///
/// Intervals are Student's t over runs, those of shares cut at 0 and 1. One run
/// alone gives no row. Where a fit has no proof, the row has the status of the first
/// such fit.
pub(in crate::experiment::binary) fn rows_over_runs(rows: &[ResultRow]) -> Vec<ResultRow> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    let shares = |row: &&ResultRow| matches!(row.metric.as_str(), "accuracy" | "feature_use");
    for row in rows.iter().filter(shares) {
        let place = *places.entry(key(row)).or_insert_with(|| {
            groups.push(Group {
                first: row,
                runs: Vec::new(),
                unproven: None,
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.runs.push((row.split, row.value));
            let unproven = row.is_unconverged().then_some(row.status.as_str());
            group.unproven = group.unproven.or(unproven);
        }
    }
    let mut found: Vec<ResultRow> = groups.iter().filter_map(Group::mean).collect();
    for group in &groups {
        let probed = group.first.metric == "accuracy" && group.first.probe != "none";
        if probed && group.first.checkpoint_role == "last" {
            let untrained = ResultRow {
                step: Some(0),
                ..group.first.clone()
            };
            let untrained = places
                .get(&key(&untrained))
                .and_then(|place| groups.get(*place));
            found.extend(untrained.and_then(|untrained| group.change(untrained)));
        }
    }
    found
}

/// The same measure of networks that differ in their run alone.
struct Group<'a> {
    first: &'a ResultRow,
    runs: Vec<(Option<u32>, f64)>,
    /// How the first fit without a proof ended, if there is one.
    unproven: Option<&'a str>,
}

impl Group<'_> {
    fn mean(&self) -> Option<ResultRow> {
        let values: Vec<f64> = self.runs.iter().map(|(_, value)| *value).collect();
        let row = self.row(&values, self.unproven)?;
        Some(ResultRow {
            lower: row.lower.map(|lower| lower.max(0.0)),
            upper: row.upper.map(|upper| upper.min(1.0)),
            ..row
        })
    }

    fn change(&self, untrained: &Self) -> Option<ResultRow> {
        let mut changes = Vec::new();
        for (run, value) in &self.runs {
            let before = untrained.runs.iter().find(|(other, _)| other == run);
            changes.extend(before.map(|(_, before)| value - before));
        }
        Some(ResultRow {
            metric: "enhancement".to_owned(),
            step_b: Some(0),
            layer_b: self.first.layer.clone(),
            ..self.row(&changes, self.unproven.or(untrained.unproven))?
        })
    }

    fn row(&self, values: &[f64], unproven: Option<&str>) -> Option<ResultRow> {
        let mean = mean_interval(values)?;
        Some(ResultRow {
            condition: kind_of(&self.first.condition, self.first.split),
            split: None,
            predictivity_effective: None,
            value: mean.mean,
            lower: Some(mean.lower),
            upper: Some(mean.upper),
            interval_kind: "runs".to_owned(),
            n_clusters: Some(values.len() as u64),
            n_runs: Some(values.len() as u64),
            penalty: None,
            iterations: None,
            gradient_norm: None,
            objective_gap: None,
            status: unproven.unwrap_or(self.first.status.as_str()).to_owned(),
            ..self.first.clone()
        })
    }
}

/// A condition's name with a `*` for its run.
fn kind_of(condition: &str, run: Option<u32>) -> String {
    let run = run.map(|run| format!("-run{run}-")).unwrap_or_default();
    condition.replace(&run, "-run*-")
}

type Key<'a> = (&'a str, u64, Option<u64>, [&'a str; 5]);

/// What runs have in common.
fn key(row: &ResultRow) -> Key<'_> {
    let predictivity = row.predictivity.map_or(0, f64::to_bits);
    let measured = [
        &row.layer,
        &row.feature,
        &row.probe,
        &row.protocol,
        &row.metric,
    ];
    let measured = measured.map(String::as_str);
    (&row.target, predictivity, row.step, measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(run: u32, step: u64, role: &str, value: f64) -> ResultRow {
        ResultRow {
            condition: format!("binary-label-easy0.5-mlp-run{run}-seed0"),
            split: Some(run),
            step: Some(step),
            checkpoint_role: role.to_owned(),
            feature: "easy".to_owned(),
            layer: "fc4".to_owned(),
            probe: "linear".to_owned(),
            metric: "accuracy".to_owned(),
            predictivity: Some(0.5),
            value,
            ..ResultRow::default()
        }
    }

    #[test]
    fn runs_are_averaged_and_changes_paired() {
        // the runs in another order at the end
        let rows = [
            row(0, 0, "initial", 0.6),
            row(1, 0, "initial", 0.8),
            row(1, 9, "last", 1.0),
            row(0, 9, "last", 0.8),
        ];
        let found = rows_over_runs(&rows);
        let said: Vec<_> = found.iter().map(|r| (r.metric.as_str(), r.step)).collect();
        assert_eq!(
            said,
            [
                ("accuracy", Some(0)),
                ("accuracy", Some(9)),
                ("enhancement", Some(9))
            ]
        );
        assert!((found[1].value - 0.9).abs() < 1e-12);
        assert_eq!((found[1].upper, found[1].n_runs), (Some(1.0), Some(2)));
        assert_eq!(found[1].condition, "binary-label-easy0.5-mlp-run*-seed0");
        assert!((found[2].value - 0.2).abs() < 1e-12);
        assert!((found[2].lower.unwrap() - 0.2).abs() < 1e-12);
        assert!(rows_over_runs(&[rows[0].clone(), rows[3].clone()]).is_empty());
    }

    #[test]
    fn a_fit_without_proof_in_any_run_marks_the_mean() {
        let with = |statuses: [&str; 4]| {
            let rows = [
                row(0, 0, "initial", 0.6),
                row(1, 0, "initial", 0.8),
                row(0, 9, "last", 0.8),
                row(1, 9, "last", 1.0),
            ];
            let rows: Vec<ResultRow> = rows
                .into_iter()
                .zip(statuses)
                .map(|(row, status)| ResultRow {
                    status: status.to_owned(),
                    ..row
                })
                .collect();
            let found = rows_over_runs(&rows).into_iter();
            found.map(|row| row.status).collect::<Vec<String>>()
        };
        let proven = "converged";
        assert_eq!(with([proven; 4]), [proven; 3]);
        // the means before and after training, and the change
        assert_eq!(
            with([proven, proven, proven, "max_iterations"]),
            [proven, "max_iterations", "max_iterations"]
        );
        assert_eq!(
            with([proven, "separable", proven, proven]),
            ["separable", proven, "separable"]
        );
        assert_eq!(with(["fixed_budget"; 4]), ["fixed_budget"; 3]);
    }
}
