use super::layer::{Layer, LayerKind};
use crate::nn::ConvBlockBuffers;

/// Memory in which a network's passes run, kept from batch to batch. It adapts
/// to whatever network and batch it is used with.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The layers the buffers were made for.
    made_for: Vec<Layer>,
    pub(super) layers: Vec<LayerBuffers>,
}

/// The buffers of one layer. Lengths grow to the largest batch seen.
#[derive(Debug, Default)]
pub(super) struct LayerBuffers {
    /// What comes in, where the layer before gives it in another order.
    pub(super) input: Vec<f32>,
    /// What comes out, images inside their border.
    pub(super) output: Vec<f32>,
    /// Winners of the pool's windows.
    pub(super) winners: Vec<u8>,
    /// Gradient of what comes out, without borders.
    pub(super) gradient: Vec<f32>,
    /// The convolution's own.
    pub(super) conv: ConvBlockBuffers<f32>,
}

impl Workspace {
    /// Makes room for a pass of `n` images through the first `count` layers.
    pub(super) fn prepare(&mut self, layers: &[Layer], count: usize, n: usize, training: bool) {
        if self.made_for != layers {
            // borders of other shapes would not be zero
            self.made_for = layers.to_vec();
            self.layers = layers.iter().map(|_| LayerBuffers::default()).collect();
        }
        for (layer, buffers) in layers.iter().zip(&mut self.layers).take(count) {
            match &layer.kind {
                LayerKind::ConvBlock(block) => {
                    grow(&mut buffers.output, n * block.out_len());
                    if training {
                        grow(&mut buffers.winners, n * block.out_gradient_len());
                    }
                }
                LayerKind::Linear(linear) => {
                    grow(&mut buffers.input, n * linear.inputs);
                    grow(&mut buffers.output, n * linear.outputs);
                }
            }
            if training {
                grow(&mut buffers.gradient, n * layer.dim());
            }
        }
    }

    /// The first `len` outputs of a layer.
    pub(super) fn output(&self, layer: usize, len: usize) -> &[f32] {
        &self.layers[layer].output[..len]
    }
}

/// Lengthens a buffer, if needed, with zeros.
fn grow<T: Default + Clone>(buffer: &mut Vec<T>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
}
