use std::mem::take;

use layerprobe_streams::StreamKey;
use rayon::prelude::*;

use super::compile::Step;
use super::kernel::Kernel;
use super::memory::{Own, Workspace, grow};
use crate::models::graph::Value;
use crate::models::{ImageBatch, Network};
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::{ConvInput, NormParameters, NormTraining, fold_norm};

/// What a forward pass is for.
pub(crate) enum Mode<'a, 'b> {
    /// A backward pass; dropout draws from this key.
    Training(StreamKey),
    /// These values, written to rows of plain numbers; the pass ends after the
    /// deepest of them.
    Reading(&'a mut Vec<(Value, &'b mut [f32])>),
    /// The logits.
    Logits,
}

impl Network {
    /// Runs the network on a batch.
    pub(crate) fn forward(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        mut mode: Mode<'_, '_>,
    ) {
        let training = matches!(mode, Mode::Training(_));
        let program = match training {
            true => &self.plan.training,
            false => &self.plan.reading,
        };
        workspace.prepare(&self.design, program, training);
        let end = match &mode {
            Mode::Reading(wanted) => program
                .steps
                .iter()
                .rposition(|step| wanted.iter().any(|(value, _)| *value == step.output))
                .map_or(0, |last| last + 1),
            _ => program.steps.len(),
        };
        let n = batch.len();
        for (i, step) in program.steps.iter().enumerate().take(end) {
            let Some(slot) = program.slots[step.output.index()] else {
                continue;
            };
            let layout = self.plan.layout(step.output);
            let mut output = take(&mut workspace.values[slot]);
            output.make_room(layout, n);
            let values = &mut output.values[..n * layout.len()];
            let mut own = take(&mut workspace.own[i]);
            match &mut mode {
                Mode::Training(key) => {
                    self.train_step(workspace, batch, step, *key, &mut own, values);
                }
                Mode::Logits => self.read_step(workspace, batch, step, &mut own, values),
                Mode::Reading(wanted) => {
                    self.read_step(workspace, batch, step, &mut own, values);
                    for (value, rows) in wanted.iter_mut() {
                        if *value == step.output {
                            flatten(layout, values, rows);
                        }
                    }
                }
            }
            workspace.own[i] = own;
            workspace.values[slot] = output;
        }
    }

    /// What a step reads, `n` images long.
    pub(super) fn value<'a>(
        &self,
        workspace: &'a Workspace,
        batch: &'a ImageBatch,
        slots: &[Option<usize>],
        value: Value,
    ) -> &'a [f32] {
        let len = batch.len() * self.plan.layout(value).len();
        match slots[value.index()] {
            Some(slot) => &workspace.values[slot].values[..len],
            None => batch.pixels(),
        }
    }

    /// Weight and bias of a node, the bias empty where there is none.
    pub(super) fn weights(&self, node: usize) -> (&[f32], &[f32]) {
        let first = self.plan.parameters[node];
        let until = self.plan.parameters.get(node + 1);
        let until = until.copied().unwrap_or(self.parameters.len());
        let values = |i: usize| match i < until {
            true => self.parameters[i].values.as_slice(),
            false => &[],
        };
        (values(first), values(first + 1))
    }

    /// Running mean and variance of a batch norm.
    pub(crate) fn running(&self, node: usize) -> (&[f32], &[f32]) {
        let first = self.plan.statistics[node];
        let values = |i: usize| self.statistics[i].values.as_slice();
        (values(first), values(first + 1))
    }

    fn train_step(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        step: &Step,
        key: StreamKey,
        own: &mut Own,
        output: &mut [f32],
    ) {
        let n = batch.len();
        let marks = n * self.plan.layout(step.output).inner_len();
        if let Kernel::Dropout(dropout) = &step.kernel {
            // in place: the output is what the step before left
            grow(&mut own.marks, marks);
            let key = key.derive(&self.plan.graph.nodes[step.node].name);
            let row = output.len() / n.max(1);
            dropout.forward(output, row, key, &mut own.marks[..marks]);
            return;
        }
        let (weight, bias) = self.weights(step.node);
        let mut conv = take(&mut workspace.conv);
        let slots = &self.plan.training.slots;
        let images = self.value(workspace, batch, slots, step.input);
        let input = ConvInput {
            images,
            weight,
            bias,
        };
        match &step.kernel {
            Kernel::ConvBlock(block) => {
                grow(&mut own.marks, marks);
                block.forward(input, &mut own.block, output, Some(&mut own.marks[..marks]));
            }
            Kernel::Conv(kernel) => kernel.forward(input, None, &mut conv, output),
            Kernel::BatchNorm(norm) => {
                let (mean, variance) = self.running(step.node);
                own.running = (mean.to_vec(), variance.to_vec());
                let training = NormTraining {
                    scale: weight,
                    shift: bias,
                    running_mean: &mut own.running.0,
                    running_variance: &mut own.running.1,
                };
                let residual = step.residual.map(|residual| Images {
                    values: self.value(workspace, batch, slots, residual),
                    layout: self.plan.layout(residual),
                });
                norm.forward_train(images, training, residual, &mut own.norm, output);
            }
            Kernel::MaxPool(pool) => {
                grow(&mut own.marks, marks);
                pool.forward(images, output, Some(&mut own.marks[..marks]));
            }
            Kernel::AveragePool(pool) => pool.forward(images, output),
            Kernel::Flatten(layout) => flatten(*layout, images, output),
            Kernel::Linear(linear) => linear.forward(images, weight, bias, output),
            Kernel::Dropout(_) => unreachable!("done above"),
        }
        workspace.conv = conv;
    }

    fn read_step(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        step: &Step,
        own: &mut Own,
        output: &mut [f32],
    ) {
        let (weight, bias) = self.weights(step.node);
        let mut conv = take(&mut workspace.conv);
        let (mut folded_weight, mut folded_bias) = take(&mut workspace.folded);
        let slots = &self.plan.reading.slots;
        let images = self.value(workspace, batch, slots, step.input);
        let residual = step.residual.map(|residual| Images {
            values: self.value(workspace, batch, slots, residual),
            layout: self.plan.layout(residual),
        });
        let mut input = ConvInput {
            images,
            weight,
            bias,
        };
        match &step.kernel {
            Kernel::ConvBlock(block) => block.forward(input, &mut own.block, output, None),
            Kernel::Conv(kernel) => {
                if let Some(norm) = step.norm {
                    grow(&mut folded_weight, weight.len());
                    grow(&mut folded_bias, kernel.spec().out_channels);
                    let channels = kernel.spec().out_channels;
                    fold_norm(
                        kernel.spec(),
                        weight,
                        bias,
                        self.norm_parameters(norm),
                        NORM_EPSILON,
                        &mut folded_weight[..weight.len()],
                        &mut folded_bias[..channels],
                    );
                    input.weight = &folded_weight[..weight.len()];
                    input.bias = &folded_bias[..channels];
                }
                kernel.forward(input, residual, &mut conv, output);
            }
            Kernel::BatchNorm(norm) => {
                norm.forward_eval(images, self.norm_parameters(step.node), residual, output);
            }
            Kernel::MaxPool(pool) => pool.forward(images, output, None),
            Kernel::AveragePool(pool) => pool.forward(images, output),
            Kernel::Flatten(layout) => flatten(*layout, images, output),
            Kernel::Linear(linear) => linear.forward(images, weight, bias, output),
            Kernel::Dropout(_) => unreachable!("left out of reading"),
        }
        workspace.conv = conv;
        workspace.folded = (folded_weight, folded_bias);
    }

    fn norm_parameters(&self, node: usize) -> NormParameters<'_, f32> {
        let (scale, shift) = self.weights(node);
        let (mean, variance) = self.running(node);
        NormParameters {
            scale,
            shift,
            mean,
            variance,
        }
    }

    /// Takes over the running statistics that the workspace's last training
    /// pass led to.
    pub(crate) fn keep_statistics(&mut self, workspace: &Workspace) {
        let plan = self.plan.clone();
        for (step, own) in plan.training.steps.iter().zip(&workspace.own) {
            if let Kernel::BatchNorm(_) = step.kernel {
                let first = plan.statistics[step.node];
                self.statistics[first]
                    .values
                    .copy_from_slice(&own.running.0);
                self.statistics[first + 1]
                    .values
                    .copy_from_slice(&own.running.1);
            }
        }
    }
}

/// PyTorch's default, and torchvision's.
pub(crate) const NORM_EPSILON: f64 = 1e-5;

/// Bordered images, channels last, to rows in the order channel, row, column.
pub(super) fn flatten(layout: ImageLayout, images: &[f32], rows: &mut [f32]) {
    if layout.height * layout.width == 1 && layout.border == 0 {
        rows.copy_from_slice(&images[..rows.len()]);
        return;
    }
    rows.par_chunks_mut(layout.inner_len())
        .zip(images.par_chunks(layout.len()))
        .for_each(|(row, image)| layout.to_chw(image, row));
}
