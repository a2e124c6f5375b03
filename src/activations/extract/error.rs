use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::models::{Arch, ModelError};
use crate::training::CheckpointError;

/// Why activations could not be extracted.
#[derive(Debug, Error)]
pub enum ExtractError {
    /// A file or folder that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A weights file that is none.
    #[error(transparent)]
    Weights(#[from] CheckpointError),
    /// Weights of another network than the one asked for.
    #[error("{} holds the weights of {found}, not of {expected}", path.display())]
    OtherArch {
        /// The file.
        path: PathBuf,
        /// The network its header names.
        found: Arch,
        /// The one asked for.
        expected: Arch,
    },
    /// Weights that do not fit the network.
    #[error("the weights in {} do not fit", path.display())]
    Misfit {
        /// The file.
        path: PathBuf,
        /// Which tensor, and both shapes.
        source: ModelError,
    },
    /// Images of another size than the network was trained on, and it cannot take
    /// them.
    #[error(
        "the network in {} was trained on images of {trained} x {trained}, these are {found} x {found}, \
         and it cannot take others", path.display()
    )]
    ImageSize {
        /// The weights.
        path: PathBuf,
        /// The side that its header names.
        trained: usize,
        /// That of the images.
        found: usize,
        /// Which tensor does not fit.
        source: ModelError,
    },
    /// A layer that does not exist.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A layer named twice: its tensors would have one name.
    #[error("the layer `{name}` is named twice")]
    Twice {
        /// The layer.
        name: String,
    },
    /// An images file that does not hold what it should.
    #[error("{}: {problem}", path.display())]
    Images {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what was wanted.
        problem: String,
    },
    /// A PNG file that cannot be decoded.
    #[error("cannot decode {}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: image::ImageError,
    },
    /// Stopped on request; nothing is left.
    #[error(
        "stopped after {done} of {images} images; nothing was written, the same command starts anew"
    )]
    Stopped {
        /// Images done.
        done: usize,
        /// Images in all.
        images: usize,
    },
}

impl ExtractError {
    pub(super) fn images(path: &std::path::Path, problem: impl Into<String>) -> Self {
        Self::Images {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}
