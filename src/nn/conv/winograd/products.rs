use super::super::tile::{Ahead, Runs, multiply};
use super::output::finish_tiles;
use super::transform::{Gather, Inputs};
use super::{BLOCKS, Finish, PLACES, TILES, TileView, plane};
use crate::nn::Real;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;

/// A convolution of a few images: tiles are transformed, multiplied with the
/// transformed filters, and what comes of it is finished.
pub(crate) struct Products<'a, T, F> {
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
pub(crate) fn scratch_len(channel_block: usize) -> usize {
    2 * PLACES * plane(TILES * BLOCKS * channel_block, channel_block)
}

impl<T: Real, F: Finish<T>> Kernel<T> for Products<'_, T, F> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let (view, block) = (self.view, self.channel_block);
        let images = self.images.len() / view.layout.len();
        let blocks = self.finish.channels() / block;
        let cin = view.layout.channels;
        assert_eq!(block, 2 * V::COUNT);
        assert_eq!(cin % block, 0);
        assert_eq!(self.images.len(), images * view.layout.len());
        assert_eq!(self.filters.len(), blocks * PLACES * cin * block);
        assert_eq!(self.scratch.len(), scratch_len(block));
        self.finish.check(images, view, block);
        let tiles = images * view.tiles();
        for first in (0..tiles).step_by(TILES) {
            let count = TILES.min(tiles - first);
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
                    finish_tiles::<V>(&mut self.finish, view, first, count, blocks, sums);
                }
            }
        }
    }
}

impl<T: Real, F> Products<'_, T, F> {
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
            group: channels,
            stride: TILES,
        };
        let from = self.images.as_ptr();
        // SAFETY: as the caller says.
        unsafe { gather.run::<V, Inputs>(from, self.scratch.as_mut_ptr()) }
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
        for place in 0..PLACES {
            for (at, of) in blocks.clone().enumerate() {
                let filters = ((of * PLACES + place) * cin + channel) * block;
                let mut tile = 0;
                // SAFETY: as the caller says; tiles up to `count` are there.
                unsafe {
                    let filters = self.filters.as_ptr().add(filters);
                    let inputs = self.scratch.as_ptr().add(place * plane(TILES * run, block));
                    let sums = place * plane(BLOCKS * TILES * block, block) + at * TILES * block;
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
        let mut x = [inputs; P];
        for (p, x) in x.iter_mut().enumerate() {
            *x = inputs.add((tile + p) * run);
        }
        let runs = Runs {
            rows: 1,
            row_stride: 0,
            columns: 1,
            column_stride: 0,
            run,
        };
        let acc = multiply::<V, P>(acc, x, runs, filters, &mut Ahead::none(filters));
        for (p, acc) in acc.into_iter().enumerate() {
            let sum = sums.add(p * 2 * V::COUNT);
            acc[0].store(sum);
            acc[1].store(sum.add(V::COUNT));
        }
    }
}
