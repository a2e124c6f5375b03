use layerprobe_probes::{LayerOutcome, Prediction, SplitKind, cluster_bootstrap};
use layerprobe_reports::{ResultRow, ValueRow};

use crate::experiment::probing::probe_sets::ProbeSet;

/// The accuracy of each probe of held-out values on the test stimuli that
/// share one held-out value of another feature: a row for every such value. A
/// stimulus with held-out values of two features counts for both.
///
/// Intervals resample combinations as those of whole accuracies do; each value
/// draws from a stream of its own, the same for all layers and checkpoints.
pub fn rows_by_value(
    here: &ResultRow,
    set: &ProbeSet,
    outcome: &LayerOutcome,
    resamples: usize,
) -> Vec<ValueRow> {
    let mut rows = Vec::new();
    let probes = outcome.probes.iter();
    for probe in probes.filter(|probe| probe.split == SplitKind::Given) {
        let others = set.held_out.iter();
        for held in others.filter(|held| held.feature != probe.feature) {
            for (number, value) in held.values.iter().enumerate() {
                let among = |p: &&Prediction| held.has(p.row, number);
                let (correct, groups): (Vec<bool>, Vec<u32>) = probe
                    .predictions
                    .iter()
                    .filter(among)
                    .map(|p| (p.label == p.predicted, set.group(p.row)))
                    .unzip();
                if correct.is_empty() {
                    continue;
                }
                let key = set.by_value.derive(&probe.feature).derive(&held.feature);
                let interval = cluster_bootstrap(&correct, &groups, resamples, key.derive(value));
                let hits = correct.iter().filter(|&&right| right).count();
                rows.push(ValueRow {
                    feature: probe.feature.clone(),
                    held_feature: held.feature.clone(),
                    held_value: value.clone(),
                    accuracy: hits as f64 / correct.len() as f64,
                    lower: Some(interval.lower),
                    upper: Some(interval.upper),
                    n_test: Some(correct.len() as u64),
                    n_clusters: Some(interval.n_clusters as u64),
                    status: probe.status.as_str().to_owned(),
                    ..ValueRow::at(here)
                });
            }
        }
    }
    rows
}
