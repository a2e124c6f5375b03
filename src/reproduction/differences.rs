use std::collections::BTreeSet;

use layerprobe_reports::{ResultRow, rows_over_runs};

/// What the paper's choice of decoders adds to accuracies and to changes by training,
/// as rows over the runs of each experiment that was decoded by both protocols
/// (`protocol_difference`, `protocol_difference_enhancement`); their condition is
/// the experiment.
pub(super) fn protocol_differences(rows: &[ResultRow]) -> Vec<ResultRow> {
    let experiment = |row: &ResultRow| row.condition.split_once('/').map(|(id, _)| id.to_owned());
    let is_bound = |row: &&ResultRow| row.selected_by == "tested_stimuli";
    let by_both: BTreeSet<String> = rows
        .iter()
        .filter(is_bound)
        .filter_map(experiment)
        .collect();
    let mut differences = Vec::new();
    for id in by_both {
        let of_it = rows
            .iter()
            .filter(|row| experiment(row).as_ref() == Some(&id));
        let of_it: Vec<ResultRow> = of_it.cloned().collect();
        let over_runs = rows_over_runs(&of_it).into_iter();
        let found = over_runs.filter(|row| row.metric.starts_with("protocol_difference"));
        differences.extend(found.map(|row| ResultRow {
            condition: id.clone(),
            ..row
        }));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_experiment_has_differences_of_its_own() {
        let row = |id: &str, version: u32, step: u64, protocol: &str, value: f64| ResultRow {
            condition: format!("{id}/shape-{version}"),
            target: "shape".to_owned(),
            split: Some(version),
            step: Some(step),
            checkpoint_role: if step == 0 { "initial" } else { "last" }.to_owned(),
            layer: "fc1".to_owned(),
            feature: "color".to_owned(),
            metric: "accuracy".to_owned(),
            protocol: protocol.to_owned(),
            selected_by: match protocol.starts_with("paper") {
                true => "tested_stimuli",
                false => "accuracy",
            }
            .to_owned(),
            split_kind: "held_out_values".to_owned(),
            value,
            ..ResultRow::default()
        };
        let mut rows = Vec::new();
        for version in 0..3 {
            let own = 0.5 + 0.125 * f64::from(version);
            for (id, step, more) in [
                ("first", 0, 0.125),
                ("first", 9, 0.25),
                ("second", 9, 0.125),
            ] {
                rows.push(row(id, version, step, "clean/4", own));
                rows.push(row(id, version, step, "paper/1", own + more));
            }
            rows.push(row("third", version, 9, "clean/4", own));
        }
        let found = protocol_differences(&rows);
        let found = found.iter();
        let found = found.map(|row| (&*row.condition, &*row.metric, row.value, row.n_runs));
        let found: Vec<_> = found.collect();
        let accuracy = "protocol_difference";
        assert_eq!(
            found,
            [
                ("first", accuracy, 0.125, Some(3)),
                ("first", accuracy, 0.25, Some(3)),
                ("first", "protocol_difference_enhancement", 0.125, Some(3)),
                ("second", accuracy, 0.125, Some(3)),
            ]
        );
    }
}
