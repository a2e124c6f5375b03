use layerprobe_probes::LayerOutcome;
use layerprobe_reports::{ConfusionRow, ResultRow};

use crate::experiment::probing::probe_sets::ProbeSet;
use crate::results::split_name;

/// How often each probe took one class for another: a row for every pair of
/// classes that occurred.
pub fn rows_of_confusion(
    here: &ResultRow,
    set: &ProbeSet,
    outcome: &LayerOutcome,
) -> Vec<ConfusionRow> {
    let mut rows = Vec::new();
    for probe in &outcome.probes {
        let values = set.values(&probe.feature);
        let counts = probe.confusion.chunks(probe.classes.max(1));
        for (label, counts) in values.iter().zip(counts) {
            for (predicted, &count) in values.iter().zip(counts) {
                if count > 0 {
                    rows.push(ConfusionRow {
                        feature: probe.feature.clone(),
                        split_kind: split_name(here, probe.split),
                        label: label.clone(),
                        predicted: predicted.clone(),
                        count: u64::from(count),
                        status: probe.status.as_str().to_owned(),
                        ..ConfusionRow::at(here)
                    });
                }
            }
        }
    }
    rows
}
