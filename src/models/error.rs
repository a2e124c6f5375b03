use thiserror::Error;

use super::Arch;
use crate::nn::ShapeError;

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
        /// The names there are.
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
    /// Fewer than two classes.
    #[error("a network needs at least 2 classes, not {classes}")]
    Classes {
        /// The number asked for.
        classes: usize,
    },
    /// A layer that cannot be built.
    #[error("layer `{layer}`: {source}")]
    Layer {
        /// The layer.
        layer: String,
        /// Why.
        source: ShapeError,
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
