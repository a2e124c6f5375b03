use std::path::PathBuf;

use layerprobe_probes::LayerOutcome;
use layerprobe_reports::{PredictionTable, ReportError, ResultRow};

use crate::experiment::probing::probe_sets::ProbeSet;
use crate::results::{split_name, write_predictions};

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
