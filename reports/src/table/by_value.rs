use std::path::Path;

use super::record::{self, record};
use super::unproven::lacks_proof;
use super::{read, write};
use crate::{ReportError, ResultRow};

record! {
    /// A probe's accuracy on the test stimuli that share one held-out value
    /// of another feature. The fields are the columns of `by_value.csv`.
    ///
    /// ```
    /// use layerprobe_reports::ValueRow;
    ///
    /// // how well shape is told where the color is one never met before
    /// let row = ValueRow {
    ///     feature: "shape".into(),
    ///     held_feature: "color".into(),
    ///     held_value: "red".into(),
    ///     accuracy: 0.71,
    ///     ..ValueRow::default()
    /// };
    /// assert_eq!(ValueRow::COLUMNS.last(), Some(&"status"));
    /// # assert!(row.lower.is_none());
    /// ```
    ValueRow,
    added: [("view", "full"), ("status", "")],
    may_be_infinite: [],
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
    /// The checkpoint's role, as in `results.csv`.
    checkpoint_role: String,
    /// The layer that was read.
    layer: String,
    /// The feature that was decoded.
    feature: String,
    /// The protocol's name and version.
    protocol: String,
    /// The other feature, one of whose held-out values the stimuli have.
    held_feature: String,
    /// That value.
    held_value: String,
    /// Share of these stimuli classified rightly.
    accuracy: f64,
    /// Lower end of its 95 % interval over combinations.
    lower: Option<f64>,
    /// Upper end of its 95 % interval over combinations.
    upper: Option<f64>,
    /// How many stimuli have the value.
    n_test: Option<u64>,
    /// How many combinations they make.
    n_clusters: Option<u64>,
    /// What of the layer was probed, as in `results.csv`.
    view: String,
    /// How the probe's fit ended, as in `results.csv`; empty in tables of earlier
    /// versions, which do not say.
    status: String,
}

impl ValueRow {
    /// A row of the probe whose other measurements stand in `row`: condition,
    /// checkpoint, layer, feature and protocol; the rest is empty.
    pub fn at(row: &ResultRow) -> Self {
        record::place_of!(row)
    }

    /// Whether the probe's fit ended without the proof that it is optimal.
    pub fn is_unconverged(&self) -> bool {
        lacks_proof(&self.status)
    }
}

/// Writes `by_value.csv`, whole or not at all.
///
/// # Errors
/// [`ReportError::NotFinite`]; [`ReportError::Write`].
pub fn write_by_value(path: &Path, rows: &[ValueRow]) -> Result<(), ReportError> {
    write::write(path, rows)
}

/// Reads `by_value.csv`.
///
/// # Errors
/// As [`crate::read_results`].
pub fn read_by_value(path: impl AsRef<Path>) -> Result<Vec<ValueRow>, ReportError> {
    read::read(path.as_ref())
}
