use std::path::PathBuf;

use thiserror::Error;

use crate::models::ModelError;

/// What can be wrong with a checkpoint or snapshot file.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a safetensors file, or one cut short.
    #[error("{} is not a whole safetensors file", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What safetensors says.
        source: safetensors::SafeTensorError,
    },
    /// No `layerprobe` entry in the metadata.
    #[error("{} was not written by layerprobe: its metadata has no `layerprobe` entry", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A `layerprobe` entry that cannot be understood.
    #[error("the `layerprobe` entry in the metadata of {} cannot be understood", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What JSON says.
        source: serde_json::Error,
    },
    /// A tensor that does not hold `f32`.
    #[error("the tensor `{tensor}` in {} holds {found}, not F32", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// Tensors that do not fit the network the header names.
    #[error("{} does not fit its network", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Which tensor, and both shapes.
        source: ModelError,
    },
    /// A snapshot whose content is not what it was.
    #[error("{} is not what was written; remove it to start anew", path.display())]
    Altered {
        /// The snapshot.
        path: PathBuf,
    },
    /// A header that describes no perceptron.
    #[error("{} does not fit its network", path.display())]
    Perceptron {
        /// The file.
        path: PathBuf,
        /// Why.
        source: crate::nn::PerceptronError,
    },
    /// A snapshot of other work.
    #[error(
        "{} belongs to another training ({what} {found}, expected {expected}); remove it to start anew",
        path.display()
    )]
    OtherTraining {
        /// The snapshot.
        path: PathBuf,
        /// In what it differs.
        what: &'static str,
        /// What it says.
        found: String,
        /// What was expected.
        expected: String,
    },
}
