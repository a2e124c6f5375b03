use layerprobe_probes::{
    CheckedProbeParams, Extras, LayerData, LayerOutcome, ProbeError, ProbeKeys, ProbeOutcome,
    Scaling, Selection, SplitKind, StreamedLayer, View, Viewed, measure_layer, measure_streamed,
};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;
use ndarray::{Array2, ArrayView2};

use super::{Cut, ForeignError, ForeignLayer, Labels};
use crate::activations::Matrix;
use crate::results::rows_of_layer;

/// The protocol's name and version, written into every row, with the scaling
/// where it is not [`Scaling::Channel`], and the column of strata, if there is one.
pub const PROTOCOL: &str = "own/3";

/// What one layer gave.
#[derive(Clone, Debug)]
pub struct ForeignOutcomes {
    /// The layer.
    pub layer: String,
    /// What of it was probed.
    pub view: View,
    /// Its dimensions.
    pub dim: usize,
    /// How dimensions were scaled.
    pub scaling: Scaling,
    /// The column within whose values labels were permuted, if any.
    pub strata: Option<String>,
    /// An outcome a feature, and what stands around them.
    pub found: LayerOutcome,
}

impl ForeignOutcomes {
    /// The outcomes on the test stimuli, one a feature.
    pub fn outcomes(&self) -> impl Iterator<Item = &ProbeOutcome> {
        let given = |probe: &&ProbeOutcome| probe.split == SplitKind::Given;
        self.found.probes.iter().filter(given)
    }
}

/// Probes a view of a layer for every feature of the labels; `extras` say what
/// else is measured.
///
/// # Errors
/// If the counts differ or the data cannot be probed.
pub fn probe(
    (layer, view): (&ForeignLayer, View),
    labels: &Labels,
    cut: &Cut,
    params: &CheckedProbeParams,
    key: StreamKey,
    extras: &Extras<'_>,
) -> Result<ForeignOutcomes, ForeignError> {
    if layer.rows != labels.len() {
        return Err(mismatch(layer, labels));
    }
    let tasks = labels.tasks(&cut.test);
    let keys = ProbeKeys {
        selection: key.derive("probe/split"),
        bootstrap: key.derive("probe/bootstrap"),
    };
    let selection = match &cut.selection {
        Some(rows) => Selection::Rows(rows),
        None => Selection::Drawn,
    };
    let (name, groups, train) = (&layer.name, &labels.groups, &cut.train);
    let failed = |source: ProbeError| ForeignError::Probe {
        path: layer.path.clone(),
        source,
    };
    let channels = layer.channels;
    let measure = |activations: ArrayView2<'_, f32>, channels, params: &CheckedProbeParams| {
        let data = LayerData {
            activations: activations.reborrow(),
            groups,
            selection,
            channels,
        };
        measure_layer(name, &data, train, &tasks, params, &keys, extras)
    };
    let projection = key.derive("probe/projection").derive(name);
    let scaling = params.scaling();
    let shown = |values: &Array2<f32>, scaling| {
        let params = params.with_scaling(scaling);
        (values.ncols(), measure(values.view(), None, &params))
    };
    let (dim, found) = match &layer.matrix {
        Matrix::Memory(values) => {
            let whole = ArrayView2::from_shape((layer.rows, layer.dim), values)
                .map_err(|_| mismatch(layer, labels))?;
            let seen = view.show(name, whole, channels, train, scaling, projection);
            match seen.map_err(failed)? {
                Viewed::Whole => (layer.dim, measure(whole, channels, params)),
                Viewed::Shown { values, scaling } => shown(&values, scaling),
            }
        }
        Matrix::Disk(store) => {
            let seen = view.show_streamed(name, store, channels, train, scaling, projection);
            match seen.map_err(failed)? {
                Viewed::Whole => {
                    let data = StreamedLayer {
                        activations: store,
                        groups,
                        selection,
                        channels,
                    };
                    let found = measure_streamed(name, &data, train, &tasks, params, &keys, extras);
                    (layer.dim, found)
                }
                Viewed::Shown { values, scaling } => shown(&values, scaling),
            }
        }
    };
    Ok(ForeignOutcomes {
        layer: layer.name.clone(),
        view,
        scaling,
        dim,
        strata: labels.strata.as_ref().map(|strata| strata.column.clone()),
        found: found.map_err(failed)?,
    })
}

fn mismatch(layer: &ForeignLayer, labels: &Labels) -> ForeignError {
    ForeignError::Count {
        path: layer.path.clone(),
        layer: layer.name.clone(),
        stimuli: layer.rows,
        labels: labels.len(),
    }
}

fn protocol(found: &ForeignOutcomes) -> String {
    let scaling = match found.scaling {
        Scaling::Channel => String::new(),
        other => format!(" scaling={}", other.as_str()),
    };
    let strata = found.strata.as_ref();
    let strata = strata.map(|column| format!(" strata={column}"));
    format!("{PROTOCOL}{scaling}{}", strata.unwrap_or_default())
}

/// The rows of `results.csv`.
pub fn rows(condition: &str, seed: u64, cut: &Cut, found: &ForeignOutcomes) -> Vec<ResultRow> {
    let here = ResultRow {
        condition: condition.to_owned(),
        dataset: "own".to_owned(),
        protocol: protocol(found),
        seed: Some(seed),
        layer: found.layer.clone(),
        dim: Some(found.dim as u64),
        view: found.view.to_string(),
        split_kind: cut.kind.to_owned(),
        ..ResultRow::default()
    };
    rows_of_layer(&here, &found.found)
}
