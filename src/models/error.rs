use thiserror::Error;

use super::Arch;
use crate::nn::{DropoutError, ShapeError};

/// What can be wrong with a network or with what it is given.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ModelError {
    /// No layer of that name.
    #[error("{arch} has no layer `{name}`; its layers are {}", known.join(", "))]
    UnknownLayer {
        /// The network.
        arch: Arch,
        /// The name asked for.
        name: String,
        /// The names there are, one for each layer.
        known: Vec<String>,
    },
    /// An image size the network cannot take.
    #[error("{arch} cannot take images of {size} x {size}: {needs}")]
    ImageSize {
        /// The network.
        arch: Arch,
        /// The side asked for, in pixels.
        size: usize,
        /// What it can take.
        needs: &'static str,
    },
    /// Fewer than two classes, or absurdly many.
    #[error("a network needs 2 to 1048576 classes, not {classes}")]
    Classes {
        /// The number asked for.
        classes: usize,
    },
    /// Images of channels the network does not read.
    #[error("{arch} cannot take images of {channels} channels")]
    Channels {
        /// The network.
        arch: Arch,
        /// The channels asked for.
        channels: usize,
    },
    /// An option that the architecture does not have, or of a value that
    /// cannot work.
    #[error("{arch} with the option `{option}`: {problem}")]
    Option {
        /// The network.
        arch: Arch,
        /// The option.
        option: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A layer that cannot be built.
    #[error("layer `{layer}`: {source}")]
    Layer {
        /// The layer.
        layer: String,
        /// Why.
        source: ShapeError,
    },
    /// Dropout that cannot be built.
    #[error("layer `{layer}`: {source}")]
    Dropout {
        /// The layer.
        layer: String,
        /// Why.
        source: DropoutError,
    },
    /// Images of another size than the network's.
    #[error(
        "the images are {found} x {found} with a border of {found_border}; the network takes {expected} x {expected} with a border of {expected_border}"
    )]
    Batch {
        /// The images' side.
        found: usize,
        /// The border around them.
        found_border: usize,
        /// The network's side.
        expected: usize,
        /// The border its first layer wants.
        expected_border: usize,
    },
    /// A tensor the network has and the weights have not.
    #[error("the weights lack the tensor `{name}` of shape {shape:?}")]
    MissingTensor {
        /// The tensor.
        name: String,
        /// Its shape in the network.
        shape: Vec<usize>,
    },
    /// A tensor that would tell the network's classes or widths is missing.
    #[error("the weights are not of {arch}: they lack the tensor `{name}`")]
    NoTensor {
        /// The network.
        arch: Arch,
        /// The tensor.
        name: String,
    },
    /// A tensor that would tell the network's classes or widths is no matrix.
    #[error(
        "the tensor `{name}` has shape {found:?}; a fully connected layer's has two dimensions"
    )]
    NoMatrix {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// A tensor the weights have and the network has not.
    #[error(
        "the weights hold a tensor `{name}` of shape {shape:?}, which the network does not have"
    )]
    ExtraTensor {
        /// The tensor.
        name: String,
        /// Its shape in the weights.
        shape: Vec<usize>,
    },
    /// A tensor of another shape.
    #[error(
        "the tensor `{name}` has shape {found:?} in the weights and {expected:?} in the network"
    )]
    TensorShape {
        /// The tensor.
        name: String,
        /// Its shape in the weights.
        found: Vec<usize>,
        /// Its shape in the network.
        expected: Vec<usize>,
    },
}
