use layerprobe_probes::ProbeOutcome;
use layerprobe_reports::{PredictionRow, PredictionTable, ReportError};

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
