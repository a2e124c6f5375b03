use std::path::Path;

use super::{ForeignError, ForeignOutcomes, Labels};

/// Writes what the probes said of each test stimulus: `layer, feature,
/// stimulus` (row of the activations, from 0), `label, predicted,
/// log_probability` (of the true label, nats).
///
/// # Errors
/// If the file cannot be written.
pub fn write_predictions(
    path: &Path,
    labels: &Labels,
    found: &[ForeignOutcomes],
) -> Result<(), ForeignError> {
    let failed = |source| ForeignError::Write {
        path: path.to_owned(),
        source,
    };
    let table = || -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record([
            "layer",
            "feature",
            "stimulus",
            "label",
            "predicted",
            "log_probability",
        ])?;
        for layer in found {
            for (feature, outcome) in labels.features.iter().zip(&layer.outcomes) {
                let value = |class: u32| feature.values.get(class as usize).map_or("", |v| v);
                for prediction in &outcome.predictions {
                    table.write_record([
                        &layer.layer,
                        &feature.name,
                        &prediction.row.to_string(),
                        value(prediction.label),
                        value(prediction.predicted),
                        &prediction.log_probability.to_string(),
                    ])?;
                }
            }
        }
        table
            .into_inner()
            .map_err(|error| error.into_error().into())
    };
    let bytes = table().map_err(|error| failed(std::io::Error::other(error)))?;
    layerprobe_durable::write(path, &bytes).map_err(failed)
}
