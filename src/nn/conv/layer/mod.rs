//! Convolution of any kernel, stride, padding, dilation and groups, with bias,
//! residual and activation in one pass.

mod border;
mod by_tiles;
mod data;
mod fold;
mod forward;
mod geometry;
mod pack;
#[cfg(test)]
mod tests;
mod weights;

use std::ops::Range;
use std::sync::Mutex;

use rayon::prelude::*;

use data::DataGradient;
pub use fold::fold_norm;
use forward::Forward;
use geometry::Geometry;
use pack::{pack, pack_flipped, unpack};
use weights::WeightGradient;

use super::block::ConvInput;
use super::partial::{give_back, sum_in_order, take};
use super::spec::ConvSpec;
use crate::nn::aligned::Aligned;
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::real::Processor;
use crate::nn::sizes::product;
use crate::nn::{Activation, InputGradient, Real, ShapeError};

/// A convolution for images of one size.
///
/// `y = activation(conv(x, weight) + bias + residual)`; bias and residual may
/// be missing. PyTorch's `conv2d` (a cross-correlation) of a square kernel:
/// weights are `[out, in / groups, kernel, kernel]`. Images go in and out with
/// channels last inside borders of zeros ([`ImageLayout`]); the input's border
/// is at least the padding, the output's whatever the next layer wants.
/// Gradients of images have no border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    geometry: Geometry,
    activation: Activation,
    processor: Processor,
}

/// What a backward pass reads besides the input, and what it writes.
#[derive(Debug)]
pub struct ConvBackward<'a, T> {
    /// The forward pass's output, `n * out_layout().len()`. Not read, and may
    /// be empty, where there is no activation.
    pub output: &'a [T],
    /// Gradient of the output, `n * out_layout().inner_len()`.
    pub out_gradient: &'a [T],
    /// Overwritten: gradient of the weight, PyTorch's order.
    pub weight: &'a mut [T],
    /// Overwritten: gradient of the bias; empty where there is none.
    pub bias: &'a mut [T],
    /// Gradient of the images, `n * in_layout().inner_len()`.
    pub images: InputGradient<'a, T>,
}

/// Memory a convolution works in, kept from step to step. Used with another
/// convolution, it starts anew.
#[derive(Debug, Default)]
pub struct ConvBuffers<T> {
    /// The sizes for which places without a channel or pixel are zero.
    made_for: Option<Geometry>,
    packed: Aligned<T>,
    bias: Aligned<T>,
    flipped: Aligned<T>,
    partial: Aligned<T>,
    bordered: Mutex<Vec<Aligned<T>>>,
    packed_slopes: Mutex<Vec<Aligned<T>>>,
    /// Transformed weights, straight or flipped, and memory of tiles.
    filters: Aligned<T>,
    scratch: Mutex<Vec<Aligned<T>>>,
}

/// The gradient of the outputs, and the outputs, which are not read where
/// there is no activation.
#[derive(Clone, Copy)]
struct Slopes<'a, T> {
    y: &'a [T],
    gradient: &'a [T],
}

impl<'a, T> Slopes<'a, T> {
    /// Those of some images.
    fn of(self, geometry: &Geometry, images: Range<usize>) -> (&'a [T], &'a [T]) {
        let (len, inner) = (geometry.output.len(), geometry.output.inner_len());
        let y = match self.y.is_empty() {
            true => self.y,
            false => &self.y[images.start * len..images.end * len],
        };
        (y, &self.gradient[images.start * inner..images.end * inner])
    }
}

impl<T: Real> ConvBuffers<T> {
    fn adapt(&mut self, geometry: &Geometry) {
        if self.made_for != Some(*geometry) {
            *self = Self::default();
            self.made_for = Some(*geometry);
        }
    }
}

impl Conv {
    /// A convolution of images of layout `input`, whose output lies inside a
    /// border of `out_border` zeros.
    ///
    /// # Errors
    /// If a count is 0, the padding so wide that an output would see nothing
    /// but zeros, the border narrower than the padding, the groups do not
    /// divide the channels, the images have other channels, or nothing would
    /// be left of them.
    pub fn new<T: Real>(
        spec: ConvSpec,
        input: ImageLayout,
        out_border: usize,
        activation: Activation,
    ) -> Result<Self, ShapeError> {
        Self::on::<T>(Processor::best(), spec, input, out_border, activation)
    }

    /// As [`new`](Self::new), for tests of every kind of vector.
    pub(crate) fn on<T: Real>(
        processor: Processor,
        spec: ConvSpec,
        input: ImageLayout,
        out_border: usize,
        activation: Activation,
    ) -> Result<Self, ShapeError> {
        let channel_block = T::channel_block(processor);
        Ok(Self {
            geometry: Geometry::new(spec, input, out_border, channel_block)?,
            activation,
            processor,
        })
    }

    /// The convolution.
    pub fn spec(&self) -> &ConvSpec {
        &self.geometry.spec
    }

    /// What is applied to each output.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The layout of one image coming in.
    pub fn in_layout(&self) -> ImageLayout {
        self.geometry.input
    }

    /// The layout of one image going out.
    pub fn out_layout(&self) -> ImageLayout {
        self.geometry.output
    }

    /// The forward pass of a batch of `n` images: from
    /// `n * in_layout().len()` numbers to `n * out_layout().len()`. The border
    /// of `output` is not touched: it is zero if it was. A `residual` is added
    /// before the activation; its images are of the output's size, inside any
    /// border. There is no backward pass through it: it is for eval mode,
    /// where a batch norm folds into the weights ([`fold_norm`]).
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        residual: Option<Images<'_, T>>,
        buffers: &mut ConvBuffers<T>,
        output: &mut [T],
    ) {
        let geometry = &self.geometry;
        let n = self.check(&input);
        let out_len = geometry.output.len();
        assert_eq!(output.len(), product([n, out_len]), "length of the output");
        if let Some(residual) = residual {
            assert!(
                residual.layout.same_inside(&geometry.output),
                "a residual of {:?} for an output of {:?}",
                residual.layout,
                geometry.output
            );
            let len = product([n, residual.layout.len()]);
            assert_eq!(residual.values.len(), len, "length of the residual");
        }
        buffers.adapt(geometry);
        match geometry.tile_side() {
            Some(4) => return self.forward_by_tiles::<T, 4>(input, residual, buffers, output),
            Some(_) => return self.forward_by_tiles::<T, 6>(input, residual, buffers, output),
            None => {}
        }
        buffers.packed.set_len(geometry.packed_len());
        pack(geometry, input.weight, &mut buffers.packed);
        let filled = geometry.out_filled();
        buffers.bias.set_len(geometry.spec.groups * filled);
        buffers.bias.fill(T::ZERO);
        let of_group = geometry.spec.out_group();
        let biases = input.bias.chunks_exact(of_group);
        for (to, from) in buffers.bias.chunks_exact_mut(filled).zip(biases) {
            to[..of_group].copy_from_slice(from);
        }
        let images = geometry.images_per_task();
        let in_len = geometry.input.len();
        output
            .par_chunks_mut(images * out_len)
            .zip(input.images.par_chunks(images * in_len))
            .enumerate()
            .for_each(|(task, (y, x))| {
                let kernel = Forward {
                    geometry,
                    activation: self.activation,
                    x,
                    weights: &buffers.packed,
                    bias: &buffers.bias,
                    residual: residual.map(|all| all.some(task * images, y.len() / out_len)),
                    y,
                };
                T::dispatch(self.processor, kernel);
            });
    }

    /// The backward pass of a batch.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn backward<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        pass: ConvBackward<'_, T>,
        buffers: &mut ConvBuffers<T>,
    ) {
        let geometry = &self.geometry;
        let n = self.check(&input);
        let inner_len = product([n, geometry.output.inner_len()]);
        assert_eq!(pass.out_gradient.len(), inner_len, "output's gradient");
        let active = self.activation != Activation::None;
        if active {
            let out_len = product([n, geometry.output.len()]);
            assert_eq!(pass.output.len(), out_len, "length of the output");
        }
        assert_eq!(pass.weight.len(), input.weight.len(), "weight gradient");
        assert_eq!(pass.bias.len(), input.bias.len(), "bias gradient");

        buffers.adapt(geometry);
        let slopes = Slopes {
            y: if active { pass.output } else { &[] },
            gradient: pass.out_gradient,
        };
        if let Some((images, add)) = pass.images.target() {
            assert_eq!(
                images.len(),
                n * geometry.input.inner_len(),
                "image gradient"
            );
            let weight = input.weight;
            match geometry.tile_side() {
                Some(4) => {
                    self.data_gradient_by_tiles::<T, 4>(weight, slopes, images, add, buffers);
                }
                Some(_) => {
                    self.data_gradient_by_tiles::<T, 6>(weight, slopes, images, add, buffers);
                }
                None => self.data_gradient(weight, slopes, images, add, buffers),
            }
        }
        let (weight, bias, images) = (pass.weight, pass.bias, input.images);
        match geometry.tile_side() {
            Some(4) => {
                self.weight_gradient_by_tiles::<T, 4>(images, slopes, weight, bias, buffers);
            }
            Some(_) => {
                self.weight_gradient_by_tiles::<T, 6>(images, slopes, weight, bias, buffers);
            }
            None => self.weight_gradient(images, slopes, weight, bias, buffers),
        }
    }

    fn data_gradient<T: Real>(
        &self,
        weight: &[T],
        slopes: Slopes<'_, T>,
        images: &mut [T],
        add: bool,
        buffers: &mut ConvBuffers<T>,
    ) {
        let geometry = &self.geometry;
        buffers.flipped.set_len(geometry.flipped_len());
        pack_flipped(geometry, weight, &mut buffers.flipped);
        let (flipped, pool) = (&buffers.flipped, &buffers.bordered);
        let scratch = match geometry.needs_border(self.activation) {
            true => geometry.gradient_len(),
            false => 0,
        };
        let per_task = geometry.images_per_task();
        let len = geometry.input.inner_len();
        images
            .par_chunks_mut(per_task * len)
            .enumerate()
            .for_each(|(task, gradient)| {
                let first = task * per_task;
                let here = first..first + gradient.len() / len;
                let (y, slopes) = slopes.of(geometry, here.clone());
                let mut bordered = take(pool, product([per_task, scratch]));
                let kernel = DataGradient {
                    geometry,
                    activation: self.activation,
                    y,
                    slopes,
                    bordered: &mut bordered[..here.len() * scratch],
                    flipped,
                    gradient,
                    add,
                };
                T::dispatch(self.processor, kernel);
                give_back(pool, bordered);
            });
    }

    /// Sums run over the images of a part, in order, then over parts. Where
    /// weights are many, parts are few and tasks share the channels instead,
    /// so that what is summed up twice stays small.
    fn weight_gradient<T: Real>(
        &self,
        images: &[T],
        slopes: Slopes<'_, T>,
        weight: &mut [T],
        bias: &mut [T],
        buffers: &mut ConvBuffers<T>,
    ) {
        let geometry = &self.geometry;
        let n = images.len() / geometry.input.len();
        let (parts, blocks_per_task) = geometry.weight_tasks(n);
        let per_part = n.div_ceil(parts.max(1));
        let (weights, biases) = (geometry.packed_len(), geometry.gradient_pixel());
        buffers.partial.set_len(parts * (weights + biases));
        buffers.partial.fill(T::ZERO);
        let (partial, partial_bias) = buffers.partial.split_at_mut(parts * weights);
        let pool = &buffers.packed_slopes;
        // a part's blocks of channels, then the next part's
        let pieces = partial
            .par_chunks_mut(weights)
            .zip(partial_bias.par_chunks_mut(biases))
            .enumerate()
            .flat_map_iter(|(part, (weights, bias))| {
                weights
                    .chunks_mut(blocks_per_task * geometry.packed_block())
                    .zip(bias.chunks_mut(blocks_per_task * geometry.channel_block))
                    .enumerate()
                    .map(move |(task, (weights, bias))| (part, task, weights, bias))
            });
        pieces.for_each(|(part, task, weights, bias)| {
            let here = part * per_part..n.min((part + 1) * per_part);
            let in_len = geometry.input.len();
            let (y, slopes) = slopes.of(geometry, here.clone());
            let mut packed = take(
                pool,
                WeightGradient::<T>::chunk_len(geometry, bias.len() / geometry.channel_block),
            );
            let kernel = WeightGradient {
                geometry,
                activation: self.activation,
                x: &images[here.start * in_len..here.end * in_len],
                y,
                slopes,
                packed: &mut packed,
                first_block: task * blocks_per_task,
                weights,
                bias,
            };
            T::dispatch(self.processor, kernel);
            give_back(pool, packed);
        });
        let total = sum_in_order(partial, weights);
        unpack(geometry, total, weight);
        let total = sum_in_order(partial_bias, biases);
        let of_group = geometry.spec.out_group();
        let sums = total.chunks_exact(geometry.out_filled());
        for (to, from) in bias.chunks_exact_mut(of_group).zip(sums) {
            to.copy_from_slice(&from[..of_group]);
        }
    }

    /// Checks what both passes read and returns the number of images.
    fn check<T: Real>(&self, input: &ConvInput<'_, T>) -> usize {
        let spec = &self.geometry.spec;
        assert_eq!(
            input.weight.len(),
            spec.weight_len(),
            "length of the weight"
        );
        assert!(
            input.bias.is_empty() || input.bias.len() == spec.out_channels,
            "length of the bias"
        );
        let len = self.geometry.input.len();
        let n = input.images.len() / len;
        assert_eq!(input.images.len(), n * len, "whole images");
        n
    }
}
