//! Convolution of any kernel, stride, padding, dilation and groups, with bias,
//! residual and activation in one pass.

mod backward;
mod fold;
mod forward;
mod geometry;
mod pack;
#[cfg(test)]
mod tests;

use std::sync::Mutex;

use rayon::prelude::*;

use backward::{BackwardImage, ImageGradient};
pub use fold::fold_norm;
use forward::ForwardImage;
use geometry::Geometry;
use pack::{pack, pack_flipped, unpack};

use super::block::ConvInput;
use super::partial::{give_back, sum_in_order, take};
use super::spec::ConvSpec;
use crate::nn::aligned::Aligned;
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::real::Processor;
use crate::nn::{Activation, IMAGES_PER_BLOCK, InputGradient, Real, ShapeError};

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
        assert_eq!(output.len(), n * out_len, "length of the output");
        if let Some(residual) = residual {
            assert!(
                residual.layout.same_inside(&geometry.output),
                "a residual of {:?} for an output of {:?}",
                residual.layout,
                geometry.output
            );
            let len = n * residual.layout.len();
            assert_eq!(residual.values.len(), len, "length of the residual");
        }
        buffers.adapt(geometry);
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
        output
            .par_chunks_mut(out_len)
            .enumerate()
            .for_each(|(image, y)| {
                let of = |len: usize| image * len..(image + 1) * len;
                let kernel = ForwardImage {
                    geometry,
                    activation: self.activation,
                    x: &input.images[of(geometry.input.len())],
                    weights: &buffers.packed,
                    bias: &buffers.bias,
                    residual: residual.map(|residual| Images {
                        values: &residual.values[of(residual.layout.len())],
                        ..residual
                    }),
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
        let inner = geometry.output.inner_len();
        let (in_len, out_len) = (geometry.input.len(), geometry.output.len());
        assert_eq!(pass.out_gradient.len(), n * inner, "output's gradient");
        let active = self.activation != Activation::None;
        if active {
            assert_eq!(pass.output.len(), n * out_len, "length of the output");
        }
        assert_eq!(pass.weight.len(), input.weight.len(), "weight gradient");
        assert_eq!(pass.bias.len(), input.bias.len(), "bias gradient");

        buffers.adapt(geometry);
        let (weights, biases) = (geometry.packed_len(), geometry.gradient_pixel());
        let tasks = n.div_ceil(IMAGES_PER_BLOCK);
        buffers.partial.set_len(tasks * (weights + biases));
        let images = pass.images.target();
        if images.is_some() {
            buffers.flipped.set_len(geometry.flipped_len());
            pack_flipped(geometry, input.weight, &mut buffers.flipped);
        }
        let (flipped, bordered) = (&buffers.flipped, &buffers.bordered);
        let add = images.as_ref().is_some_and(|(_, add)| *add);

        let task = |task: usize, partial: &mut [T], mut images: Option<&mut [T]>| {
            partial.fill(T::ZERO);
            let (weight_gradient, bias_gradient) = partial.split_at_mut(weights);
            let mut scratch = take(bordered, geometry.gradient_len());
            let last = n.min((task + 1) * IMAGES_PER_BLOCK);
            for (i, image) in (task * IMAGES_PER_BLOCK..last).enumerate() {
                let of = |len: usize| image * len..(image + 1) * len;
                let here = geometry.input.inner_len();
                let here = i * here..(i + 1) * here;
                let kernel = BackwardImage {
                    geometry,
                    activation: self.activation,
                    x: &input.images[of(in_len)],
                    y: if active {
                        &pass.output[of(out_len)]
                    } else {
                        &[]
                    },
                    gradient: &pass.out_gradient[of(inner)],
                    bordered: &mut scratch,
                    weight_gradient,
                    bias_gradient,
                    image: images.as_deref_mut().map(|images| ImageGradient {
                        flipped,
                        gradient: &mut images[here],
                        add,
                    }),
                };
                T::dispatch(self.processor, kernel);
            }
            give_back(bordered, scratch);
        };
        let partials = buffers.partial.par_chunks_mut(weights + biases);
        match images {
            Some((images, _)) => {
                let len = geometry.input.inner_len();
                assert_eq!(images.len(), n * len, "image gradient");
                partials
                    .zip(images.par_chunks_mut(IMAGES_PER_BLOCK * len))
                    .enumerate()
                    .for_each(|(i, (partial, images))| task(i, partial, Some(images)));
            }
            None => partials
                .enumerate()
                .for_each(|(i, partial)| task(i, partial, None)),
        }

        let total = sum_in_order(&mut buffers.partial, weights + biases);
        unpack(geometry, &total[..weights], pass.weight);
        let of_group = geometry.spec.out_group();
        let sums = total[weights..].chunks_exact(geometry.out_filled());
        for (to, from) in pass.bias.chunks_exact_mut(of_group).zip(sums) {
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
