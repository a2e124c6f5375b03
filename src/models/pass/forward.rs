use std::mem::take;
use std::ops::Range;

use layerprobe_streams::StreamKey;
use rayon::prelude::*;

use super::arena::{Region, parts};
use super::compile::Step;
use super::kernel::Kernel;
use super::memory::{Workspace, clear_border, grow};
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
        let n = batch.len();
        workspace.prepare(&self.design, program, training, n);
        let end = match &mode {
            Mode::Reading(wanted) => program
                .steps
                .iter()
                .rposition(|step| wanted.iter().any(|(value, _)| *value == step.output))
                .map_or(0, |last| last + 1),
            _ => program.steps.len(),
        };
        let mut arena = take(&mut workspace.arena);
        for (i, step) in program.steps.iter().enumerate().take(end) {
            let layout = self.plan.layout(step.output);
            let [output, input, residual] = parts(
                &mut arena,
                [
                    range(&program.values, Some(step.output), n),
                    // what happens in place has the output alone
                    match step.kernel {
                        Kernel::Dropout(_) => 0..0,
                        _ => range(&program.values, Some(step.input), n),
                    },
                    range(&program.values, step.residual, n),
                ],
            );
            let exclusive = program.values[step.output.index()].is_some_and(|r| r.exclusive);
            if !(exclusive && workspace.own[i].clean == n) {
                for image in output.chunks_exact_mut(layout.len()) {
                    clear_border(layout, image);
                }
                workspace.own[i].clean = n;
            }
            let input = match step.input == self.plan.graph.input() {
                true => batch.pixels(),
                false => input,
            };
            let residual = step.residual.map(|value| Images {
                values: &*residual,
                layout: self.plan.layout(value),
            });
            match &mut mode {
                Mode::Training(key) => {
                    let of_step = (i, step, n);
                    self.train_step(workspace, of_step, *key, (input, residual), output);
                }
                Mode::Logits => self.read_step(workspace, i, step, (input, residual), output),
                Mode::Reading(wanted) => {
                    self.read_step(workspace, i, step, (input, residual), output);
                    for (value, rows) in wanted.iter_mut() {
                        if *value == step.output {
                            flatten(layout, output, rows);
                        }
                    }
                }
            }
        }
        workspace.arena = arena;
    }

    /// The logits of the last pass for reading.
    pub(crate) fn last_logits<'w>(&self, workspace: &'w Workspace, n: usize) -> &'w [f32] {
        let output = self.plan.graph.output();
        &workspace.arena[range(&self.plan.reading.values, Some(output), n)]
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
        (i, step, n): (usize, &Step, usize),
        key: StreamKey,
        (images, residual): (&[f32], Option<Images<'_, f32>>),
        output: &mut [f32],
    ) {
        let Workspace { own, conv, .. } = workspace;
        let own = &mut own[i];
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
            Kernel::Conv(kernel) => kernel.forward(input, None, conv, output),
            Kernel::BatchNorm(norm) => {
                let (mean, variance) = self.running(step.node);
                own.running = (mean.to_vec(), variance.to_vec());
                let training = NormTraining {
                    scale: weight,
                    shift: bias,
                    running_mean: &mut own.running.0,
                    running_variance: &mut own.running.1,
                };
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
    }

    fn read_step(
        &self,
        workspace: &mut Workspace,
        i: usize,
        step: &Step,
        (images, residual): (&[f32], Option<Images<'_, f32>>),
        output: &mut [f32],
    ) {
        let Workspace {
            own, conv, folded, ..
        } = workspace;
        let (folded_weight, folded_bias) = folded;
        let (weight, bias) = self.weights(step.node);
        let mut input = ConvInput {
            images,
            weight,
            bias,
        };
        match &step.kernel {
            Kernel::ConvBlock(block) => block.forward(input, &mut own[i].block, output, None),
            Kernel::Conv(kernel) => {
                if let Some(norm) = step.norm {
                    grow(folded_weight, weight.len());
                    grow(folded_bias, kernel.spec().out_channels);
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
                kernel.forward(input, residual, conv, output);
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

/// The place of a value, empty where there is none: of a batch, or of no
/// residual.
pub(super) fn range(regions: &[Option<Region>], value: Option<Value>, n: usize) -> Range<usize> {
    let region = value.and_then(|value| regions[value.index()]);
    region.map_or(0..0, |region| region.range(n))
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
