//! The forward and the backward pass over buffers.

use rayon::prelude::*;

use super::layer::LayerKind;
use super::{ImageBatch, Network, Workspace};
use crate::nn::layout::ImageLayout;
use crate::nn::{ConvGradient, ConvInput, LinearGradient};

impl Network {
    /// Runs layers 0 to `deepest`; with `training`, notes what the backward
    /// pass needs.
    pub(crate) fn forward(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        deepest: usize,
        training: bool,
    ) {
        let n = batch.len();
        workspace.prepare(self.layers(), deepest + 1, n, training);
        for (i, layer) in self.layers().iter().enumerate().take(deepest + 1) {
            let (before, here) = workspace.layers.split_at_mut(i);
            let (previous, here) = (before.last(), &mut here[0]);
            let parameters = &self.parameters()[2 * i..];
            let (weight, bias) = (&parameters[0].values, &parameters[1].values);
            match &layer.kind {
                LayerKind::ConvBlock(block) => {
                    let images = match previous {
                        Some(previous) => &previous.output[..n * block.in_len()],
                        None => batch.pixels(),
                    };
                    let input = ConvInput {
                        images,
                        weight,
                        bias,
                    };
                    let output = &mut here.output[..n * block.out_len()];
                    let winners = n * block.out_gradient_len();
                    let winners = training.then(|| &mut here.winners[..winners]);
                    block.forward(input, &mut here.conv, output, winners);
                }
                LayerKind::Linear(linear) => {
                    let input = &mut here.input[..n * linear.inputs];
                    match (previous, self.image_before(i)) {
                        (Some(previous), None) => {
                            input.copy_from_slice(&previous.output[..n * linear.inputs]);
                        }
                        (Some(previous), Some(layout)) => {
                            flatten(layout, &previous.output, input);
                        }
                        (None, _) => flatten(batch.layout(), batch.pixels(), input),
                    }
                    let output = &mut here.output[..n * linear.outputs];
                    linear.forward(input, weight, bias, output);
                }
            }
        }
    }

    /// Where the gradient of the logits goes before [`backward`](Self::backward),
    /// and the logits of the forward pass.
    pub(crate) fn logits_and_gradient<'w>(
        &self,
        workspace: &'w mut Workspace,
        n: usize,
    ) -> (&'w [f32], &'w mut [f32]) {
        let last = &mut workspace.layers[self.layers().len() - 1];
        let len = n * self.classes();
        (&last.output[..len], &mut last.gradient[..len])
    }

    /// Runs all layers backward, after a forward pass for training; overwrites
    /// `gradients`, a tensor for each parameter.
    pub(crate) fn backward(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        gradients: &mut [Vec<f32>],
    ) {
        let n = batch.len();
        for (i, layer) in self.layers().iter().enumerate().rev() {
            let (before, here) = workspace.layers.split_at_mut(i);
            let (previous, here) = (before.last_mut(), &mut here[0]);
            let parameters = &self.parameters()[2 * i..];
            let (weight, bias) = (&parameters[0].values, &parameters[1].values);
            let (weight_gradient, rest) = gradients[2 * i..].split_at_mut(1);
            let (weight_gradient, bias_gradient) = (&mut weight_gradient[0], &mut rest[0]);
            match &layer.kind {
                LayerKind::ConvBlock(block) => {
                    let (images, image_gradient) = match previous {
                        Some(previous) => (
                            &previous.output[..n * block.in_len()],
                            Some(&mut previous.gradient[..n * block.in_gradient_len()]),
                        ),
                        None => (batch.pixels(), None),
                    };
                    let input = ConvInput {
                        images,
                        weight,
                        bias,
                    };
                    let gradient = ConvGradient {
                        weight: weight_gradient,
                        bias: bias_gradient,
                        images: image_gradient,
                    };
                    let len = n * block.out_gradient_len();
                    let (winners, slopes) = (&here.winners[..len], &here.gradient[..len]);
                    block.backward(input, winners, slopes, &mut here.conv, gradient);
                }
                LayerKind::Linear(linear) => {
                    // the input's gradient replaces the copied input's place
                    // only after the weights' gradient is done: own buffer
                    let len = n * linear.inputs;
                    let output = &here.output[..n * linear.outputs];
                    let slopes = &mut here.gradient[..n * linear.outputs];
                    let input = &here.input[..len];
                    let Some(previous) = previous else {
                        let gradient = LinearGradient {
                            weight: weight_gradient,
                            bias: bias_gradient,
                            input: None,
                        };
                        linear.backward(input, weight, output, slopes, gradient);
                        continue;
                    };
                    let gradient = LinearGradient {
                        weight: weight_gradient,
                        bias: bias_gradient,
                        input: Some(&mut previous.gradient[..len]),
                    };
                    linear.backward(input, weight, output, slopes, gradient);
                    if let Some(layout) = self.image_before(i) {
                        // the flattened input is no longer needed: turn there
                        let flat = &mut here.input[..len];
                        flat.copy_from_slice(&previous.gradient[..len]);
                        unflatten(layout, flat, &mut previous.gradient[..len]);
                    }
                }
            }
        }
    }

    /// Writes what the layer gave for a batch, without borders, in PyTorch's
    /// order.
    pub(super) fn write_rows(&self, workspace: &Workspace, layer: usize, rows: &mut [f32]) {
        let output = &workspace.layers[layer].output;
        match self.layers()[layer].out_layout() {
            Some(layout) => flatten(layout, output, rows),
            None => rows.copy_from_slice(&output[..rows.len()]),
        }
    }

    /// The layout of the image that comes into layer `i` from the layer before.
    fn image_before(&self, i: usize) -> Option<ImageLayout> {
        self.layers()[i.checked_sub(1)?].out_layout()
    }
}

/// Bordered images, channels last, to rows in the order channel, row, column.
fn flatten(layout: ImageLayout, images: &[f32], rows: &mut [f32]) {
    rows.par_chunks_mut(layout.inner_len())
        .zip(images.par_chunks(layout.len()))
        .for_each(|(row, image)| layout.to_chw(image, row));
}

/// Rows in the order channel, row, column to images without a border,
/// channels last.
fn unflatten(layout: ImageLayout, rows: &[f32], images: &mut [f32]) {
    let layout = ImageLayout {
        border: 0,
        ..layout
    };
    images
        .par_chunks_mut(layout.len())
        .zip(rows.par_chunks(layout.inner_len()))
        .for_each(|(image, row)| layout.from_chw(row, image));
}
