//! The passes of a convolution that [`winograd`](super::winograd) runs.

use rayon::prelude::*;

use super::super::partial::{give_back, sum_in_order, take};
use super::border::put_in_border;
use super::geometry::Geometry;
use super::pack::{pack, pack_flipped, unpack};
use super::winograd::{
    Emit, FilterGradient, Filters, PLACES, Products, TileView, fold_filters, gradient_scratch_len,
    scratch_len,
};
use super::{Conv, ConvBuffers, Slopes};
use crate::nn::aligned::Aligned;
use crate::nn::layout::Images;
use crate::nn::{Activation, ConvInput, Real};

/// Blocks of channels that a task of the weights' gradient takes, of both
/// sides.
const BLOCKS: usize = 2;

impl Geometry {
    /// Whether tiles serve this convolution.
    pub(crate) fn by_tiles(&self) -> bool {
        let spec = &self.spec;
        let plain = spec.kernel == 3 && spec.stride == 1 && spec.dilation == 1 && spec.groups == 1;
        let whole = |channels: usize| channels.is_multiple_of(self.channel_block);
        let pixels = self.output.height * self.output.width;
        plain && whole(spec.in_channels) && whole(spec.out_channels) && pixels >= 16
    }

    fn input_tiles(&self) -> TileView {
        TileView {
            layout: self.input,
            corner: self.input.border - self.spec.padding,
            down: self.output.height.div_ceil(2),
            across: self.output.width.div_ceil(2),
        }
    }

    /// The output's gradient in its border, as input of a convolution with the
    /// flipped weights.
    fn gradient_tiles(&self) -> TileView {
        TileView {
            layout: self.output.with_border(self.gradient_border()),
            corner: 0,
            down: self.input.height.div_ceil(2),
            across: self.input.width.div_ceil(2),
        }
    }

    fn slope_tiles(&self) -> TileView {
        TileView {
            layout: self.output.with_border(0),
            corner: 0,
            ..self.input_tiles()
        }
    }

    /// Images of one task: so many that the filters, which a task reads anew,
    /// serve a whole chunk of tiles.
    fn tile_images(&self) -> usize {
        (128 / self.input_tiles().tiles()).clamp(1, 8)
    }
}

impl Conv {
    /// Transforms packed filters into `filters`.
    fn transform<T: Real>(&self, packed: &[T], filters: &mut Aligned<T>, channels: usize) {
        let block = channels * self.geometry.channel_block;
        filters.set_len(packed.len() / 9 * PLACES);
        filters
            .par_chunks_mut(PLACES * block)
            .zip(packed.par_chunks(9 * block))
            .for_each(|(transformed, packed)| {
                let kernel = Filters {
                    packed,
                    transformed,
                };
                T::dispatch(self.processor, kernel);
            });
    }

    pub(super) fn forward_by_tiles<T: Real>(
        &self,
        input: ConvInput<'_, T>,
        residual: Option<Images<'_, T>>,
        buffers: &mut ConvBuffers<T>,
        output: &mut [T],
    ) {
        let geometry = &self.geometry;
        buffers.packed.set_len(geometry.packed_len());
        pack(geometry, input.weight, &mut buffers.packed);
        self.transform(
            &buffers.packed,
            &mut buffers.filters,
            geometry.spec.in_channels,
        );
        let (filters, pool) = (&buffers.filters, &buffers.scratch);
        let images = geometry.tile_images();
        let (in_len, out_len) = (geometry.input.len(), geometry.output.len());
        output
            .par_chunks_mut(images * out_len)
            .zip(input.images.par_chunks(images * in_len))
            .enumerate()
            .for_each(|(task, (y, x))| {
                let mut scratch = take(pool, scratch_len(geometry.channel_block));
                let here = y.len() / out_len;
                let kernel = Products {
                    view: geometry.input_tiles(),
                    images: x,
                    filters,
                    channel_block: geometry.channel_block,
                    scratch: &mut scratch,
                    emit: Emit {
                        layout: geometry.output,
                        activation: self.activation,
                        bias: input.bias,
                        residual: residual.map(|all| all.some(task * images, here)),
                        add: false,
                        y,
                    },
                };
                T::dispatch(self.processor, kernel);
                give_back(pool, scratch);
            });
    }

    pub(super) fn data_gradient_by_tiles<T: Real>(
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
        self.transform(
            &buffers.flipped,
            &mut buffers.filters,
            geometry.spec.out_channels,
        );
        let (filters, pool, bordered) = (&buffers.filters, &buffers.scratch, &buffers.bordered);
        let per_task = geometry.tile_images();
        let layout = geometry.input.with_border(0);
        images
            .par_chunks_mut(per_task * layout.len())
            .enumerate()
            .for_each(|(task, y)| {
                let here = task * per_task..task * per_task + y.len() / layout.len();
                let mut scratch = take(pool, scratch_len(geometry.channel_block));
                let mut z = take(bordered, per_task * geometry.gradient_len());
                let images = &mut z[..here.len() * geometry.gradient_len()];
                let (outputs, slopes) = slopes.of(geometry, here);
                put_in_border(self, outputs, slopes, images);
                let kernel = Products {
                    view: geometry.gradient_tiles(),
                    images,
                    filters,
                    channel_block: geometry.channel_block,
                    scratch: &mut scratch,
                    emit: Emit {
                        layout,
                        activation: Activation::None,
                        bias: &[],
                        residual: None,
                        add,
                        y,
                    },
                };
                T::dispatch(self.processor, kernel);
                give_back(bordered, z);
                give_back(pool, scratch);
            });
    }

    /// Every task takes a chunk of input and one of output channels of a part
    /// of the images; the more chunks there are, the fewer parts.
    pub(super) fn weight_gradient_by_tiles<T: Real>(
        &self,
        images: &[T],
        slopes: Slopes<'_, T>,
        weight: &mut [T],
        bias: &mut [T],
        buffers: &mut ConvBuffers<T>,
    ) {
        /// Tasks to share among threads.
        const TASKS: usize = 8;
        let geometry = &self.geometry;
        let block = geometry.channel_block;
        let chunk = BLOCKS * block;
        let (cin, cout) = (geometry.spec.in_channels, geometry.spec.out_channels);
        let (in_chunks, out_chunks) = (cin.div_ceil(chunk), cout.div_ceil(chunk));
        let n = images.len() / geometry.input.len();
        let parts = TASKS.div_ceil(in_chunks * out_chunks);
        let per_part = n.div_ceil(parts).max(1);
        let parts = n.div_ceil(per_part);
        let piece = PLACES * chunk * chunk + chunk;
        let all = in_chunks * out_chunks * piece;
        buffers.partial.set_len(parts * all);
        buffers.partial.fill(T::ZERO);
        let pool = &buffers.scratch;
        buffers
            .partial
            .par_chunks_mut(piece)
            .enumerate()
            .for_each(|(task, piece)| {
                let (part, task) = (
                    task / (in_chunks * out_chunks),
                    task % (in_chunks * out_chunks),
                );
                let (channel, out) = (task / out_chunks * chunk, task % out_chunks * chunk);
                let (channels, outs) = (chunk.min(cin - channel), chunk.min(cout - out));
                let here = part * per_part..n.min((part + 1) * per_part);
                let images =
                    &images[here.start * geometry.input.len()..here.end * geometry.input.len()];
                let (values, gradient) = slopes.of(geometry, here);
                let (filters, bias) = piece.split_at_mut(PLACES * chunk * chunk);
                let outputs = Images {
                    values,
                    layout: geometry.output,
                };
                let active = self.activation != Activation::None;
                let mut scratch = take(pool, gradient_scratch_len(block));
                let kernel = FilterGradient {
                    inputs: geometry.input_tiles(),
                    images,
                    slopes: geometry.slope_tiles(),
                    gradient,
                    active: active.then_some((self.activation, outputs)),
                    channel,
                    channels,
                    out,
                    outs,
                    channel_block: block,
                    scratch: &mut scratch,
                    filters: &mut filters[..PLACES * channels * outs],
                    bias: if channel == 0 {
                        &mut bias[..outs]
                    } else {
                        &mut []
                    },
                };
                T::dispatch(self.processor, kernel);
                give_back(pool, scratch);
            });
        let total = sum_in_order(&mut buffers.partial, all);
        buffers.packed.set_len(geometry.packed_len());
        buffers
            .packed
            .par_chunks_mut(geometry.packed_block())
            .enumerate()
            .for_each(|(of, packed)| {
                for at in 0..in_chunks {
                    let channel = at * chunk;
                    let channels = chunk.min(cin - channel);
                    let from = (at * out_chunks + of / BLOCKS) * piece
                        + of % BLOCKS * PLACES * channels * block;
                    let gradient = &total[from..from + PLACES * channels * block];
                    fold_filters(gradient, block, cin, channel, packed);
                }
            });
        unpack(geometry, &buffers.packed, weight);
        if !bias.is_empty() {
            for (at, bias) in bias.chunks_mut(chunk).enumerate() {
                let from = at * piece + PLACES * chunk * chunk;
                bias.copy_from_slice(&total[from..from + bias.len()]);
            }
        }
    }
}
