use std::sync::Mutex;

use rayon::prelude::*;

use super::backward::BackwardImage;
use super::forward::ForwardImage;
use super::pack::{pack, pack_flipped, unpack};
use super::partial::{give_back, sum_in_order, take};
use super::shape::ConvShape;
use super::spec::ConvSpec;
use crate::nn::ShapeError;
use crate::nn::aligned::Aligned;
use crate::nn::layout::ImageLayout;
use crate::nn::real::Processor;
use crate::nn::sizes::product;
use crate::nn::{IMAGES_PER_BLOCK, Real};

/// Convolution, bias, ReLU and 2 x 2 max-pool, for images of one size.
///
/// `y = maxpool(relu(conv(x, weight) + bias))`, with the pool's window and
/// stride 2 (an odd last row or column is dropped). Images go in and out with
/// channels last, `[n, rows, columns, channels]`, the input inside a border of
/// `padding` zeros, the output inside whatever border the next layer wants;
/// weights are PyTorch's `[out, in, kernel, kernel]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvBlock {
    pub(super) shape: ConvShape,
    pub(super) processor: Processor,
}

/// What a forward pass reads.
#[derive(Clone, Copy, Debug)]
pub struct ConvInput<'a, T> {
    /// Bordered images, channels last: `n * in_len`.
    pub images: &'a [T],
    /// PyTorch's weight, `[out, in, kernel, kernel]`.
    pub weight: &'a [T],
    /// One number for each output channel; empty for a [`Conv`](super::Conv)
    /// without a bias.
    pub bias: &'a [T],
}

/// What a backward pass writes.
#[derive(Debug)]
pub struct ConvGradient<'a, T> {
    /// Gradient of the weight, PyTorch's order.
    pub weight: &'a mut [T],
    /// Gradient of the bias.
    pub bias: &'a mut [T],
    /// Gradient of the images without their border, `n * in_gradient_len`, or
    /// `None` where nobody needs it.
    pub images: Option<&'a mut [T]>,
}

/// Memory a block works in, kept from step to step. Used with another block,
/// it starts anew.
#[derive(Debug, Default)]
pub struct ConvBlockBuffers<T> {
    /// The shape for which places without a channel or window are zero.
    made_for: Option<ConvShape>,
    pub(super) packed: Aligned<T>,
    bias: Aligned<T>,
    pub(super) flipped: Aligned<T>,
    pub(super) partial: Aligned<T>,
    spreads: Mutex<Vec<Aligned<T>>>,
    /// Of blocks by tiles: transformed weights, memory of tiles, and the
    /// gradient before the pool.
    pub(super) filters: Aligned<T>,
    pub(super) scratch: Mutex<Vec<Aligned<T>>>,
    pub(super) spread: Aligned<T>,
}

impl<T: Real> ConvBlockBuffers<T> {
    fn adapt(&mut self, shape: &ConvShape) {
        if self.made_for != Some(*shape) {
            *self = Self::default();
            self.made_for = Some(*shape);
        }
    }
}

impl ConvBlock {
    /// A block for images of `height` x `width`, whose output lies inside a
    /// border of `out_border` zeros.
    ///
    /// # Errors
    /// If a count is 0, the padding is not below the kernel's side, or nothing
    /// would be left of the image.
    pub fn new<T: Real>(
        spec: ConvSpec,
        height: usize,
        width: usize,
        out_border: usize,
    ) -> Result<Self, ShapeError> {
        Self::on::<T>(Processor::best(), spec, height, width, out_border)
    }

    /// As [`new`](Self::new), for tests of every kind of vector.
    pub(crate) fn on<T: Real>(
        processor: Processor,
        spec: ConvSpec,
        height: usize,
        width: usize,
        out_border: usize,
    ) -> Result<Self, ShapeError> {
        let channel_block = T::channel_block(processor);
        Ok(Self {
            shape: ConvShape::new(spec, height, width, out_border, channel_block)?,
            processor,
        })
    }

    /// The convolution.
    pub fn spec(&self) -> &ConvSpec {
        &self.shape.spec
    }

    /// Rows and columns of the output.
    pub fn out_size(&self) -> (usize, usize) {
        (self.shape.out_height, self.shape.out_width)
    }

    /// The layout of one output with its border.
    pub fn out_layout(&self) -> ImageLayout {
        ImageLayout {
            height: self.shape.out_height,
            width: self.shape.out_width,
            channels: self.shape.spec.out_channels,
            border: self.shape.out_border,
        }
    }

    /// Elements of one bordered input image.
    pub fn in_len(&self) -> usize {
        self.shape.in_len()
    }

    /// Elements of one input image without its border: of its gradient.
    pub fn in_gradient_len(&self) -> usize {
        self.shape.in_gradient_len()
    }

    /// Elements of one bordered output image.
    pub fn out_len(&self) -> usize {
        self.shape.out_len()
    }

    /// Elements of one output image without its border: of its gradient, and
    /// of its winners.
    pub fn out_gradient_len(&self) -> usize {
        self.shape.pooled_len()
    }

    /// The forward pass of a batch. With `winners` (`n * out_gradient_len`
    /// bytes) it notes which place of each window won, for the backward pass.
    /// The border of `output` is not touched: it is zero if it was.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        buffers: &mut ConvBlockBuffers<T>,
        output: &mut [T],
        winners: Option<&mut [u8]>,
    ) {
        let shape = &self.shape;
        let n = self.check(&input);
        let out_len = product([n, shape.out_len()]);
        assert_eq!(output.len(), out_len, "length of the output");
        buffers.adapt(shape);
        if let Some(winners) = &winners {
            let pooled_len = product([n, shape.pooled_len()]);
            assert_eq!(winners.len(), pooled_len, "number of winners");
        }
        if shape.by_tiles() {
            return self.forward_by_tiles(input, buffers, output, winners);
        }
        buffers.packed.set_len(shape.packed_len());
        buffers.bias.set_len(shape.out_filled());
        pack(shape, input.weight, &mut buffers.packed);
        buffers.bias[..shape.spec.out_channels].copy_from_slice(input.bias);

        let image = |x: &[T], y: &mut [T], winners: Option<&mut [u8]>| {
            let kernel = ForwardImage {
                shape,
                x,
                weights: &buffers.packed,
                bias: &buffers.bias,
                y,
                winners,
            };
            T::dispatch(self.processor, kernel);
        };
        let pairs = output
            .par_chunks_mut(shape.out_len())
            .zip(input.images.par_chunks(shape.in_len()));
        match winners {
            Some(winners) => {
                pairs
                    .zip(winners.par_chunks_mut(shape.pooled_len()))
                    .for_each(|((y, x), winners)| image(x, y, Some(winners)));
            }
            None => pairs.for_each(|(y, x)| image(x, y, None)),
        }
    }

    /// The backward pass of a batch: from the gradient of the output (without
    /// a border) and the forward pass's input and winners to the gradients of
    /// weight, bias and, if wanted, images. All are overwritten.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn backward<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        winners: &[u8],
        out_gradient: &[T],
        buffers: &mut ConvBlockBuffers<T>,
        gradient: ConvGradient<'_, T>,
    ) {
        let shape = &self.shape;
        let n = self.check(&input);
        let pooled_len = product([n, shape.pooled_len()]);
        assert_eq!(winners.len(), pooled_len, "number of winners");
        assert_eq!(
            out_gradient.len(),
            pooled_len,
            "length of the output's gradient"
        );
        assert_eq!(gradient.weight.len(), shape.weight_len(), "weight gradient");
        assert_eq!(
            gradient.bias.len(),
            shape.spec.out_channels,
            "bias gradient"
        );

        buffers.adapt(shape);
        if shape.by_tiles() {
            if let Some(images) = &gradient.images {
                assert_eq!(images.len(), n * shape.in_gradient_len(), "image gradient");
            }
            return self.backward_by_tiles(input, winners, out_gradient, buffers, gradient);
        }
        let (weights, biases) = (shape.packed_len(), shape.out_filled());
        let tasks = n.div_ceil(IMAGES_PER_BLOCK);
        buffers.partial.set_len(tasks * (weights + biases));
        if gradient.images.is_some() {
            buffers.flipped.set_len(shape.flipped_len());
            pack_flipped(shape, input.weight, &mut buffers.flipped);
        }
        let (flipped, spreads) = (&buffers.flipped, &buffers.spreads);

        let task = |task: usize, partial: &mut [T], mut images: Option<&mut [T]>| {
            partial.fill(T::ZERO);
            let (weight_gradient, bias_gradient) = partial.split_at_mut(weights);
            let mut spread = take(spreads, shape.spread_len());
            let last = n.min((task + 1) * IMAGES_PER_BLOCK);
            for (i, image) in (task * IMAGES_PER_BLOCK..last).enumerate() {
                let of = |len: usize| image * len..(image + 1) * len;
                let here = i * shape.in_gradient_len()..(i + 1) * shape.in_gradient_len();
                let kernel = BackwardImage {
                    shape,
                    x: &input.images[of(shape.in_len())],
                    winners: &winners[of(shape.pooled_len())],
                    gradient: &out_gradient[of(shape.pooled_len())],
                    spread: &mut spread,
                    weight_gradient,
                    bias_gradient,
                    input: images
                        .as_deref_mut()
                        .map(|images| (&**flipped, &mut images[here])),
                };
                T::dispatch(self.processor, kernel);
            }
            give_back(spreads, spread);
        };
        let partials = buffers.partial.par_chunks_mut(weights + biases);
        match gradient.images {
            Some(images) => {
                assert_eq!(images.len(), n * shape.in_gradient_len(), "image gradient");
                partials
                    .zip(images.par_chunks_mut(IMAGES_PER_BLOCK * shape.in_gradient_len()))
                    .enumerate()
                    .for_each(|(i, (partial, images))| task(i, partial, Some(images)));
            }
            None => partials
                .enumerate()
                .for_each(|(i, partial)| task(i, partial, None)),
        }

        let total = sum_in_order(&mut buffers.partial, weights + biases);
        unpack(shape, &total[..weights], gradient.weight);
        gradient
            .bias
            .copy_from_slice(&total[weights..weights + shape.spec.out_channels]);
    }

    /// Checks what both passes read and returns the number of images.
    fn check<T: Real>(&self, input: &ConvInput<'_, T>) -> usize {
        let shape = &self.shape;
        assert_eq!(
            input.weight.len(),
            shape.weight_len(),
            "length of the weight"
        );
        assert_eq!(
            input.bias.len(),
            shape.spec.out_channels,
            "length of the bias"
        );
        let n = input.images.len() / shape.in_len();
        assert_eq!(input.images.len(), n * shape.in_len(), "whole images");
        n
    }
}
