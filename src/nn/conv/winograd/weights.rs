#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::super::tile::{Ahead, correlate_packed};
use super::points::{Lines, Points};
use super::transform::{Gather, Inputs, Slopes};
use super::{BLOCKS, TileView, even_tiles, most_tiles, plane};
use crate::nn::lanes::Lanes;
use crate::nn::layout::Images;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// The gradient of the transformed filters of one chunk of input and one of
/// output channels, summed over some images. Added to what is there.
pub(crate) struct FilterGradient<'a, T, const S: usize> {
    pub(crate) inputs: TileView,
    pub(crate) images: &'a [T],
    pub(crate) slopes: TileView,
    pub(crate) gradient: &'a [T],
    /// The activation and the outputs, where there is one.
    pub(crate) active: Option<(Activation, Images<'a, T>)>,
    /// The first input channel and how many, the first output channel and how
    /// many: whole blocks, `BLOCKS` of them at most.
    pub(crate) channel: usize,
    pub(crate) channels: usize,
    pub(crate) out: usize,
    pub(crate) outs: usize,
    /// Channels computed at once.
    pub(crate) channel_block: usize,
    /// Scratch of [`gradient_scratch_len`] elements.
    pub(crate) scratch: &'a mut [T],
    /// `[block of out][place][in][lane]`, of this chunk alone.
    pub(crate) filters: &'a mut [T],
    /// Gradients of the biases of this chunk; empty where nobody asks.
    pub(crate) bias: &'a mut [T],
}

/// Elements of scratch that [`FilterGradient`] needs.
pub(crate) fn gradient_scratch_len<const S: usize>(channel_block: usize) -> usize {
    2 * S * S * plane(most_tiles::<S>() * BLOCKS * channel_block, channel_block)
}

impl<T: Real, const S: usize> Kernel<T> for FilterGradient<'_, T, S>
where
    Points<S>: Lines<S>,
{
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let block = self.channel_block;
        let images = self.images.len() / self.inputs.layout.len();
        assert_eq!(block, 2 * V::COUNT);
        assert_eq!(self.images.len(), images * self.inputs.layout.len());
        assert_eq!(self.gradient.len(), images * self.slopes.layout.len());
        assert_eq!(self.scratch.len(), gradient_scratch_len::<S>(block));
        assert!(self.channels <= BLOCKS * block && self.outs <= BLOCKS * block);
        assert!(self.channels.is_multiple_of(block) && self.outs.is_multiple_of(block));
        assert!(self.channel + self.channels <= self.inputs.layout.channels);
        assert!(self.out + self.outs <= self.slopes.layout.channels);
        assert!(self.bias.is_empty() || self.bias.len() == self.outs);
        if let Some((_, outputs)) = &self.active {
            assert!(outputs.layout.same_inside(&self.slopes.layout));
            assert_eq!(outputs.values.len(), images * outputs.layout.len());
        }
        assert_eq!(self.slopes.corner, self.slopes.layout.border);
        assert_eq!(self.filters.len(), S * S * self.channels * self.outs);
        let tiles = images * self.inputs.tiles();
        let (x, z) = self.scratch.split_at_mut(self.scratch.len() / 2);
        let chunk = even_tiles::<S>(tiles);
        for first in (0..tiles).step_by(chunk) {
            let count = chunk.min(tiles - first);
            let of_inputs = Gather {
                view: self.inputs,
                active: None,
                first,
                count,
                channel: self.channel,
                channels: self.channels,
                group: self.channels,
                stride: most_tiles::<S>(),
            };
            let of_slopes = Gather {
                view: self.slopes,
                active: self.active,
                channel: self.out,
                channels: self.outs,
                group: block,
                ..of_inputs
            };
            // SAFETY: the lengths were just checked; chunks have whole tiles of
            // eight or four channels.
            unsafe {
                of_inputs.run::<V, Inputs, S>(self.images.as_ptr(), x.as_mut_ptr());
                of_slopes.run::<V, Slopes, S>(self.gradient.as_ptr(), z.as_mut_ptr());
                for (at, sum) in self.bias.iter_mut().enumerate() {
                    let group = at / block * most_tiles::<S>() * block + at % block;
                    for place in Points::<S>::SUM {
                        let of = place * plane(most_tiles::<S>() * self.outs, block) + group;
                        let slopes = z[of..].iter().step_by(block).take(count);
                        *sum = slopes.fold(*sum, |a, &b| a + b);
                    }
                }
                let step = self.channels;
                let (x_start, z_start) = (x.as_ptr(), z.as_ptr());
                for place in 0..S * S {
                    for of in 0..self.outs / block {
                        let z = place * plane(most_tiles::<S>() * self.outs, block)
                            + of * most_tiles::<S>() * block;
                        let z = z_start.add(z);
                        let mut ahead = Ahead::none(z);
                        let mut channel = 0;
                        while channel < self.channels {
                            let x =
                                place * plane(most_tiles::<S>() * self.channels, block) + channel;
                            let x = x_start.add(x);
                            let dst = (of * S * S + place) * self.channels + channel;
                            let dst = self.filters.as_mut_ptr().add(dst * block);
                            if V::MANY_REGISTERS {
                                correlate_packed::<V, 8>(dst, x, step, z, count, &mut ahead);
                                channel += 8;
                            } else {
                                correlate_packed::<V, 4>(dst, x, step, z, count, &mut ahead);
                                channel += 4;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `G^T m G`: from the gradient of the transformed filters of one block of
/// outputs and one chunk of inputs, `[place][in][lane]`, to that of the
/// filters, `[tap][in][lane]` with `cin` inputs of which these begin at
/// `channel`.
pub(crate) fn fold_filters<T: Real, const S: usize>(
    gradient: &[T],
    lanes: usize,
    cin: usize,
    channel: usize,
    packed: &mut [T],
) where
    Points<S>: Lines<S>,
{
    let plane = gradient.len() / (S * S);
    let side = S - 1;
    for at in 0..plane {
        let mut rows = [[T::ZERO; S]; S];
        for (row, taps) in rows.iter_mut().enumerate() {
            let place = |column: usize| gradient[(S * row + column) * plane + at];
            *taps = Points::<S>::taps(std::array::from_fn(place));
        }
        for column in 0..side {
            let taps = Points::<S>::taps(rows.map(|row| row[column]));
            for (row, value) in taps.into_iter().enumerate().take(side) {
                packed[(side * row + column) * cin * lanes + channel * lanes + at] = value;
            }
        }
    }
}
