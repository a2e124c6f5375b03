//! p-values, once all layers and checkpoints are probed.

use std::collections::BTreeMap;

use layerprobe_probes::{ProbeError, SplitKind, null_maxima, permutation_p_value};
use layerprobe_reports::ResultRow;

/// A condition, a feature and a view: what a family of statistics has in common.
type Family = (String, String, String);
/// A layer of a checkpoint.
type Place = (Option<u64>, String);

/// From the rows of permuted probes, for each condition, feature and view: the
/// maximum of each permutation over all layers and checkpoints that have them,
/// and the p-value of each accuracy there among these maxima. Rows without
/// permutations give none.
///
/// # Errors
/// If places of one family have different numbers of permutations.
pub fn rows_of_families(rows: &[ResultRow]) -> Result<Vec<ResultRow>, ProbeError> {
    let mut families: BTreeMap<Family, BTreeMap<Place, Vec<f64>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.metric == "null_accuracy") {
        families
            .entry((row.condition.clone(), row.feature.clone(), row.view.clone()))
            .or_default()
            .entry((row.step, row.layer.clone()))
            .or_default()
            .push(row.value);
    }
    // on other stimuli than those of the permutations
    let within = [SplitKind::SeenValues, SplitKind::Instance].map(SplitKind::as_str);
    let mut found = Vec::new();
    for ((condition, feature, view), places) in families {
        let nulls: Vec<Vec<f64>> = places.values().cloned().collect();
        let maxima = null_maxima(&nulls)?;
        let tested = rows.iter().filter(|row| {
            row.metric == "accuracy"
                && row.probe == "linear"
                && !within.contains(&row.split_kind.as_str())
                && (&row.condition, &row.feature, &row.view) == (&condition, &feature, &view)
                && places.contains_key(&(row.step, row.layer.clone()))
        });
        let mut p_values: Vec<ResultRow> = Vec::new();
        for row in tested {
            p_values.push(ResultRow {
                metric: "p_value".to_owned(),
                value: permutation_p_value(row.value, &maxima),
                lower: None,
                upper: None,
                interval_kind: String::new(),
                n_clusters: None,
                ..row.clone()
            });
        }
        if let Some(any) = p_values.first() {
            found.extend(maxima.iter().zip(0..).map(|(&value, repeat)| ResultRow {
                metric: "null_max".to_owned(),
                value,
                repeat: Some(repeat),
                ..of_family(any)
            }));
        }
        found.append(&mut p_values);
    }
    Ok(found)
}

/// A row without what belongs to one layer, checkpoint or fit.
fn of_family(row: &ResultRow) -> ResultRow {
    ResultRow {
        step: None,
        epoch: None,
        checkpoint_role: String::new(),
        layer: String::new(),
        dim: None,
        penalty: None,
        iterations: None,
        gradient_norm: None,
        objective_gap: None,
        status: String::new(),
        ..row.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(metric: &str, layer: &str, step: u64, value: f64) -> ResultRow {
        ResultRow {
            condition: "one".to_owned(),
            feature: "shape".to_owned(),
            probe: "linear".to_owned(),
            split_kind: "held_out_values".to_owned(),
            metric: metric.to_owned(),
            layer: layer.to_owned(),
            step: Some(step),
            value,
            ..ResultRow::default()
        }
    }

    #[test]
    fn p_values_are_among_the_maxima_of_the_family() {
        let mut rows = vec![
            row("accuracy", "fc1", 0, 0.35),
            row("accuracy", "fc1", 5, 0.9),
            row("accuracy", "pool1", 0, 0.2),
        ];
        for (layer, step, values) in [("fc1", 0, [0.1, 0.2, 0.4]), ("fc1", 9, [0.3, 0.1, 0.1])] {
            rows.extend(values.map(|value| row("null_accuracy", layer, step, value)));
        }
        let found = rows_of_families(&rows).unwrap();
        let of = |metric: &str| -> Vec<&ResultRow> {
            found.iter().filter(|row| row.metric == metric).collect()
        };
        let maxima: Vec<f64> = of("null_max").iter().map(|row| row.value).collect();
        assert_eq!(maxima, [0.3, 0.2, 0.4]);
        assert!(
            of("null_max")
                .iter()
                .all(|row| row.step.is_none() && row.layer.is_empty())
        );
        // only places with permutations are judged
        let judged = of("p_value");
        assert_eq!(judged.len(), 1);
        assert_eq!((judged[0].step, judged[0].value), (Some(0), 2.0 / 4.0));
    }

    #[test]
    fn without_permutations_there_is_nothing_to_say() {
        let rows = [row("accuracy", "fc1", 0, 0.35)];
        assert!(rows_of_families(&rows).unwrap().is_empty());
        let torn = [
            row("null_accuracy", "fc1", 0, 0.1),
            row("null_accuracy", "fc1", 0, 0.1),
            row("null_accuracy", "pool1", 0, 0.1),
        ];
        assert!(rows_of_families(&torn).is_err());
    }
}
