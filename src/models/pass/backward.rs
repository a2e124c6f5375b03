use std::mem::take;

use rayon::prelude::*;

use super::compile::Step;
use super::kernel::Kernel;
use super::memory::Workspace;
use crate::models::graph::Value;
use crate::models::{ImageBatch, Network};
use crate::nn::layout::ImageLayout;
use crate::nn::{
    ConvBackward, ConvGradient, ConvInput, InputGradient, LinearGradient, NormBackward,
};

impl Network {
    /// Where the gradient of the logits goes before [`backward`](Self::backward),
    /// and the logits of the forward pass.
    pub(crate) fn logits_and_gradient<'w>(
        &self,
        workspace: &'w mut Workspace,
        n: usize,
    ) -> (&'w [f32], &'w mut [f32]) {
        let len = n * self.classes();
        let slot = self.gradient_slot(self.plan.graph.output());
        let gradient = workspace.take_gradient(slot, len);
        workspace.gradients[slot] = gradient;
        let logits = &workspace.values[workspace.logits].values[..len];
        (logits, &mut workspace.gradients[slot][..len])
    }

    /// Runs all steps backward, after a forward pass for training; overwrites
    /// `gradients`, a tensor for each parameter.
    pub(crate) fn backward(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        gradients: &mut [Vec<f32>],
    ) {
        for (i, step) in self.plan.training.steps.iter().enumerate().rev() {
            let first = self.plan.parameters[step.node];
            let (weight, bias) = match &mut gradients[first..] {
                [weight, bias, ..] => (weight.as_mut_slice(), bias.as_mut_slice()),
                [weight] => (weight.as_mut_slice(), &mut [][..]),
                [] => (&mut [][..], &mut [][..]),
            };
            let bias_len = self.weights(step.node).1.len();
            self.step_back(workspace, batch, i, step, (weight, &mut bias[..bias_len]));
        }
    }

    fn gradient_slot(&self, value: Value) -> usize {
        let slot = self.plan.training.gradients[value.index()];
        slot.unwrap_or_else(|| unreachable!("every value but the input has a gradient"))
    }

    fn step_back(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        i: usize,
        step: &Step,
        (weight_gradient, bias_gradient): (&mut [f32], &mut [f32]),
    ) {
        let n = batch.len();
        let inner = |value: Value| n * self.plan.layout(value).inner_len();
        let out_slot = self.gradient_slot(step.output);
        let mut slopes = workspace.take_gradient(out_slot, inner(step.output));
        let mut own = take(&mut workspace.own[i]);
        // the gradient of what is read beside the step's own: of a batch norm
        // the residual's, as its input's takes the place of its output's
        let beside = match step.kernel {
            Kernel::BatchNorm(_) => step.residual.map(|value| (value, step.adds_to_residual)),
            Kernel::Dropout(_) => None,
            _ => Some((step.input, step.adds_to_input)),
        };
        let beside = beside.filter(|(value, _)| *value != self.plan.graph.input());
        let mut beside = beside.map(|(value, adds)| {
            let slot = self.gradient_slot(value);
            let len = inner(value);
            (slot, len, adds, workspace.take_gradient(slot, len))
        });
        let mut conv = take(&mut workspace.conv);

        let out_gradient = &mut slopes[..inner(step.output)];
        let target = match &mut beside {
            None => InputGradient::Unwanted,
            Some((_, len, true, gradient)) => InputGradient::Add(&mut gradient[..*len]),
            Some((_, len, false, gradient)) => InputGradient::Write(&mut gradient[..*len]),
        };
        let (weight, bias) = self.weights(step.node);
        let slots = &self.plan.training.slots;
        let images = self.value(workspace, batch, slots, step.input);
        let output = self.value(workspace, batch, slots, step.output);
        let input = ConvInput {
            images,
            weight,
            bias,
        };
        match &step.kernel {
            Kernel::ConvBlock(block) => {
                let gradient = ConvGradient {
                    weight: weight_gradient,
                    bias: bias_gradient,
                    images: written(target),
                };
                let winners = &own.marks[..out_gradient.len()];
                block.backward(input, winners, out_gradient, &mut own.block, gradient);
            }
            Kernel::Conv(kernel) => {
                let pass = ConvBackward {
                    output,
                    out_gradient,
                    weight: weight_gradient,
                    bias: bias_gradient,
                    images: target,
                };
                kernel.backward(input, pass, &mut conv);
            }
            Kernel::BatchNorm(norm) => {
                let pass = NormBackward {
                    scale: weight,
                    output,
                    gradient: out_gradient,
                    scale_gradient: weight_gradient,
                    shift_gradient: bias_gradient,
                    residual: target,
                };
                norm.backward(images, pass, &mut own.norm);
            }
            Kernel::MaxPool(pool) => {
                if let Some(gradient) = written(target) {
                    let winners = &own.marks[..out_gradient.len()];
                    pool.backward(winners, out_gradient, gradient);
                }
            }
            Kernel::AveragePool(pool) => {
                if let Some(gradient) = written(target) {
                    pool.backward(out_gradient, gradient);
                }
            }
            Kernel::Flatten(layout) => {
                if let Some(gradient) = written(target) {
                    unflatten(*layout, out_gradient, gradient);
                }
            }
            Kernel::Dropout(dropout) => {
                dropout.backward(&own.marks[..out_gradient.len()], out_gradient);
            }
            Kernel::Linear(linear) => {
                let gradient = LinearGradient {
                    weight: weight_gradient,
                    bias: bias_gradient,
                    input: written(target),
                };
                linear.backward(images, weight, output, out_gradient, gradient);
            }
        }
        workspace.conv = conv;
        workspace.own[i] = own;
        workspace.gradients[out_slot] = slopes;
        if let Some((slot, _, _, gradient)) = beside {
            workspace.gradients[slot] = gradient;
        }
    }
}

/// The target of a kernel that cannot add: no design has another reader of
/// such a kernel's input.
fn written<'a>(target: InputGradient<'a, f32>) -> Option<&'a mut [f32]> {
    match target {
        InputGradient::Unwanted => None,
        InputGradient::Write(gradient) => Some(gradient),
        InputGradient::Add(_) => unreachable!("only convolutions and residuals share an input"),
    }
}

/// Rows in the order channel, row, column to images without a border,
/// channels last.
fn unflatten(layout: ImageLayout, rows: &[f32], images: &mut [f32]) {
    let layout = layout.with_border(0);
    images
        .par_chunks_mut(layout.len())
        .zip(rows.par_chunks(layout.inner_len()))
        .for_each(|(image, row)| layout.from_chw(row, image));
}
