use std::path::{Path, PathBuf};

use layerprobe_durable::Pending;

use super::cell::Cell;
use crate::ReportError;

/// The columns that every table of predictions begins with.
const COLUMNS: [&str; 9] = [
    "layer",
    "feature",
    "stimulus",
    "label",
    "predicted",
    "log_probability",
    "split_kind",
    "group",
    "view",
];

/// What a probe said of one test stimulus.
#[derive(Clone, Copy, Debug)]
pub struct PredictionRow<'a> {
    /// The layer that was read.
    pub layer: &'a str,
    /// Place of the decoded feature among the table's.
    pub feature: usize,
    /// The stimulus.
    pub stimulus: u64,
    /// The true class.
    pub label: u32,
    /// The most probable class.
    pub predicted: u32,
    /// Log-probability of the true class, nats.
    pub log_probability: f64,
    /// What the stimulus was tested as, for example `held_out_values`.
    pub split_kind: &'a str,
    /// The cluster it belongs to, for intervals.
    pub group: u32,
    /// What of the layer was probed, for example `full`.
    pub view: &'a str,
    /// Log-probabilities of all classes, nats.
    pub log_probabilities: &'a [f32],
}

/// A table of predictions under way: written row by row, so that it never
/// stands in memory, and in its place only once it is complete.
///
/// After [`PredictionRow`]'s own columns stands one for each value of each
/// feature, `shape=circle`, with the log-probability of that class in single
/// precision; those of other features than the row's are empty.
///
/// ```
/// use layerprobe_reports::{PredictionRow, PredictionTable};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("predictions.csv");
/// let directions = ["up".to_owned(), "down".to_owned()];
/// let mut table = PredictionTable::create(&path, &[("direction", &directions)])?;
/// table.write(&PredictionRow {
///     layer: "fc6",
///     feature: 0,
///     stimulus: 7,
///     label: 1,
///     predicted: 0,
///     log_probability: 0.25f64.ln(),
///     split_kind: "given",
///     group: 3,
///     view: "full",
///     log_probabilities: &[0.75f32.ln(), 0.25f32.ln()],
/// })?;
/// table.commit()?;
/// let text = std::fs::read_to_string(&path)?;
/// assert!(text.starts_with("layer,feature,stimulus,label,predicted,log_probability,"));
/// assert!(text.contains("fc6,direction,7,down,up,-1.3862943611198906,given,3,full,-0.287682"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PredictionTable<'a> {
    path: PathBuf,
    writer: csv::Writer<Pending>,
    features: Vec<(&'a str, &'a [String])>,
    /// The cells of one row, kept from row to row.
    cells: csv::StringRecord,
}

impl<'a> PredictionTable<'a> {
    /// Starts a table of probes of these features, each with its values.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn create(path: &Path, features: &[(&'a str, &'a [String])]) -> Result<Self, ReportError> {
        let pending = Pending::create(path).map_err(ReportError::write(path))?;
        let mut table = Self {
            path: path.to_owned(),
            writer: csv::Writer::from_writer(pending),
            features: features.to_vec(),
            cells: csv::StringRecord::new(),
        };
        for column in COLUMNS {
            table.cells.push_field(column);
        }
        for (feature, values) in features {
            for value in *values {
                table.cells.push_field(&format!("{feature}={value}"));
            }
        }
        table.write_cells()?;
        Ok(table)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write(&mut self, row: &PredictionRow<'_>) -> Result<(), ReportError> {
        let (name, values) = self.features.get(row.feature).copied().unwrap_or_default();
        let value = |class: u32| values.get(class as usize).map_or("", String::as_str);
        self.cells.clear();
        self.cells.push_field(row.layer);
        self.cells.push_field(name);
        self.cells.push_field(&row.stimulus.to_string());
        self.cells.push_field(value(row.label));
        self.cells.push_field(value(row.predicted));
        let mut number = String::new();
        row.log_probability.render(&mut number);
        self.cells.push_field(&number);
        self.cells.push_field(row.split_kind);
        self.cells.push_field(&row.group.to_string());
        self.cells.push_field(row.view);
        for (place, (_, values)) in self.features.iter().enumerate() {
            for class in 0..values.len() {
                let own = row.log_probabilities.get(class);
                match own.filter(|_| place == row.feature) {
                    Some(own) => self.cells.push_field(&format!("{own:?}")),
                    None => self.cells.push_field(""),
                }
            }
        }
        self.write_cells()
    }

    /// Puts the table in its place.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn commit(self) -> Result<(), ReportError> {
        let failed = ReportError::write(&self.path);
        let whole = self.writer.into_inner().map_err(|e| e.into_error());
        whole.and_then(Pending::commit).map_err(failed)
    }

    fn write_cells(&mut self) -> Result<(), ReportError> {
        self.writer
            .write_record(&self.cells)
            .map_err(|e| ReportError::write(&self.path)(std::io::Error::other(e)))
    }
}
