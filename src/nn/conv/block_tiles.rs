//! The passes of a block that [`winograd`](super::winograd) runs: a tile's
//! outputs are a window of the pool.

#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use rayon::prelude::*;

use super::backward::Spread;
use super::block::{ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput};
use super::forward::pool;
use super::pack::{pack, pack_flipped, unpack};
use super::partial::{give_back, sum_in_order, take};
use super::shape::ConvShape;
use super::winograd::{
    Emit, Finish, Products, TileView, WholeGradient, scratch_len, tile_images, transform_filters,
};
use crate::nn::lanes::Lanes;
use crate::nn::layout::ImageLayout;
use crate::nn::sizes::product;
use crate::nn::{Activation, Real};

impl ConvShape {
    /// Whether tiles serve this block.
    pub(crate) fn by_tiles(&self) -> bool {
        let spec = &self.spec;
        let whole = |channels: usize| channels.is_multiple_of(self.channel_block);
        spec.kernel == 3 && spec.stride == 1 && whole(spec.in_channels) && whole(spec.out_channels)
    }

    /// Tiles of the input, one for each window.
    fn input_tiles(&self) -> TileView {
        let layout = ImageLayout {
            height: self.height,
            width: self.width,
            channels: self.spec.in_channels,
            border: self.spec.padding,
        };
        TileView {
            layout,
            corner: 0,
            down: self.out_height,
            across: self.out_width,
        }
    }

    /// The gradient of the convolution's output inside a border.
    fn spread_layout(&self) -> ImageLayout {
        let border = self.spread_offset();
        ImageLayout {
            height: self.height + 2 - 2 * border,
            width: self.width + 2 - 2 * border,
            channels: self.spec.out_channels,
            border,
        }
    }
}

/// Bias, ReLU and the pool; see [`pool`].
struct Pool<'a, T> {
    shape: &'a ConvShape,
    bias: &'a [T],
    y: &'a mut [T],
    /// Empty where nobody asks.
    winners: &'a mut [u8],
}

impl<T: Real> Finish<T> for Pool<'_, T> {
    fn channels(&self) -> usize {
        self.shape.spec.out_channels
    }

    fn check(&self, images: usize, tiles: TileView, block: usize) {
        let shape = self.shape;
        assert_eq!(tiles.down, shape.out_height);
        assert_eq!(tiles.across, shape.out_width);
        assert_eq!(shape.spec.out_channels % block, 0);
        assert_eq!(self.bias.len(), shape.spec.out_channels);
        assert_eq!(self.y.len(), images * shape.out_len());
        let winners = images * shape.pooled_len();
        assert!(self.winners.is_empty() || self.winners.len() == winners);
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes<Scalar = T>>(
        &mut self,
        outputs: [[V; 2]; 2],
        (image, row, column): (usize, usize, usize),
        channel: usize,
    ) {
        let shape = self.shape;
        let border = shape.out_border;
        // rows of all images, counted without the checks of `out_len`
        let row_of_all = image * (shape.out_height + 2 * border) + row + border;
        let pixel = row_of_all * shape.out_columns() + column + border;
        let y = pixel * shape.spec.out_channels + channel;
        // SAFETY: there is such a window, and lengths were checked.
        unsafe {
            let bias = V::load(self.bias.as_ptr().add(channel));
            let (best, code) = pool([
                outputs[0][0].add(bias),
                outputs[0][1].add(bias),
                outputs[1][0].add(bias),
                outputs[1][1].add(bias),
            ]);
            best.store(self.y.as_mut_ptr().add(y));
            if !self.winners.is_empty() {
                let pixel = (image * shape.out_height + row) * shape.out_width + column;
                let at = pixel * shape.spec.out_channels + channel;
                code.store_bytes(self.winners.as_mut_ptr().add(at));
            }
        }
    }
}

impl ConvBlock {
    pub(super) fn forward_by_tiles<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        buffers: &mut ConvBlockBuffers<T>,
        output: &mut [T],
        winners: Option<&mut [u8]>,
    ) {
        let shape = &self.shape;
        buffers.packed.set_len(shape.packed_len());
        pack(shape, input.weight, &mut buffers.packed);
        let block = shape.spec.in_channels * shape.channel_block;
        transform_filters::<T, 4>(self.processor, &buffers.packed, block, &mut buffers.filters);
        let (filters, pool) = (&buffers.filters, &buffers.scratch);
        let view = shape.input_tiles();
        let images = tile_images::<4>(view);
        let some = |y: &mut [T], x: &[T], winners: &mut [u8]| {
            let mut scratch = take(pool, scratch_len::<4>(shape.channel_block));
            let kernel = Products::<T, _, 4> {
                view,
                images: x,
                filters,
                channel_block: shape.channel_block,
                scratch: &mut scratch,
                finish: Pool {
                    shape,
                    bias: input.bias,
                    y,
                    winners,
                },
            };
            T::dispatch(self.processor, kernel);
            give_back(pool, scratch);
        };
        let pairs = output
            .par_chunks_mut(images * shape.out_len())
            .zip(input.images.par_chunks(images * shape.in_len()));
        match winners {
            Some(winners) => pairs
                .zip(winners.par_chunks_mut(images * shape.pooled_len()))
                .for_each(|((y, x), winners)| some(y, x, winners)),
            None => pairs.for_each(|(y, x)| some(y, x, &mut [])),
        }
    }

    pub(super) fn backward_by_tiles<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        winners: &[u8],
        out_gradient: &[T],
        buffers: &mut ConvBlockBuffers<T>,
        gradient: ConvGradient<'_, T>,
    ) {
        let shape = &self.shape;
        let n = out_gradient.len() / shape.pooled_len();
        let channels = shape.spec.out_channels;

        // through the pool, into borders, which stay zero from step to step
        let spread_len = product([n, shape.spread_len()]);
        if buffers.spread.len() < spread_len {
            buffers.spread = Default::default();
        }
        buffers.spread.set_len(spread_len);
        let mut biases = std::mem::take(&mut buffers.partial);
        biases.set_len(n * channels);
        biases.fill(T::ZERO);
        buffers
            .spread
            .par_chunks_mut(shape.spread_len())
            .zip(biases.par_chunks_mut(channels))
            .zip(out_gradient.par_chunks(shape.pooled_len()))
            .zip(winners.par_chunks(shape.pooled_len()))
            .for_each(|(((spread, bias_gradient), gradient), winners)| {
                let kernel = Spread {
                    shape,
                    winners,
                    gradient,
                    spread,
                    bias_gradient,
                };
                T::dispatch(self.processor, kernel);
            });
        gradient
            .bias
            .copy_from_slice(sum_in_order(&mut biases, channels));
        buffers.partial = biases;

        let spread = shape.spread_layout();
        if let Some(images) = gradient.images {
            self.image_gradient_by_tiles(input.weight, images, buffers);
        }
        buffers.packed.set_len(shape.packed_len());
        let whole = WholeGradient::<T, 4> {
            processor: self.processor,
            channel_block: shape.channel_block,
            inputs: shape.input_tiles(),
            images: input.images,
            slopes: TileView {
                layout: spread,
                corner: spread.border,
                down: shape.out_height,
                across: shape.out_width,
            },
            gradient: &buffers.spread,
            active: None,
        };
        let partial = &mut buffers.partial;
        whole.run(partial, &buffers.scratch, &mut buffers.packed, &mut []);
        unpack(shape, &buffers.packed, gradient.weight);
    }

    fn image_gradient_by_tiles<T: Real>(
        &self,
        weight: &[T],
        images: &mut [T],
        buffers: &mut ConvBlockBuffers<T>,
    ) {
        let shape = &self.shape;
        buffers.flipped.set_len(shape.flipped_len());
        pack_flipped(shape, weight, &mut buffers.flipped);
        let block = shape.spec.out_channels * shape.channel_block;
        transform_filters::<T, 4>(
            self.processor,
            &buffers.flipped,
            block,
            &mut buffers.filters,
        );
        let (filters, pool) = (&buffers.filters, &buffers.scratch);
        let view = TileView {
            layout: shape.spread_layout(),
            corner: 0,
            down: shape.height.div_ceil(2),
            across: shape.width.div_ceil(2),
        };
        let layout = shape.input_tiles().layout.with_border(0);
        let per_task = tile_images::<4>(view);
        images
            .par_chunks_mut(per_task * layout.len())
            .zip(buffers.spread.par_chunks(per_task * shape.spread_len()))
            .for_each(|(y, z)| {
                let mut scratch = take(pool, scratch_len::<4>(shape.channel_block));
                let kernel = Products::<T, _, 4> {
                    view,
                    images: z,
                    filters,
                    channel_block: shape.channel_block,
                    scratch: &mut scratch,
                    finish: Emit {
                        layout,
                        activation: Activation::None,
                        bias: &[],
                        residual: None,
                        add: false,
                        y,
                    },
                };
                T::dispatch(self.processor, kernel);
                give_back(pool, scratch);
            });
    }
}
