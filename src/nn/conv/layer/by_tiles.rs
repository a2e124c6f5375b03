//! The passes of a convolution that [`winograd`](super::super::winograd) runs.

use rayon::prelude::*;

use super::super::partial::{give_back, take};
use super::super::winograd::{
    Emit, Lines, Points, Products, TileView, WholeGradient, scratch_len, tile_images,
    transform_filters,
};
use super::border::put_in_border;
use super::geometry::Geometry;
use super::pack::{pack, pack_flipped, unpack};
use super::{Conv, ConvBuffers, Slopes};
use crate::nn::layout::Images;
use crate::nn::sizes::product;
use crate::nn::{Activation, ConvInput, Real};

impl Geometry {
    /// The side of the tiles that serve this convolution, if any do.
    pub(crate) fn tile_side(&self) -> Option<usize> {
        let spec = &self.spec;
        let plain = spec.stride == 1 && spec.dilation == 1 && spec.groups == 1;
        let whole = |channels: usize| channels.is_multiple_of(self.channel_block);
        let pixels = self.output.height * self.output.width;
        let served = plain && whole(spec.in_channels) && whole(spec.out_channels) && pixels >= 16;
        (served && matches!(spec.kernel, 3 | 5)).then_some(spec.kernel + 1)
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
}

impl Conv {
    pub(super) fn forward_by_tiles<T: Real, const S: usize>(
        &self,
        input: ConvInput<'_, T>,
        residual: Option<Images<'_, T>>,
        buffers: &mut ConvBuffers<T>,
        output: &mut [T],
    ) where
        Points<S>: Lines<S>,
    {
        let geometry = &self.geometry;
        buffers.packed.set_len(geometry.packed_len());
        pack(geometry, input.weight, &mut buffers.packed);
        let block = geometry.spec.in_channels * geometry.channel_block;
        transform_filters::<T, S>(self.processor, &buffers.packed, block, &mut buffers.filters);
        let (filters, pool) = (&buffers.filters, &buffers.scratch);
        let images = tile_images::<S>(geometry.input_tiles());
        let (in_len, out_len) = (geometry.input.len(), geometry.output.len());
        output
            .par_chunks_mut(images * out_len)
            .zip(input.images.par_chunks(images * in_len))
            .enumerate()
            .for_each(|(task, (y, x))| {
                let mut scratch = take(pool, scratch_len::<S>(geometry.channel_block));
                let here = y.len() / out_len;
                let kernel = Products::<T, _, S> {
                    view: geometry.input_tiles(),
                    images: x,
                    filters,
                    channel_block: geometry.channel_block,
                    scratch: &mut scratch,
                    finish: Emit {
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

    pub(super) fn data_gradient_by_tiles<T: Real, const S: usize>(
        &self,
        weight: &[T],
        slopes: Slopes<'_, T>,
        images: &mut [T],
        add: bool,
        buffers: &mut ConvBuffers<T>,
    ) where
        Points<S>: Lines<S>,
    {
        let geometry = &self.geometry;
        buffers.flipped.set_len(geometry.flipped_len());
        pack_flipped(geometry, weight, &mut buffers.flipped);
        let block = geometry.spec.out_channels * geometry.channel_block;
        transform_filters::<T, S>(
            self.processor,
            &buffers.flipped,
            block,
            &mut buffers.filters,
        );
        let (filters, pool, bordered) = (&buffers.filters, &buffers.scratch, &buffers.bordered);
        let per_task = tile_images::<S>(geometry.gradient_tiles());
        let layout = geometry.input.with_border(0);
        images
            .par_chunks_mut(per_task * layout.len())
            .enumerate()
            .for_each(|(task, y)| {
                let here = task * per_task..task * per_task + y.len() / layout.len();
                let mut scratch = take(pool, scratch_len::<S>(geometry.channel_block));
                let mut z = take(bordered, product([per_task, geometry.gradient_len()]));
                let images = &mut z[..here.len() * geometry.gradient_len()];
                let (outputs, slopes) = slopes.of(geometry, here);
                put_in_border(self, outputs, slopes, images);
                let kernel = Products::<T, _, S> {
                    view: geometry.gradient_tiles(),
                    images,
                    filters,
                    channel_block: geometry.channel_block,
                    scratch: &mut scratch,
                    finish: Emit {
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

    pub(super) fn weight_gradient_by_tiles<T: Real, const S: usize>(
        &self,
        images: &[T],
        slopes: Slopes<'_, T>,
        weight: &mut [T],
        bias: &mut [T],
        buffers: &mut ConvBuffers<T>,
    ) where
        Points<S>: Lines<S>,
    {
        let geometry = &self.geometry;
        let outputs = Images {
            values: slopes.y,
            layout: geometry.output,
        };
        let active = self.activation != Activation::None;
        buffers.packed.set_len(geometry.packed_len());
        let gradient = WholeGradient::<T, S> {
            processor: self.processor,
            channel_block: geometry.channel_block,
            inputs: geometry.input_tiles(),
            images,
            slopes: geometry.slope_tiles(),
            gradient: slopes.gradient,
            active: active.then_some((self.activation, outputs)),
        };
        let partial = &mut buffers.partial;
        gradient.run(partial, &buffers.scratch, &mut buffers.packed, bias);
        unpack(geometry, &buffers.packed, weight);
    }
}
