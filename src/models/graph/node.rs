use crate::nn::{Activation, ConvSpec};

/// A value in a graph: what is put in, or what a node gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value(pub(super) usize);

impl Value {
    /// Its place among all values; the input's is 0.
    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// The node that gives it; none for the input.
    pub(crate) fn node(self) -> Option<usize> {
        self.0.checked_sub(1)
    }

    /// What node `node` gives.
    pub(crate) fn of_node(node: usize) -> Self {
        Self(node + 1)
    }
}

/// The shape of a value for one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A map of numbers.
    Image {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// So many numbers.
    Row(usize),
}

impl Shape {
    /// How many numbers.
    pub fn dim(&self) -> usize {
        match *self {
            Self::Image {
                channels,
                height,
                width,
            } => channels * height * width,
            Self::Row(dim) => dim,
        }
    }

    /// Its dimensions, PyTorch's without the batch: `[channels, rows,
    /// columns]` or `[numbers]`.
    pub fn dims(&self) -> Vec<usize> {
        match *self {
            Self::Image {
                channels,
                height,
                width,
            } => vec![channels, height, width],
            Self::Row(dim) => vec![dim],
        }
    }
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    /// Convolution, bias, ReLU, 2 x 2 max-pool, in one pass.
    ConvBlock(ConvSpec),
    /// Convolution, with a bias or without one.
    Conv {
        spec: ConvSpec,
        bias: bool,
        activation: Activation,
    },
    /// Batch norm, then what a second input gives added, then the activation.
    BatchNorm { activation: Activation },
    /// The largest of each window.
    MaxPool {
        window: usize,
        stride: usize,
        padding: usize,
    },
    /// The mean of each of `side` x `side` parts.
    AveragePoolTo { side: usize },
    /// An image to a row, in the order channel, row, column.
    Flatten,
    /// Each number 0 with this probability and scaled up otherwise, in
    /// training.
    Dropout { rate: f64 },
    /// Matrix product and bias.
    Linear {
        inputs: usize,
        outputs: usize,
        activation: Activation,
    },
}

/// One step of a network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// PyTorch's name of the module, under which weights are kept.
    pub(crate) name: String,
    pub(crate) op: Op,
    pub(crate) input: Value,
    /// Batch norm: what is added.
    pub(crate) residual: Option<Value>,
}

impl Node {
    /// What it reads.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = Value> {
        [Some(self.input), self.residual].into_iter().flatten()
    }
}

/// A value that can be read, and its names: the first is the one that is
/// listed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) names: Vec<String>,
    pub(crate) value: Value,
}
