#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::super::tile::multiply_packed;
use super::output::finish_tiles;
use super::points::{Lines, Points};
use super::transform::{Gather, Inputs};
use super::{BLOCKS, Finish, TileView, even_tiles, most_tiles, plane};
use crate::nn::Real;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;

/// A convolution of a few images: tiles are transformed, multiplied with the
/// transformed filters, and what comes of it is finished.
pub(crate) struct Products<'a, T, F, const S: usize> {
    pub(crate) view: TileView,
    pub(crate) images: &'a [T],
    /// Transformed filters, `[block of out][place][in][lane]`.
    pub(crate) filters: &'a [T],
    /// Channels computed at once.
    pub(crate) channel_block: usize,
    /// Scratch of [`scratch_len`] elements.
    pub(crate) scratch: &'a mut [T],
    pub(crate) finish: F,
}

/// Elements of scratch that [`Products`] needs.
pub(crate) fn scratch_len<const S: usize>(channel_block: usize) -> usize {
    2 * S * S * plane(most_tiles::<S>() * BLOCKS * channel_block, channel_block)
}

impl<T: Real, F: Finish<T>, const S: usize> Kernel<T> for Products<'_, T, F, S>
where
    Points<S>: Lines<S>,
{
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let (view, block) = (self.view, self.channel_block);
        let images = self.images.len() / view.layout.len();
        let blocks = self.finish.channels() / block;
        let cin = view.layout.channels;
        assert_eq!(block, 2 * V::COUNT);
        assert_eq!(cin % block, 0);
        assert_eq!(self.images.len(), images * view.layout.len());
        assert_eq!(self.filters.len(), blocks * S * S * cin * block);
        assert_eq!(self.scratch.len(), scratch_len::<S>(block));
        self.finish.check(images, view, block);
        let tiles = images * view.tiles();
        let chunk = even_tiles::<S>(tiles);
        for first in (0..tiles).step_by(chunk) {
            let count = chunk.min(tiles - first);
            // the inputs of one chunk of channels serve all outputs
            let alone = cin <= BLOCKS * block;
            for first_block in (0..blocks).step_by(BLOCKS) {
                let last_block = blocks.min(first_block + BLOCKS);
                for channel in (0..cin).step_by(BLOCKS * block) {
                    // SAFETY: the lengths were just checked.
                    unsafe {
                        if !alone || first_block == 0 {
                            self.transform::<V>(first, count, channel);
                        }
                        self.multiply::<V>(count, first_block..last_block, channel);
                    }
                }
                // SAFETY: as above.
                unsafe {
                    let sums = self.scratch.as_ptr().add(self.scratch.len() / 2);
                    let blocks = first_block..last_block;
                    finish_tiles::<V, S>(&mut self.finish, view, first, count, blocks, sums);
                }
            }
        }
    }
}

impl<T: Real, F, const S: usize> Products<'_, T, F, S>
where
    Points<S>: Lines<S>,
{
    /// # Safety
    /// As [`Lanes`]; the lengths fit.
    #[inline(always)]
    unsafe fn transform<V: Lanes<Scalar = T>>(
        &mut self,
        first: usize,
        count: usize,
        channel: usize,
    ) {
        let channels = (BLOCKS * self.channel_block).min(self.view.layout.channels - channel);
        let gather = Gather {
            view: self.view,
            active: None,
            first,
            count,
            channel,
            channels,
            group: BLOCKS * self.channel_block,
            stride: most_tiles::<S>(),
        };
        let from = self.images.as_ptr();
        // SAFETY: as the caller says.
        unsafe { gather.run::<V, Inputs, S>(from, self.scratch.as_mut_ptr()) }
    }

    /// Adds the products of one chunk of input channels to the sums, or starts
    /// them with the first.
    ///
    /// # Safety
    /// As [`transform`](Self::transform).
    #[inline(always)]
    unsafe fn multiply<V: Lanes<Scalar = T>>(
        &mut self,
        count: usize,
        blocks: std::ops::Range<usize>,
        channel: usize,
    ) {
        let (block, cin) = (self.channel_block, self.view.layout.channels);
        let run = (BLOCKS * block).min(cin - channel);
        let half = self.scratch.len() / 2;
        let start = channel == 0;
        for place in 0..S * S {
            for (at, of) in blocks.clone().enumerate() {
                let filters = ((of * S * S + place) * cin + channel) * block;
                let mut tile = 0;
                // SAFETY: as the caller says; tiles up to `count` are there.
                unsafe {
                    let filters = self.filters.as_ptr().add(filters);
                    let inputs = self
                        .scratch
                        .as_ptr()
                        .add(place * plane(most_tiles::<S>() * BLOCKS * block, block));
                    let sums = place * plane(BLOCKS * most_tiles::<S>() * block, block)
                        + at * most_tiles::<S>() * block;
                    let sums = self.scratch.as_mut_ptr().add(half + sums);
                    if V::MANY_REGISTERS {
                        while tile + 12 <= count {
                            tiles::<V, 12>(inputs, filters, sums, run, tile, start);
                            tile += 12;
                        }
                        if tile + 8 <= count {
                            tiles::<V, 8>(inputs, filters, sums, run, tile, start);
                            tile += 8;
                        }
                    }
                    while tile + 4 <= count {
                        tiles::<V, 4>(inputs, filters, sums, run, tile, start);
                        tile += 4;
                    }
                    while tile < count {
                        tiles::<V, 1>(inputs, filters, sums, run, tile, start);
                        tile += 1;
                    }
                }
            }
        }
    }
}

/// The products of `P` tiles at one place with one block of outputs.
///
/// # Safety
/// As [`Lanes`]; all pointers are valid for the tiles.
#[inline(always)]
unsafe fn tiles<V: Lanes, const P: usize>(
    inputs: *const V::Scalar,
    filters: *const V::Scalar,
    sums: *mut V::Scalar,
    run: usize,
    tile: usize,
    start: bool,
) {
    // SAFETY: as the caller says.
    unsafe {
        let sums = sums.add(tile * 2 * V::COUNT);
        let mut acc = [[V::splat(V::Scalar::from_f64(0.0)); 2]; P];
        if !start {
            for (p, acc) in acc.iter_mut().enumerate() {
                let sum = sums.add(p * 2 * V::COUNT);
                *acc = [V::load(sum), V::load(sum.add(V::COUNT))];
            }
        }
        let step = BLOCKS * 2 * V::COUNT;
        let acc = multiply_packed::<V, P>(acc, inputs.add(tile * step), step, run, filters);
        for (p, acc) in acc.into_iter().enumerate() {
            let sum = sums.add(p * 2 * V::COUNT);
            acc[0].store(sum);
            acc[1].store(sum.add(V::COUNT));
        }
    }
}
