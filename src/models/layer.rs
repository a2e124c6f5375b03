use crate::nn::layout::ImageLayout;
use crate::nn::{ConvBlock, Linear};

/// A named place of a network, whose output can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The name under which the output is read, as `pool1`.
    pub name: String,
    /// The name under which weights are kept, as `conv1`: the tensors are
    /// `conv1.weight` and `conv1.bias`.
    pub weights: String,
    /// What it computes.
    pub kind: LayerKind,
}

/// What a layer computes.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerKind {
    /// Convolution, bias, ReLU, 2 x 2 max-pool.
    ConvBlock(ConvBlock),
    /// Matrix product and bias, with or without ReLU. Images coming in are
    /// flattened in the order channel, row, column.
    Linear(Linear),
}

impl Layer {
    /// The layout of one output, if it is an image.
    pub(crate) fn out_layout(&self) -> Option<ImageLayout> {
        match &self.kind {
            LayerKind::ConvBlock(block) => Some(block.out_layout()),
            LayerKind::Linear(_) => None,
        }
    }

    /// Numbers of one output, without any border.
    pub fn dim(&self) -> usize {
        match &self.kind {
            LayerKind::ConvBlock(block) => block.out_gradient_len(),
            LayerKind::Linear(linear) => linear.outputs,
        }
    }

    /// Shapes of weight and bias, PyTorch's.
    pub(crate) fn parameter_shapes(&self) -> [(String, Vec<usize>); 2] {
        let (weight, bias) = match &self.kind {
            LayerKind::ConvBlock(block) => {
                let spec = block.spec();
                let shape = vec![
                    spec.out_channels,
                    spec.in_channels,
                    spec.kernel,
                    spec.kernel,
                ];
                (shape, spec.out_channels)
            }
            LayerKind::Linear(linear) => (vec![linear.outputs, linear.inputs], linear.outputs),
        };
        [
            (format!("{}.weight", self.weights), weight),
            (format!("{}.bias", self.weights), vec![bias]),
        ]
    }

    /// Inputs that one output of the layer depends on.
    pub(crate) fn fan_in(&self) -> usize {
        match &self.kind {
            LayerKind::ConvBlock(block) => {
                let spec = block.spec();
                spec.in_channels * spec.kernel * spec.kernel
            }
            LayerKind::Linear(linear) => linear.inputs,
        }
    }
}
