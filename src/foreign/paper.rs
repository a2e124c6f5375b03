use std::ops::ControlFlow;

use layerprobe_probes::{
    CheckedAdamGrid, FeatureCurves, LayerData, ProbeTask, Selection, View, choose, train_grid,
};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;
use ndarray::ArrayView2;

use super::{Cut, ForeignError, ForeignLayer, Labels};
use crate::activations::Matrix;
use crate::results::{PAPER_PROTOCOL, PAPER_SELECTED_BY};

/// Decodes a layer by the protocol of Hermann & Lampinen 2020, appendix B.1.1:
/// every feature by every point of `grid`, trained by Adam on the activations as
/// they are. Of all points and epochs the one that is best on the test stimuli is
/// reported, with its accuracy there: an upper bound. `progress` is told how many
/// epochs are done.
///
/// # Errors
/// If the layer is not in memory, or the data cannot be probed.
pub fn rows_by_paper(
    (condition, seed): (&str, u64),
    layer: &ForeignLayer,
    (labels, cut): (&Labels, &Cut),
    grid: &CheckedAdamGrid,
    key: StreamKey,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<ResultRow>, ForeignError> {
    let Matrix::Memory(values) = &layer.matrix else {
        return Err(ForeignError::Content {
            path: layer.path.clone(),
            problem: format!(
                "`{}` does not fit into memory, where the protocol paper wants it: raise --max-memory",
                layer.name
            ),
        });
    };
    let activations = ArrayView2::from_shape((layer.rows, layer.dim), values).map_err(|_| {
        ForeignError::Count {
            path: layer.path.clone(),
            layer: layer.name.clone(),
            stimuli: layer.rows,
            labels: labels.len(),
        }
    })?;
    let data = LayerData {
        activations,
        groups: &labels.groups,
        selection: Selection::Drawn,
        channels: None,
    };
    let tasks: Vec<ProbeTask<'_>> = labels.tasks(&cut.test);
    let mut go_on = |epoch| {
        progress(epoch);
        ControlFlow::Continue(())
    };
    let key = key.derive("probe/adam").derive(&layer.name);
    let trained = train_grid(
        &layer.name,
        &data,
        &cut.train,
        &tasks,
        grid,
        key,
        &mut go_on,
    )
    .map_err(|source| ForeignError::Probe {
        path: layer.path.clone(),
        source,
    })?;
    let here = ResultRow {
        condition: condition.to_owned(),
        dataset: "own".to_owned(),
        protocol: PAPER_PROTOCOL.to_owned(),
        seed: Some(seed),
        layer: layer.name.clone(),
        dim: Some(layer.dim as u64),
        view: View::Full.to_string(),
        split_kind: cut.kind.to_owned(),
        n_runs: Some(1),
        ..ResultRow::default()
    };
    Ok(match trained {
        ControlFlow::Continue(found) => found
            .iter()
            .flat_map(|found| rows_of(&here, found, grid))
            .collect(),
        ControlFlow::Break(()) => Vec::new(),
    })
}

/// The accuracy of the best decoder, and chance.
fn rows_of(here: &ResultRow, found: &FeatureCurves, grid: &CheckedAdamGrid) -> Vec<ResultRow> {
    let curves = &found.curves;
    let Some(choice) = choose(&[curves]) else {
        return Vec::new();
    };
    let (rate, decay) = grid.points()[choice.point];
    let tested = ResultRow {
        feature: found.feature.clone(),
        n_train: Some(curves.n_train as u64),
        n_test: Some(curves.n_test as u64),
        ..here.clone()
    };
    let steps = curves.n_train.div_ceil(grid.batch_size());
    let accuracy = ResultRow {
        probe: "linear".to_owned(),
        metric: "accuracy".to_owned(),
        value: choice.mean,
        iterations: Some((choice.epoch * steps) as u64),
        status: "fixed_budget".to_owned(),
        selected_by: PAPER_SELECTED_BY.to_owned(),
        learning_rate: Some(rate),
        weight_decay: Some(decay),
        ..tested.clone()
    };
    let chance = ResultRow {
        probe: "none".to_owned(),
        metric: "chance".to_owned(),
        value: found.chance,
        ..tested
    };
    vec![accuracy, chance]
}
