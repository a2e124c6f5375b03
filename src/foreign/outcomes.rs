use layerprobe_probes::{
    CheckedProbeParams, Extras, LayerData, ProbeKeys, ProbeOutcome, ProbeTask, Selection,
    measure_layer,
};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;
use ndarray::ArrayView2;

use super::{Cut, ForeignError, ForeignLayer, Labels};
use crate::experiment::rows_of_outcome;

/// The protocol's name and version, written into every row.
pub const PROTOCOL: &str = "own/1";

/// What one layer gave.
#[derive(Clone, Debug)]
pub struct ForeignOutcomes {
    /// The layer.
    pub layer: String,
    /// Its dimensions.
    pub dim: usize,
    /// An outcome a feature.
    pub outcomes: Vec<ProbeOutcome>,
}

/// Probes a layer for every feature of the labels. With `log_probabilities`
/// predictions keep those of all classes.
///
/// # Errors
/// If the counts differ or the data cannot be probed.
pub fn probe(
    layer: &ForeignLayer,
    labels: &Labels,
    cut: &Cut,
    params: &CheckedProbeParams,
    key: StreamKey,
    log_probabilities: bool,
) -> Result<ForeignOutcomes, ForeignError> {
    let mismatch = || ForeignError::Count {
        layer: layer.name.clone(),
        stimuli: layer.rows(),
        labels: labels.len(),
    };
    if layer.rows() != labels.len() {
        return Err(mismatch());
    }
    let activations =
        ArrayView2::from_shape((layer.rows(), layer.dim), &layer.values).map_err(|_| mismatch())?;
    let tasks: Vec<ProbeTask<'_>> = labels
        .features
        .iter()
        .map(|feature| ProbeTask {
            feature: &feature.name,
            classes: feature.values.len(),
            labels: &feature.classes,
            test: &cut.test,
        })
        .collect();
    let keys = ProbeKeys {
        selection: key.derive("probe/split"),
        bootstrap: key.derive("probe/bootstrap"),
    };
    let data = LayerData {
        channels: None,
        activations,
        groups: &labels.groups,
        selection: match &cut.selection {
            Some(rows) => Selection::Rows(rows),
            None => Selection::Drawn,
        },
    };
    let extras = Extras {
        log_probabilities,
        ..Extras::default()
    };
    let measured = measure_layer(
        &layer.name,
        &data,
        &cut.train,
        &tasks,
        params,
        &keys,
        &extras,
    )?;
    Ok(ForeignOutcomes {
        layer: layer.name.clone(),
        dim: layer.dim,
        outcomes: measured.probes,
    })
}

/// The rows of `results.csv`.
pub fn rows(condition: &str, seed: u64, cut: &Cut, found: &ForeignOutcomes) -> Vec<ResultRow> {
    let here = ResultRow {
        condition: condition.to_owned(),
        dataset: "own".to_owned(),
        protocol: PROTOCOL.to_owned(),
        seed: Some(seed),
        layer: found.layer.clone(),
        dim: Some(found.dim as u64),
        split_kind: cut.kind.to_owned(),
        ..ResultRow::default()
    };
    let outcomes = found.outcomes.iter();
    outcomes
        .flat_map(|outcome| rows_of_outcome(&here, outcome))
        .collect()
}
