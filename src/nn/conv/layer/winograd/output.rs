use super::transform::outputs;
use super::{BLOCKS, PLACES, TILES, TileView, plane};
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

impl<T: Real> Emit<'_, T> {
    pub(super) fn check(&self, images: usize, block: usize) {
        assert_eq!(self.layout.channels % block, 0);
        assert_eq!(self.y.len(), images * self.layout.len());
        assert!(self.bias.is_empty() || self.bias.len() == self.layout.channels);
        if let Some(residual) = &self.residual {
            assert_eq!(residual.values.len(), images * residual.layout.len());
            assert!(residual.layout.same_inside(&self.layout));
        }
    }

    /// # Safety
    /// As [`Lanes`]; lengths were checked, the outputs have the view's tiles,
    /// and `sums` holds those of `count` of them from `first`.
    #[inline(always)]
    pub(super) unsafe fn run<V: Lanes<Scalar = T>>(
        &mut self,
        view: TileView,
        first: usize,
        count: usize,
        blocks: std::ops::Range<usize>,
        sums: *const T,
    ) {
        let block = 2 * V::COUNT;
        for tile in 0..count {
            let (image, of_image) = ((first + tile) / view.tiles(), (first + tile) % view.tiles());
            let (row, column) = (2 * (of_image / view.across), 2 * (of_image % view.across));
            for (at, of) in blocks.clone().enumerate() {
                for half in 0..2 {
                    let channel = of * block + half * V::COUNT;
                    // SAFETY: as the caller says.
                    unsafe {
                        let sums = sums.add((at * TILES + tile) * block + half * V::COUNT);
                        let mut m = [[V::load(sums); 4]; 4];
                        for place in 1..PLACES {
                            let of = place * plane(BLOCKS * TILES * block, block);
                            m[place / 4][place % 4] = V::load(sums.add(of));
                        }
                        let y = outputs(m);
                        for (down, values) in y.into_iter().enumerate() {
                            for (across, value) in values.into_iter().enumerate() {
                                let (row, column) = (row + down, column + across);
                                if row < self.layout.height && column < self.layout.width {
                                    self.store::<V>(value, image, row, column, channel);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    /// As [`run`](Self::run); there is such a pixel.
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
                let place = place(&residual.layout, image, row, column) + channel;
                value = value.add(V::load(residual.values.as_ptr().add(place)));
            }
            value = self.activation.apply(value);
            let y = self
                .y
                .as_mut_ptr()
                .add(place(&self.layout, image, row, column) + channel);
            if self.add {
                value = value.add(V::load(y));
            }
            value.store(y);
        }
    }
}

/// Where a pixel of one of many images lies.
#[inline(always)]
fn place(layout: &ImageLayout, image: usize, row: usize, column: usize) -> usize {
    image * layout.len() + layout.row_start(row) + column * layout.channels
}
