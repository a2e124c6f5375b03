use std::sync::Mutex;

use rayon::prelude::*;

use super::super::partial::{give_back, sum_in_order, take};
use super::points::{Lines, Points};
use super::weights::{FilterGradient, fold_filters, gradient_scratch_len};
use super::{BLOCKS, Filters, TileView, most_tiles};
use crate::nn::aligned::Aligned;
use crate::nn::layout::Images;
use crate::nn::real::Processor;
use crate::nn::{Activation, Real};

/// Images of one task: so many that the filters, which a task reads anew,
/// serve a whole chunk of tiles.
pub(crate) fn tile_images<const S: usize>(tiles: TileView) -> usize {
    (most_tiles::<S>() / tiles.tiles()).clamp(1, 8)
}

/// Transforms packed filters, blocks of `block` elements a tap.
pub(crate) fn transform_filters<T: Real, const S: usize>(
    processor: Processor,
    packed: &[T],
    block: usize,
    filters: &mut Aligned<T>,
) where
    Points<S>: Lines<S>,
{
    let taps = (S - 1) * (S - 1);
    filters.set_len(packed.len() / taps * S * S);
    filters
        .par_chunks_mut(S * S * block)
        .zip(packed.par_chunks(taps * block))
        .for_each(|(transformed, packed)| {
            let kernel = Filters::<T, S> {
                packed,
                transformed,
            };
            T::dispatch(processor, kernel);
        });
}

/// The gradient of the filters summed over a whole batch.
///
/// Every task takes a chunk of input and one of output channels of a part of
/// the images; the more chunks there are, the fewer parts.
pub(crate) struct WholeGradient<'a, T, const S: usize> {
    pub(crate) processor: Processor,
    pub(crate) channel_block: usize,
    pub(crate) inputs: TileView,
    pub(crate) images: &'a [T],
    pub(crate) slopes: TileView,
    pub(crate) gradient: &'a [T],
    /// The activation and the outputs, where there is one.
    pub(crate) active: Option<(Activation, Images<'a, T>)>,
}

impl<T: Real, const S: usize> WholeGradient<'_, T, S>
where
    Points<S>: Lines<S>,
{
    /// Overwrites `packed`, `[block of out][tap][in][lane]`, and `bias`, which
    /// may be empty.
    pub(crate) fn run(
        &self,
        partial: &mut Aligned<T>,
        scratches: &Mutex<Vec<Aligned<T>>>,
        packed: &mut [T],
        bias: &mut [T],
    ) {
        /// Tasks to share among threads.
        const TASKS: usize = 8;
        let block = self.channel_block;
        let chunk = BLOCKS * block;
        let (cin, cout) = (self.inputs.layout.channels, self.slopes.layout.channels);
        let (in_len, out_len) = (self.inputs.layout.len(), self.slopes.layout.len());
        let (in_chunks, out_chunks) = (cin.div_ceil(chunk), cout.div_ceil(chunk));
        let pairs = in_chunks * out_chunks;
        let n = self.images.len() / in_len;
        let per_part = n.div_ceil(TASKS.div_ceil(pairs)).max(1);
        let parts = n.div_ceil(per_part);
        let filters_len = S * S * chunk * chunk;
        let piece = filters_len + chunk;
        partial.set_len(parts * pairs * piece);
        partial.fill(T::ZERO);
        partial
            .par_chunks_mut(piece)
            .enumerate()
            .for_each(|(task, piece)| {
                let (part, pair) = (task / pairs, task % pairs);
                let (channel, out) = (pair / out_chunks * chunk, pair % out_chunks * chunk);
                let (channels, outs) = (chunk.min(cin - channel), chunk.min(cout - out));
                let here = part * per_part..n.min((part + 1) * per_part);
                let (filters, bias) = piece.split_at_mut(filters_len);
                let mut scratch = take(scratches, gradient_scratch_len::<S>(block));
                let active = self.active.map(|(activation, outputs)| {
                    (activation, outputs.some(here.start, here.len()))
                });
                let kernel = FilterGradient::<T, S> {
                    inputs: self.inputs,
                    images: &self.images[here.start * in_len..here.end * in_len],
                    slopes: self.slopes,
                    gradient: &self.gradient[here.start * out_len..here.end * out_len],
                    active,
                    channel,
                    channels,
                    out,
                    outs,
                    channel_block: block,
                    scratch: &mut scratch,
                    filters: &mut filters[..S * S * channels * outs],
                    // once for each output channel
                    bias: match channel {
                        0 => &mut bias[..outs],
                        _ => &mut [],
                    },
                };
                T::dispatch(self.processor, kernel);
                give_back(scratches, scratch);
            });
        let total = sum_in_order(partial, pairs * piece);
        packed
            .par_chunks_mut((S - 1) * (S - 1) * cin * block)
            .enumerate()
            .for_each(|(of, packed)| {
                for at in 0..in_chunks {
                    let channel = at * chunk;
                    let channels = chunk.min(cin - channel);
                    let from = (at * out_chunks + of / BLOCKS) * piece
                        + of % BLOCKS * S * S * channels * block;
                    let gradient = &total[from..from + S * S * channels * block];
                    fold_filters::<T, S>(gradient, block, cin, channel, packed);
                }
            });
        for (at, bias) in bias.chunks_mut(chunk).enumerate() {
            let from = at * piece + filters_len;
            bias.copy_from_slice(&total[from..from + bias.len()]);
        }
    }
}
