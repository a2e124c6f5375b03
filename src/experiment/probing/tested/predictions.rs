use std::path::PathBuf;

use layerprobe_probes::{LayerOutcome, ProbeOutcome};
use layerprobe_reports::{PredictionRow, PredictionTable, ReportError, ResultRow};

use crate::experiment::probing::probe_sets::ProbeSet;
use crate::experiment::probing::rows::split_name;

/// Writes what one probe said of each of its test stimuli. `feature` is the
/// feature's place in the table; `stimulus` gives the number and the group
/// behind a row of activations.
///
/// # Errors
/// If the table cannot be written.
pub fn write_predictions(
    table: &mut PredictionTable<'_>,
    (layer, view, feature): (&str, &str, usize),
    split_kind: &str,
    outcome: &ProbeOutcome,
    stimulus: impl Fn(usize) -> (u64, u32),
) -> Result<(), ReportError> {
    for prediction in &outcome.predictions {
        let (stimulus, group) = stimulus(prediction.row);
        table.write(&PredictionRow {
            layer,
            feature,
            stimulus,
            label: prediction.label,
            predicted: prediction.predicted,
            log_probability: prediction.log_probability,
            split_kind,
            group,
            view,
            log_probabilities: &prediction.log_probabilities,
        })?;
    }
    Ok(())
}

/// Writes the predictions of every probe of a layer, a file a feature.
///
/// # Errors
/// If a file cannot be written.
pub fn write_layer_predictions(
    path: impl Fn(&str) -> PathBuf,
    here: &ResultRow,
    set: &ProbeSet,
    outcome: &LayerOutcome,
) -> Result<(), ReportError> {
    for (feature, values) in set.features() {
        let mut table = PredictionTable::create(&path(feature), &[(feature, values)])?;
        let own = outcome.probes.iter();
        for probe in own.filter(|probe| probe.feature == feature) {
            let split_kind = split_name(here, probe.split);
            let place = (here.layer.as_str(), here.view.as_str(), 0);
            write_predictions(&mut table, place, &split_kind, probe, |row| {
                let stimulus = set.stimuli.get(row).copied().unwrap_or_default();
                (stimulus as u64, set.group(row))
            })?;
        }
        table.commit()?;
    }
    Ok(())
}
