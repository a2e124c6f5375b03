//! Convolutions of stride 1 by minimal filtering, F(2 x 2, 3 x 3) and
//! F(2 x 2, 5 x 5) (Winograd; Lavin and Gray 2016, "Fast algorithms for
//! convolutional neural networks"; Toom and Cook): 16 products for four outputs
//! instead of 36, and 36 instead of 100.
//!
//! `y = A^T [(G g G^T) (B^T d B)] A` for a tile `d` of S x S inputs, a kernel
//! `g` of side S - 1 and the 2 x 2 outputs `y`, the product taken place by
//! place. The products of all tiles and channels are S x S matrix products.
//! Which points the matrices come from, and what that does to rounding, is said
//! in `points`; larger tiles of outputs would save more and lose a digit.

mod output;
mod points;
mod products;
mod transform;
mod weights;
mod whole;

pub(crate) use output::{Emit, Finish};
pub(crate) use points::{Lines, Points};
pub(crate) use products::{Products, scratch_len};
use transform::Filters;
pub(crate) use whole::{WholeGradient, tile_images, transform_filters};

use crate::nn::layout::ImageLayout;

/// Tiles of side `S` whose products are made at a time: their sums and inputs
/// of one chunk of channels stay in the second-level cache.
const fn most_tiles<const S: usize>() -> usize {
    if S == 4 { 128 } else { 56 }
}

/// Tiles of each chunk where `tiles` are divided evenly.
fn even_tiles<const S: usize>(tiles: usize) -> usize {
    let chunks = tiles.div_ceil(most_tiles::<S>()).max(1);
    tiles.div_ceil(chunks).next_multiple_of(4)
}

/// Blocks of channels that a chunk holds.
const BLOCKS: usize = 2;

/// Elements from one place to the next, for planes of `len` elements. A block
/// of channels apart, for planes a power of two apart would share the few
/// places that a cache has for such addresses.
#[inline(always)]
fn plane(len: usize, channel_block: usize) -> usize {
    len + channel_block
}

/// Images in memory as tiles see them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TileView {
    /// Images with their borders.
    pub(crate) layout: ImageLayout,
    /// Row and column, border included, of the first tile's first input.
    pub(crate) corner: usize,
    /// Tiles down and across; they are two pixels apart.
    pub(crate) down: usize,
    pub(crate) across: usize,
}

impl TileView {
    /// Tiles of an image.
    #[inline]
    pub(crate) fn tiles(&self) -> usize {
        self.down * self.across
    }

    /// Where tile number `tile` begins, counted through all images, and how many
    /// rows and columns of it lie within the image's border.
    #[inline(always)]
    fn start(&self, tile: usize) -> (usize, usize, usize) {
        let (image, tile) = (tile / self.tiles(), tile % self.tiles());
        let row = self.corner + 2 * (tile / self.across);
        let column = self.corner + 2 * (tile % self.across);
        let border = 2 * self.layout.border;
        let (rows, columns) = (self.layout.height + border, self.layout.width + border);
        (
            ((image * rows + row) * columns + column) * self.layout.channels,
            rows - row,
            columns - column,
        )
    }

    /// Where that tile begins in images of another border, whose insides are
    /// these.
    #[inline(always)]
    fn start_in(&self, layout: &ImageLayout, tile: usize) -> usize {
        let (image, tile) = (tile / self.tiles(), tile % self.tiles());
        layout.place((image, 2 * (tile / self.across), 2 * (tile % self.across)))
    }
}
