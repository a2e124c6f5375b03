use std::collections::BTreeSet;

use layerprobe_streams::StreamKey;
use ndarray::ArrayView2;

use crate::checks::{check_classes, check_layer};
use crate::fitting::{Form, fit_all, settle, status_from};
use crate::outcome::PathPoint;
use crate::selection::select_groups;
use crate::solve::{Fit, Panel, Stopping, Task};
use crate::standardize::{Standardized, Standardizer};
use crate::test_set::{Score, outcome, score};
use crate::{CheckedProbeParams, ProbeError, ProbeOutcome};

/// The activations of one layer: a row a stimulus.
#[derive(Clone, Copy, Debug)]
pub struct LayerData<'a> {
    /// Stimuli x dimensions.
    pub activations: ArrayView2<'a, f32>,
    /// The group (the combination of feature values) of each stimulus.
    pub groups: &'a [u32],
    /// Which training rows choose the penalty.
    pub selection: Selection<'a>,
}

/// Which training rows choose the penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// Whole groups, a share of [`crate::ProbeParams::selection_fraction`],
    /// balanced over the classes of all features.
    Drawn,
    /// These, some of the training rows.
    Rows(&'a [usize]),
}

/// One feature to decode.
#[derive(Clone, Copy, Debug)]
pub struct ProbeTask<'a> {
    /// The feature's name.
    pub feature: &'a str,
    /// Number of classes; labels run from 0 to one less.
    pub classes: usize,
    /// One label a stimulus, read only for rows of the training and test set.
    pub labels: &'a [u32],
    /// The rows this feature is tested on.
    pub test: &'a [usize],
}

/// Most iterations of a fit that only chooses the penalty: what it has not
/// reached by then changes its accuracy in the third digit at most.
const SELECTION_ITERATIONS: usize = 100;

/// Relative gap at which a refit leaves a penalty on its way down to the
/// chosen one.
const ROUGH: f64 = 1e-2;

/// The streams a probe draws from.
#[derive(Clone, Copy, Debug)]
pub struct ProbeKeys {
    /// Chooses the groups that select the penalty.
    pub selection: StreamKey,
    /// Resamples groups for intervals; each feature draws from its own name
    /// below this key.
    pub bootstrap: StreamKey,
}

/// Decodes several features from one layer.
///
/// 1. Dimensions are standardized by the training rows.
/// 2. A share of the training groups (combinations), balanced over the
///    classes of all features, is set aside; one probe a penalty is fitted on
///    the rest and judged there. The penalty with the highest accuracy is
///    chosen, the largest of equals.
/// 3. The probe is refitted on all training rows at that penalty and tested
///    once, on the feature's own test rows.
///
/// Each fit minimizes `sum of cross-entropies + penalty / 2 * ||W||^2`,
/// intercept free: multinomial logistic regression as in Hermann & Lampinen
/// 2020, appendix B, but standardized, selected without the test set, and
/// certified. Nothing of the test rows takes part in any choice.
///
/// ```
/// use layerprobe_probes::{LayerData, ProbeKeys, ProbeParams, ProbeTask, Selection, probe_layer};
/// use layerprobe_streams::StreamKey;
/// use ndarray::Array2;
///
/// // 40 groups of 3 stimuli; dimension 0 tells the two classes apart
/// let groups: Vec<u32> = (0..120).map(|row| row / 3).collect();
/// let labels: Vec<u32> = groups.iter().map(|group| group % 2).collect();
/// let mut noise = StreamKey::from_seed(0).at(0);
/// let activations = Array2::from_shape_fn((120, 5), |(row, dim)| {
///     let signal = if dim == 0 { 3.0 * labels[row] as f64 } else { 0.0 };
///     (signal + noise.normal()) as f32
/// });
/// let (train, test): (Vec<usize>, Vec<usize>) = ((0..90).collect(), (90..120).collect());
/// let key = StreamKey::from_seed(0).derive("probe");
/// let outcomes = probe_layer(
///     "fc1",
///     &LayerData { activations: activations.view(), groups: &groups, selection: Selection::Drawn },
///     &train,
///     &[ProbeTask { feature: "shape", classes: 2, labels: &labels, test: &test }],
///     &ProbeParams::default().check()?,
///     &ProbeKeys { selection: key.derive("split"), bootstrap: key.derive("bootstrap") },
/// )?;
/// assert!(outcomes[0].accuracy > 0.8);
/// assert!(outcomes[0].certificate.relative_gap() < 1e-6);
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// Activations that are not finite, row lists that are empty, repeated,
/// overlapping or out of range, labels out of range, a feature with one
/// value, a class missing from the training or the selection-training rows,
/// fewer than two groups. All but the first are found before any work starts.
pub fn probe_layer(
    layer: &str,
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
) -> Result<Vec<ProbeOutcome>, ProbeError> {
    check_layer(layer, data, train, tasks)?;
    let (order, used) = split(data, train, tasks, params, keys)?;
    let rows = order.len();
    let owned = data.activations.as_standard_layout();
    let scale = Standardizer::fit(layer, owned.view(), &order, params.scaling())?;
    let scaled = Standardized {
        layer,
        values: owned.as_slice().unwrap_or(&[]),
        row_len: owned.ncols(),
        scale: &scale,
    };
    let tested = union(tasks);
    scaled.check_finite(&tested)?;
    let failed = |source| ProbeError::Factorization {
        layer: layer.to_owned(),
        source,
    };

    let form = Form::of(&scaled, &order, params.solver());
    let labels: Vec<Vec<u32>> = tasks
        .iter()
        .map(|task| order.iter().map(|&row| task.labels[row]).collect())
        .collect();
    let paths = {
        let space = form.space(used, rows).map_err(failed)?;
        let tasks = solver_tasks(tasks, &labels, used);
        let penalties: Vec<&[f64]> = tasks.iter().map(|_| params.penalties()).collect();
        let stopping = Stopping {
            tolerance: params.selection_tolerance(),
            on_the_way: params.selection_tolerance(),
            max_iterations: params.max_iterations().min(SELECTION_ITERATIONS),
        };
        fit_all(&form, &space, &tasks, &penalties, stopping, params.solver())?
    };
    let points = judge_paths(&form, used, tasks, &labels, &paths, &scale);

    let chosen: Vec<usize> = points.iter().map(|points| most_accurate(points)).collect();
    let (fits, weights) = {
        let space = form.space(rows, rows).map_err(failed)?;
        let penalties: Vec<&[f64]> = chosen
            .iter()
            .map(|&at| &params.penalties()[..=at])
            .collect();
        let tasks = solver_tasks(tasks, &labels, rows);
        let stopping = Stopping {
            tolerance: params.tolerance(),
            on_the_way: ROUGH.max(params.tolerance()),
            max_iterations: params.max_iterations(),
        };
        let mut fits: Vec<Fit> =
            fit_all(&form, &space, &tasks, &penalties, stopping, params.solver())?
                .into_iter()
                .filter_map(|mut path| path.pop())
                .collect();
        let weights = settle(&form, &space, &scaled, &order, &tasks, &mut fits, stopping);
        (fits, weights)
    };
    let logits = scaled.project(&tested, &weights.data, weights.cols);
    let mut start = 0;
    let mut outcomes = Vec::with_capacity(tasks.len());
    for ((task, fit), (points, chosen)) in
        tasks.iter().zip(&fits).zip(points.into_iter().zip(chosen))
    {
        let own: Vec<Vec<f64>> = task
            .test
            .iter()
            .map(|row| {
                let place = tested.binary_search(row).unwrap_or_default();
                let logits = &logits[place * weights.cols + start..][..task.classes];
                logits
                    .iter()
                    .zip(&fit.intercept)
                    .map(|(z, b)| z + b)
                    .collect()
            })
            .collect();
        start += task.classes;
        let converged = fit.certificate.relative_gap() <= params.tolerance();
        let status = status_from(converged, &scale);
        outcomes.push(outcome(
            task,
            data.groups,
            train,
            &own,
            points,
            chosen,
            fit,
            status,
            params,
            keys,
        ));
    }
    Ok(outcomes)
}

/// Training rows with those that select the penalty last, and how many come
/// before them.
fn split(
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
) -> Result<(Vec<usize>, usize), ProbeError> {
    let (selection, mut order): (Vec<usize>, Vec<usize>) = match data.selection {
        Selection::Rows(rows) => {
            let rows: BTreeSet<usize> = rows.iter().copied().collect();
            train.iter().partition(|row| rows.contains(row))
        }
        Selection::Drawn => {
            let chosen = draw_groups(data.groups, train, tasks, params, keys)?;
            train
                .iter()
                .partition(|&&row| chosen.binary_search(&data.groups[row]).is_ok())
        }
    };
    let used = order.len();
    for task in tasks {
        check_classes(task, &order, "selection-training")?;
    }
    order.extend(selection);
    Ok((order, used))
}

/// The groups that choose the penalty, ascending.
fn draw_groups(
    groups: &[u32],
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
) -> Result<Vec<u32>, ProbeError> {
    let of_train: Vec<u32> = train.iter().map(|&row| groups[row]).collect();
    let labels: Vec<Vec<u32>> = tasks
        .iter()
        .map(|task| train.iter().map(|&row| task.labels[row]).collect())
        .collect();
    let labels: Vec<&[u32]> = labels.iter().map(Vec::as_slice).collect();
    let chosen = select_groups(
        &of_train,
        &labels,
        params.selection_fraction(),
        keys.selection,
    );
    if chosen.is_empty() {
        return Err(ProbeError::TooFewGroups { groups: 1 });
    }
    Ok(chosen)
}

/// All tasks' test rows, ascending, each once.
fn union(tasks: &[ProbeTask<'_>]) -> Vec<usize> {
    let mut rows: Vec<usize> = tasks.iter().flat_map(|task| task.test).copied().collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn solver_tasks<'a>(tasks: &[ProbeTask<'_>], labels: &'a [Vec<u32>], rows: usize) -> Vec<Task<'a>> {
    tasks
        .iter()
        .zip(labels)
        .map(|(task, labels)| Task {
            labels: &labels[..rows],
            classes: task.classes,
        })
        .collect()
}

/// Judges every fit of every path on the selection rows.
fn judge_paths(
    form: &Form,
    used: usize,
    tasks: &[ProbeTask<'_>],
    labels: &[Vec<u32>],
    paths: &[Vec<Fit>],
    scale: &Standardizer,
) -> Vec<Vec<PathPoint>> {
    let blocks: Vec<(&[f64], usize)> = tasks
        .iter()
        .zip(paths)
        .flat_map(|(task, path)| {
            path.iter()
                .map(|fit| (fit.coefficients.as_slice(), task.classes))
        })
        .collect();
    let size = match form {
        Form::Gram { .. } => used,
        Form::Primal { width, .. } => *width,
    };
    let rows = labels.first().map_or(used, Vec::len);
    let logits = form.rest(used, rows, &Panel::beside(size, &blocks));
    let mut start = 0;
    let mut points = Vec::with_capacity(tasks.len());
    for ((task, labels), path) in tasks.iter().zip(labels).zip(paths) {
        let mut along = Vec::with_capacity(path.len());
        for fit in path {
            let own = logits.columns(start, task.classes);
            start += task.classes;
            let shifted = own.chunks_exact(task.classes).map(|row| {
                row.iter()
                    .zip(&fit.intercept)
                    .map(|(z, b)| z + b)
                    .collect::<Vec<_>>()
            });
            let Score {
                accuracy,
                cross_entropy,
            } = score(shifted, &labels[used..]);
            along.push(PathPoint {
                penalty: fit.penalty,
                accuracy,
                cross_entropy,
                iterations: fit.iterations,
                certificate: fit.certificate,
                status: status_from(fit.converged, scale),
            });
        }
        points.push(along);
    }
    points
}

/// Place of the highest accuracy; penalties fall along the path, so the first
/// of equals is the largest.
fn most_accurate(points: &[PathPoint]) -> usize {
    let mut best = 0;
    for (place, point) in points.iter().enumerate() {
        if point.accuracy > points[best].accuracy {
            best = place;
        }
    }
    best
}
