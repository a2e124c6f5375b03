use std::ops::ControlFlow;

use layerprobe_streams::StreamKey;

use super::lessons::{JUDGED, Lessons};
use super::linear::LinearProbes;
use super::params::CheckedAdamGrid;
use super::source::Source;
use crate::checks::{check_finite, check_layer};
use crate::task::Stimuli;
use crate::{LayerData, ProbeError, ProbeTask, Workload, majority_chance};

/// Columns a student has at most, if one probe has no more: its state of 12
/// bytes a weight stays in a core's cache, and products of this width run at
/// full speed.
const COLUMNS: usize = 64;

/// How often each probe of a grid was right after each epoch, for one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridCurves {
    /// Epochs trained.
    pub epochs: usize,
    /// Stimuli trained on.
    pub n_train: usize,
    /// Stimuli judged.
    pub n_test: usize,
    /// Of those, how many were classified rightly: point by point of the grid,
    /// the epochs of each in order.
    pub right: Vec<u32>,
}

/// Curves of one feature, by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureCurves {
    /// The feature.
    pub feature: String,
    /// Accuracy of always naming the most frequent training class.
    pub chance: f64,
    /// The curves.
    pub curves: GridCurves,
}

/// Trains a linear probe for every feature and point of a grid, and judges
/// each on its feature's test rows after every epoch.
///
/// A probe is PyTorch's `Linear` with its default initial values, softmax and
/// mean cross-entropy, trained by `Adam` with L2 on the activations as they
/// are. All points of a feature start from the same values, and all probes
/// see the same batches, so each batch is read once for all of them: their
/// weights lie side by side as the columns of one matrix, `X W` gives all
/// logits and `X^T R` all slopes. Initial values are drawn from
/// `key.derive("init").derive(feature)`, a stream a class, orders from
/// `key.derive("shuffle")`, a stream an epoch.
///
/// `progress` is told how many epochs are done, several times an epoch;
/// where it breaks, training stops and there is no result.
///
/// ```
/// use std::ops::ControlFlow;
/// use layerprobe_probes::{AdamGrid, LayerData, ProbeTask, Selection, train_grid};
/// use layerprobe_streams::StreamKey;
/// use ndarray::Array2;
///
/// let labels: Vec<u32> = (0..90).map(|row| row % 3).collect();
/// let activations = Array2::from_shape_fn((90, 3), |(row, dim)| {
///     f32::from(labels[row] as usize == dim) + ((row * 7 + dim) % 5) as f32 / 10.0
/// });
/// let (train, test): (Vec<usize>, Vec<usize>) = ((0..60).collect(), (60..90).collect());
/// let grid = AdamGrid { learning_rates: vec![1e-6, 0.1], epochs: 20, ..AdamGrid::default() };
/// let curves = train_grid(
///     "fc1",
///     &LayerData { activations: activations.view(), groups: &labels, selection: Selection::Drawn, channels: None },
///     &train,
///     &[ProbeTask { feature: "shape", classes: 3, labels: &labels, test: &test }],
///     &grid.check()?,
///     StreamKey::from_seed(0),
///     &mut |_| ControlFlow::Continue(()),
/// )?;
/// let ControlFlow::Continue(curves) = curves else { unreachable!("nobody stopped it") };
/// // learning rate 0.1, no decay: the seventh point, its last epoch
/// assert_eq!(curves[0].curves.right[7 * 20 - 1], 30);
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// As [`crate::probe_layer`], of rows, labels and activations.
pub fn train_grid(
    layer: &str,
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    grid: &CheckedAdamGrid,
    key: StreamKey,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<ControlFlow<(), Vec<FeatureCurves>>, ProbeError> {
    let stimuli = Stimuli::from(data);
    check_layer(layer, data.activations.dim(), &stimuli, train, tasks)?;
    let owned = data.activations.as_standard_layout();
    let (dims, activations) = (owned.ncols(), owned.as_slice().unwrap_or(&[]));
    check_finite(layer, activations, dims, train)?;
    for task in tasks {
        check_finite(layer, activations, dims, task.test)?;
    }
    let points = grid.points();
    let mut students = Vec::new();
    let mut sizes = Vec::new();
    for task in tasks {
        let init = key.derive("init").derive(task.feature);
        let probes = (COLUMNS / task.classes).max(1);
        let shares = points.chunks(probes).map(|points| {
            // all points start from the same values
            let draw = |_: usize, class: usize| init.at(class as u64);
            let labels = vec![task.labels; points.len()];
            LinearProbes::new(dims, labels, task.classes, points, draw)
        });
        let before = students.len();
        students.extend(shares);
        sizes.push(students.len() - before);
    }
    let lessons = Lessons {
        source: Source::Plain {
            values: activations,
            dims,
        },
        train,
        batch: grid.batch_size(),
        shuffle: key.derive("shuffle"),
    };
    let mut found: Vec<FeatureCurves> = tasks
        .iter()
        .map(|task| curves(task, train, grid.epochs(), points.len()))
        .collect();
    for epoch in 0..grid.epochs() {
        let mut go_on = || progress(epoch);
        if lessons
            .epoch(epoch as u64, &mut students, &mut go_on)
            .is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        let mut rest = &mut students[..];
        for ((task, size), found) in tasks.iter().zip(&sizes).zip(&mut found) {
            let (own, others) = rest.split_at_mut(*size);
            rest = others;
            let right = lessons.judge(own, task.test);
            for (point, right) in right.into_iter().flatten().enumerate() {
                found.curves.right[point * grid.epochs() + epoch] = right;
            }
        }
        if progress(epoch + 1).is_break() && epoch + 1 < grid.epochs() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(found))
}

impl CheckedAdamGrid {
    /// Bytes that [`train_grid`] takes beside the activations: the weights of all
    /// probes with Adam's moments, logits, the rows of a few batches, and the
    /// curves. Of `work`, shape and classes count.
    pub fn bytes(&self, work: &Workload<'_>) -> u64 {
        let points = self.points().len();
        let rows = JUDGED.max(self.batch_size());
        let of_feature = |&classes: &usize| {
            let probes = (COLUMNS / classes.max(1)).max(1);
            let columns = |points: usize| points * classes;
            let of_student = |points| LinearProbes::<f32>::bytes(work.dims, columns(points), rows);
            let (full, rest) = (points / probes, points % probes);
            full as u64 * of_student(probes)
                + of_student(rest)
                + 8 * (points * self.epochs()) as u64
        };
        let students: u64 = work.classes.iter().map(of_feature).sum();
        students + Lessons::bytes(self.batch_size(), work.dims)
    }
}

/// No one right yet.
fn curves(task: &ProbeTask<'_>, train: &[usize], epochs: usize, points: usize) -> FeatureCurves {
    let labels = |rows: &[usize]| rows.iter().map(|&row| task.labels[row]).collect::<Vec<_>>();
    FeatureCurves {
        feature: task.feature.to_owned(),
        chance: majority_chance(labels(train), labels(task.test)),
        curves: GridCurves {
            epochs,
            n_train: train.len(),
            n_test: task.test.len(),
            right: vec![0; points * epochs],
        },
    }
}
