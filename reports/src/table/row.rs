use std::path::Path;

use super::record::record;
use super::unproven::lacks_proof;
use super::{read, write};
use crate::ReportError;

record! {
    /// One measurement: a number and everything needed to say what it is.
    ///
    /// The fields are the columns of `results.csv`, in the file's order.
    /// Text is empty and an `Option` is `None` where a column does not
    /// apply.
    ///
    /// ```
    /// use layerprobe_reports::ResultRow;
    ///
    /// let row = ResultRow {
    ///     condition: "trifeature-shape-cnn4-v0-s0".into(),
    ///     target: "shape".into(),
    ///     step: Some(0),
    ///     checkpoint_role: "initial".into(),
    ///     layer: "fc1".into(),
    ///     feature: "color".into(),
    ///     probe: "linear".into(),
    ///     metric: "accuracy".into(),
    ///     value: 0.96,
    ///     ..ResultRow::default()
    /// };
    /// assert_eq!(ResultRow::COLUMNS[0], "condition");
    /// assert!(row.lower.is_none());
    /// ```
    ResultRow,
    added: [
        ("repeat", ""),
        ("learning_rate", ""),
        ("weight_decay", ""),
        ("variant", ""),
        ("view", "full"),
    ],
    may_be_infinite: ["gradient_norm", "objective_gap"],
    /// The condition's identifier: one network to train.
    condition: String,
    /// The stimulus set.
    dataset: String,
    /// The network's architecture.
    arch: String,
    /// The feature the network is trained to classify.
    target: String,
    /// The hold-out version.
    split: Option<u32>,
    /// The condition's seed.
    seed: Option<u64>,
    /// The checkpoint's training step; 0 is the untrained network.
    step: Option<u64>,
    /// The checkpoint's training time in epochs.
    epoch: Option<f64>,
    /// The layer that was read.
    layer: String,
    /// The number of dimensions probed: the layer's, or its view's.
    dim: Option<u64>,
    /// The feature that was decoded.
    feature: String,
    /// The kind of probe: `linear`, `control`, `mlp64`, `ridge` or `none`.
    probe: String,
    /// The protocol's name and version.
    protocol: String,
    /// What `value` is, for example `accuracy` or `chance`.
    metric: String,
    /// The measured number.
    value: f64,
    /// Lower end of the 95 % interval.
    lower: Option<f64>,
    /// Upper end of the 95 % interval.
    upper: Option<f64>,
    /// Stimuli the probe was fitted on.
    n_train: Option<u64>,
    /// Stimuli the probe was tested on.
    n_test: Option<u64>,
    /// The chosen L2 penalty.
    penalty: Option<f64>,
    /// Iterations of the solver.
    iterations: Option<u64>,
    /// Infinity norm of the gradient where the solver stopped.
    gradient_norm: Option<f64>,
    /// How the fit ended: `converged`, `max_iterations`, ...
    status: String,
    /// The correlated pair of features of the training set, if any.
    correlated: String,
    /// Nominal predictivity of the correlated pair.
    predictivity: Option<f64>,
    /// Predictivity counted in the training set.
    predictivity_effective: Option<f64>,
    /// Seed of the initial weights.
    init_seed: Option<u64>,
    /// Seed of the order of training stimuli.
    order_seed: Option<u64>,
    /// Seed of the stimuli.
    data_seed: Option<u64>,
    /// The checkpoint's role: `initial`, `scheduled`, `best_validation` or `last`.
    checkpoint_role: String,
    /// Which stimuli the probe was tested on, for example `held_out_values`.
    split_kind: String,
    /// What chose the penalty.
    selected_by: String,
    /// What the interval is over: `stimuli` or `runs`.
    interval_kind: String,
    /// Resampled clusters behind the interval.
    n_clusters: Option<u64>,
    /// Runs behind the value.
    n_runs: Option<u64>,
    /// Bound on the relative distance to the optimal objective.
    objective_gap: Option<f64>,
    /// Second side of a pair: its condition.
    condition_b: String,
    /// Second side of a pair: its step.
    step_b: Option<u64>,
    /// Second side of a pair: its layer.
    layer_b: String,
    /// Which of several labelings, orders or permutations, from 0.
    repeat: Option<u64>,
    /// Learning rate of a probe trained by Adam.
    learning_rate: Option<f64>,
    /// Its weight decay, as PyTorch's `Adam` takes it.
    weight_decay: Option<f64>,
    /// In a sweep, what of the configuration was varied that has no column of
    /// its own, as `key=value`.
    variant: String,
    /// What of the layer was probed: `full`, `gap`, `pca:K` or `rp:K`.
    view: String,
}

/// Writes the results table: a header and one row a measurement, in the
/// order given.
///
/// The same rows give the same bytes; floats are the shortest decimals that
/// read back as the same number. The file appears whole or not at all.
///
/// # Errors
/// [`ReportError::NotFinite`] for a NaN or an infinity anywhere but in
/// `gradient_norm` and `objective_gap`; [`ReportError::Write`].
///
/// ```
/// use layerprobe_reports::{ResultRow, read_results, write_results};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("results.csv");
/// let rows = vec![ResultRow { metric: "chance".into(), value: 1.0 / 7.0, ..Default::default() }];
/// write_results(&path, &rows)?;
/// assert_eq!(read_results(&path)?, rows);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_results(path: &Path, rows: &[ResultRow]) -> Result<(), ReportError> {
    write::write(path, rows)
}

/// Reads a results table, of this version or an earlier one: columns that
/// were added since may be missing.
///
/// # Errors
/// With the file, the line (counted from 1) and the column's name: a column
/// that is unknown, missing or there twice, a row of another length than the
/// header, a cell that does not hold what its column wants, as a NaN or an infinity
/// anywhere but in `gradient_norm` and `objective_gap`.
pub fn read_results(path: impl AsRef<Path>) -> Result<Vec<ResultRow>, ReportError> {
    read::read(path.as_ref())
}

impl ResultRow {
    /// Whether the probe's fit ended without the proof that it is optimal.
    ///
    /// A row without a fit (`chance`) has no status, one of a fixed budget promises
    /// none, and a degenerate one is solved exactly; none of them counts.
    pub fn is_unconverged(&self) -> bool {
        lacks_proof(&self.status)
    }

    /// Whether the fit has no optimum to converge to: without a penalty, classes
    /// that a decoder separates. It counts as unconverged, too: its decoder is one
    /// of many, and no larger number of iterations would change that.
    pub fn is_separable(&self) -> bool {
        self.status == "separable"
    }
}
