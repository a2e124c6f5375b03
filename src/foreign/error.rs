use std::io;
use std::path::{Path, PathBuf};

use layerprobe_probes::ProbeError;

use crate::activations::NotEnough;

/// What can be wrong with activations and labels from elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// A request that cannot be met, or whose parts do not go together.
    #[error("{problem}")]
    Request {
        /// What is wrong with it.
        problem: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file whose name does not say what it holds.
    #[error(
        "{}: activations are read from .safetensors, .npy and .npz files",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A damaged or cut-off file.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An array that holds no rows of numbers.
    #[error(
        "{}: `{array}` has the shape {shape:?}{}",
        path.display(),
        what_lacks(shape)
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An array of another type of number.
    #[error(
        "{}: `{array}` holds {found}; wanted floating point of 16, 32 or 64 bits: save it as such, with .float() in PyTorch or .astype(\"float32\") in NumPy",
        path.display()
    )]
    Type {
        /// The file.
        path: PathBuf,
        /// The array.
        array: String,
        /// Its type.
        found: String,
    },
    /// A layer that the file does not hold.
    #[error("{}: no array `{layer}`; the file holds {}", path.display(), known.join(", "))]
    UnknownLayer {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        layer: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A column that the labels do not have.
    #[error(
        "{}: no column `{column}`{}; the columns are {}",
        path.display(),
        nearest.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default(),
        known.join(", ")
    )]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        column: String,
        /// The name most like it.
        nearest: Option<String>,
        /// The names there are.
        known: Vec<String>,
    },
    /// A table without a feature.
    #[error(
        "{}: no column but `split` and `group`; each feature wants a column of its own",
        path.display()
    )]
    NoFeature {
        /// The file.
        path: PathBuf,
    },
    /// A cell that says nothing.
    #[error("{}:{line}: the column `{column}` is empty or nan; every stimulus wants a label", path.display())]
    EmptyCell {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column.
        column: String,
    },
    /// A word in `split` that means nothing.
    #[error(
        "{}:{line}: the split `{found}` is none of train, select and test",
        path.display()
    )]
    UnknownSplit {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The word.
        found: String,
    },
    /// A split without rows that are needed.
    #[error("{}: no stimulus has the split `{part}`", path.display())]
    EmptySplit {
        /// The file.
        path: PathBuf,
        /// `train` or `test`.
        part: &'static str,
    },
    /// Labels and activations of different length.
    #[error(
        "{}: `{layer}` has {stimuli} stimuli, the labels have {labels} rows; one row a stimulus is wanted, in the same order",
        path.display()
    )]
    Count {
        /// The file of activations.
        path: PathBuf,
        /// The layer.
        layer: String,
        /// Rows of its matrix.
        stimuli: usize,
        /// Rows of the labels.
        labels: usize,
    },
    /// A feature with fewer than two values.
    #[error(
        "{}: the feature `{feature}` has the value `{}` everywhere; there is nothing to decode",
        path.display(),
        shortened(value)
    )]
    OneValue {
        /// The file.
        path: PathBuf,
        /// The feature.
        feature: String,
        /// Its value.
        value: String,
    },
    /// Fewer groups than a cut needs.
    #[error(
        "{}: {groups} groups cannot be cut into training and test; at least 5 are needed, or a `split` column",
        path.display()
    )]
    TooFewGroups {
        /// The file.
        path: PathBuf,
        /// How many there are.
        groups: usize,
    },
    /// A group in two parts of a split.
    #[error(
        "{}: lines {} and {} are of one group, but their splits are `{}` and `{}`; a probe that is fitted to one of \
         them knows the other",
        path.display(), lines.0, lines.1, parts.0, parts.1
    )]
    DividedGroup {
        /// The file.
        path: PathBuf,
        /// Two lines of the group, from 1.
        lines: (usize, usize),
        /// Their words in `split`.
        parts: (String, String),
    },
    /// A value that no probe could learn.
    #[error(
        "{}: no training stimulus has the {feature} `{}`, but others have, and a probe could not learn it: give \
         some of them the split `train`, or leave all of them out of both files",
        path.display(),
        shortened(value)
    )]
    MissingClass {
        /// The file.
        path: PathBuf,
        /// The feature.
        feature: String,
        /// Its value.
        value: String,
    },
    /// An array that neither memory nor disk takes.
    #[error("cannot keep the array `{array}`")]
    Disk {
        /// The array.
        array: String,
        /// Why not.
        source: io::Error,
    },
    /// Probing takes more memory than there may be.
    #[error(transparent)]
    Memory(#[from] NotEnough),
    /// The probes could not be fitted.
    #[error("cannot probe {}", path.display())]
    Probe {
        /// The file of activations.
        path: PathBuf,
        /// Why not.
        source: ProbeError,
    },
}

impl ForeignError {
    /// A request that cannot be met.
    pub(super) fn request(problem: impl Into<String>) -> Self {
        Self::Request {
            problem: problem.into(),
        }
    }

    /// An option that the protocol `paper` has no use for.
    pub(crate) fn not_of_paper(option: &str) -> Self {
        Self::request(format!(
            "{option} belongs to --protocol own: the protocol paper trains one fixed grid on activations as they are"
        ))
    }

    /// A NumPy file that ends, or breaks, before its array does.
    pub(super) fn damaged(path: &Path, error: &io::Error) -> Self {
        Self::Content {
            path: path.to_owned(),
            problem: format!("not a whole array file ({error})"),
        }
    }
}

/// What a shape wants to be rows of numbers.
fn what_lacks(shape: &[usize]) -> String {
    match (shape, shape.iter().position(|&axis| axis == 0)) {
        (_, Some(0)) => ": no stimulus is in it".to_owned(),
        (_, Some(axis)) => format!(": axis {axis} is empty, so that stimuli have no numbers"),
        ([] | [_], None) => {
            "; wanted an axis of stimuli and one or more of numbers: reshape a list of single numbers to n x 1".to_owned()
        }
        _ => ", too large for this machine".to_owned(),
    }
}

/// The beginning of a value.
fn shortened(value: &str) -> String {
    const MOST: usize = 40;
    let line = value.lines().next().unwrap_or_default();
    match line.chars().count() > MOST || line.len() < value.len() {
        true => line.chars().take(MOST).chain(['…']).collect(),
        false => value.to_owned(),
    }
}
