#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "places of a tile are counted, as registers are"
)]

use super::points::{Lines, Points};
use super::{BLOCKS, TileView, most_tiles, plane};
use crate::nn::lanes::Lanes;
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::{Activation, Real};

/// What is done with the sums of products: back to outputs, then bias,
/// residual, activation.
pub(crate) struct Emit<'a, T> {
    /// The layout of one output.
    pub(crate) layout: ImageLayout,
    pub(crate) activation: Activation,
    /// A bias for each channel, or nothing.
    pub(crate) bias: &'a [T],
    pub(crate) residual: Option<Images<'a, T>>,
    /// Whether to add to what is there.
    pub(crate) add: bool,
    pub(crate) y: &'a mut [T],
}

/// What is done with the sums of products.
pub(crate) trait Finish<T: Real> {
    /// Channels of the output.
    fn channels(&self) -> usize;

    /// Checks lengths for a number of images and blocks of channels.
    fn check(&self, images: usize, tiles: TileView, block: usize);

    /// Takes the 2 x 2 outputs of the tile in some row and column of tiles, of a
    /// vector of channels from `channel` on.
    ///
    /// # Safety
    /// As [`Lanes`]; lengths were checked, and there are such a tile and such
    /// channels.
    unsafe fn tile<V: Lanes<Scalar = T>>(
        &mut self,
        outputs: [[V; 2]; 2],
        at: (usize, usize, usize),
        channel: usize,
    );
}

/// Transforms the sums of `count` tiles from number `first` back, `A^T m A`, and
/// has them finished.
///
/// # Safety
/// As [`Lanes`]; the lengths of `finish` were checked for the view's images,
/// and `sums` holds those tiles.
#[inline(always)]
pub(super) unsafe fn finish_tiles<V: Lanes, const S: usize>(
    finish: &mut impl Finish<V::Scalar>,
    view: TileView,
    first: usize,
    count: usize,
    blocks: std::ops::Range<usize>,
    sums: *const V::Scalar,
) where
    Points<S>: Lines<S>,
{
    let block = 2 * V::COUNT;
    for tile in 0..count {
        let (image, of_image) = ((first + tile) / view.tiles(), (first + tile) % view.tiles());
        let place = (image, of_image / view.across, of_image % view.across);
        for (at, of) in blocks.clone().enumerate() {
            for half in 0..2 {
                // SAFETY: as the caller says.
                unsafe {
                    let sums = sums.add((at * most_tiles::<S>() + tile) * block + half * V::COUNT);
                    let mut columns = [[V::load(sums); S]; 2];
                    for row in 0..S {
                        let mut line = [columns[0][0]; S];
                        for column in 0..S {
                            let of = (S * row + column)
                                * plane(BLOCKS * most_tiles::<S>() * block, block);
                            line[column] = V::load(sums.add(of));
                        }
                        [columns[0][row], columns[1][row]] = Points::<S>::outputs(line);
                    }
                    let left = Points::<S>::outputs(columns[0]);
                    let right = Points::<S>::outputs(columns[1]);
                    let outputs = [[left[0], right[0]], [left[1], right[1]]];
                    finish.tile::<V>(outputs, place, of * block + half * V::COUNT);
                }
            }
        }
    }
}

impl<T: Real> Finish<T> for Emit<'_, T> {
    fn channels(&self) -> usize {
        self.layout.channels
    }

    fn check(&self, images: usize, tiles: TileView, block: usize) {
        assert_eq!(self.layout.channels % block, 0);
        assert_eq!(tiles.down, self.layout.height.div_ceil(2));
        assert_eq!(tiles.across, self.layout.width.div_ceil(2));
        assert_eq!(self.y.len(), images * self.layout.len());
        assert!(self.bias.is_empty() || self.bias.len() == self.layout.channels);
        if let Some(residual) = &self.residual {
            assert_eq!(residual.values.len(), images * residual.layout.len());
            assert!(residual.layout.same_inside(&self.layout));
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes<Scalar = T>>(
        &mut self,
        outputs: [[V; 2]; 2],
        (image, row, column): (usize, usize, usize),
        channel: usize,
    ) {
        for down in 0..2 {
            for across in 0..2 {
                let (row, column) = (2 * row + down, 2 * column + across);
                if row < self.layout.height && column < self.layout.width {
                    // SAFETY: there is such a pixel.
                    unsafe { self.store::<V>(outputs[down][across], image, row, column, channel) };
                }
            }
        }
    }
}

impl<T: Real> Emit<'_, T> {
    /// # Safety
    /// As [`tile`](Finish::tile); there is such a pixel.
    #[inline(always)]
    unsafe fn store<V: Lanes<Scalar = T>>(
        &mut self,
        mut value: V,
        image: usize,
        row: usize,
        column: usize,
        channel: usize,
    ) {
        // SAFETY: as the caller says.
        unsafe {
            if !self.bias.is_empty() {
                value = value.add(V::load(self.bias.as_ptr().add(channel)));
            }
            if let Some(residual) = &self.residual {
                let place = residual.layout.place((image, row, column)) + channel;
                value = value.add(V::load(residual.values.as_ptr().add(place)));
            }
            value = self.activation.apply(value);
            let y = self
                .y
                .as_mut_ptr()
                .add(self.layout.place((image, row, column)) + channel);
            if self.add {
                value = value.add(V::load(y));
            }
            value.store(y);
        }
    }
}
