use std::path::Path;

use super::record::{self, record};
use super::unproven::lacks_proof;
use super::{read, write};
use crate::{ReportError, ResultRow};

record! {
    /// How often a probe took test stimuli of one class for another (or for
    /// their own). The fields are the columns of `confusion.csv`; pairs that
    /// never occurred have no row.
    ///
    /// ```
    /// use layerprobe_reports::ConfusionRow;
    ///
    /// let row = ConfusionRow {
    ///     feature: "color".into(),
    ///     label: "red".into(),
    ///     predicted: "orange".into(),
    ///     count: 12,
    ///     ..ConfusionRow::default()
    /// };
    /// assert_ne!(row.label, row.predicted);
    /// ```
    ConfusionRow,
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
    /// Which stimuli the probe was tested on, for example `held_out_values`.
    split_kind: String,
    /// The true value.
    label: String,
    /// The most probable value.
    predicted: String,
    /// Test stimuli of the one taken for the other.
    count: u64,
    /// What of the layer was probed, as in `results.csv`.
    view: String,
    /// How the probe's fit ended, as in `results.csv`; empty in tables of earlier
    /// versions, which do not say.
    status: String,
}

impl ConfusionRow {
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

/// Writes `confusion.csv`, whole or not at all.
///
/// # Errors
/// [`ReportError::NotFinite`]; [`ReportError::Write`].
pub fn write_confusions(path: &Path, rows: &[ConfusionRow]) -> Result<(), ReportError> {
    write::write(path, rows)
}

/// Reads `confusion.csv`.
///
/// # Errors
/// As [`crate::read_results`].
pub fn read_confusions(path: impl AsRef<Path>) -> Result<Vec<ConfusionRow>, ReportError> {
    read::read(path.as_ref())
}
