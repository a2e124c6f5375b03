use std::mem::take;

use rayon::prelude::*;

use super::arena::parts;
use super::compile::{Step, needs_input, needs_output};
use super::forward::range;
use super::kernel::Kernel;
use super::memory::Workspace;
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
        let (output, program) = (self.plan.graph.output(), &self.plan.training);
        let [logits, gradient] = parts(
            &mut workspace.arena,
            [
                range(&program.values, Some(output), n),
                range(&program.gradients, Some(output), n),
            ],
        );
        (logits, gradient)
    }

    /// Runs all steps backward, after a forward pass for training; overwrites
    /// `gradients`, a tensor for each parameter.
    pub(crate) fn backward(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        gradients: &mut [Vec<f32>],
    ) {
        let mut arena = take(&mut workspace.arena);
        for (i, step) in self.plan.training.steps.iter().enumerate().rev() {
            let first = self.plan.parameters[step.node];
            let (weight, bias) = match &mut gradients[first..] {
                [weight, bias, ..] => (weight.as_mut_slice(), bias.as_mut_slice()),
                [weight] => (weight.as_mut_slice(), &mut [][..]),
                [] => (&mut [][..], &mut [][..]),
            };
            let bias_len = self.weights(step.node).1.len();
            let into = (weight, &mut bias[..bias_len]);
            self.step_back(workspace, &mut arena, batch, (i, step), into);
        }
        workspace.arena = arena;
    }

    fn step_back(
        &self,
        workspace: &mut Workspace,
        arena: &mut [f32],
        batch: &ImageBatch,
        (i, step): (usize, &Step),
        (weight_gradient, bias_gradient): (&mut [f32], &mut [f32]),
    ) {
        let (n, program) = (batch.len(), &self.plan.training);
        // the gradient of what is read beside the step's own: of a batch norm
        // the residual's, as its input's takes the place of its output's
        let (beside, adds) = match step.kernel {
            Kernel::BatchNorm(_) => (step.residual, step.adds_to_residual),
            Kernel::Dropout(_) => (None, false),
            _ => (Some(step.input), step.adds_to_input),
        };
        let beside = beside.filter(|value| *value != self.plan.graph.input());
        let kept = |needed: bool, value| needed.then_some(value);
        let [out_gradient, gradient, images, output] = parts(
            arena,
            [
                range(&program.gradients, Some(step.output), n),
                range(&program.gradients, beside, n),
                range(
                    &program.values,
                    kept(needs_input(&step.kernel), step.input),
                    n,
                ),
                range(
                    &program.values,
                    kept(needs_output(&step.kernel), step.output),
                    n,
                ),
            ],
        );
        let target = match (beside, adds) {
            (None, _) => InputGradient::Unwanted,
            (Some(_), true) => InputGradient::Add(gradient),
            (Some(_), false) => InputGradient::Write(gradient),
        };
        let images = match step.input == self.plan.graph.input() {
            true => batch.pixels(),
            false => images,
        };
        let output = &*output;
        let Workspace { own, conv, .. } = workspace;
        let own = &mut own[i];
        let (weight, bias) = self.weights(step.node);
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
                kernel.backward(input, pass, conv);
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
