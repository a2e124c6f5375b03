//! 3 x 3 convolutions of stride 1 by Winograd's minimal filtering F(2 x 2, 3 x 3)
//! (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks"):
//! 16 products for four outputs instead of 36.
//!
//! `y = A^T [(G g G^T) (B^T d B)] A` for a tile `d` of 4 x 4 inputs, a kernel
//! `g` and the 2 x 2 outputs `y`, the product taken place by place. The products
//! of all tiles and channels are 16 matrix products. Its transforms are sums,
//! but for halves on the weights, so that rounding stays that of the plain sum;
//! larger tiles save more and lose a digit.

mod output;
mod products;
mod transform;
mod weights;

pub(crate) use output::Emit;
pub(crate) use products::{Products, scratch_len};
pub(crate) use transform::Filters;
pub(crate) use weights::{FilterGradient, fold_filters, gradient_scratch_len};

use crate::nn::layout::ImageLayout;

/// Places of a transformed tile.
pub(crate) const PLACES: usize = 16;
/// Tiles whose products are made at a time: their sums and inputs of one chunk
/// of channels stay in the second-level cache.
const TILES: usize = 128;
/// Blocks of channels that a chunk holds.
const BLOCKS: usize = 2;

/// Images in memory as tiles see them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TileView {
    /// Images with their borders.
    pub(crate) layout: ImageLayout,
    /// Row and column, border included, of the first tile's first input.
    pub(crate) corner: usize,
    /// Tiles down and across.
    pub(crate) down: usize,
    pub(crate) across: usize,
    /// Rows and columns of a tile; tiles are two apart.
    pub(crate) side: usize,
}

impl TileView {
    /// Tiles of an image.
    #[inline]
    pub(crate) fn tiles(&self) -> usize {
        self.down * self.across
    }

    /// Where place (`row`, `column`) of tile number `tile` lies, counted
    /// through all images; `None` beyond the image's border.
    #[inline(always)]
    fn place(&self, tile: usize, row: usize, column: usize) -> Option<usize> {
        let (image, tile) = (tile / self.tiles(), tile % self.tiles());
        let row = self.corner + 2 * (tile / self.across) + row;
        let column = self.corner + 2 * (tile % self.across) + column;
        let columns = self.layout.width + 2 * self.layout.border;
        let inside = row < self.layout.height + 2 * self.layout.border && column < columns;
        inside.then(|| image * self.layout.len() + (row * columns + column) * self.layout.channels)
    }

    /// Where that place lies in images of another border, whose insides are
    /// these; it lies within them.
    #[inline(always)]
    fn place_in(&self, layout: &ImageLayout, tile: usize, row: usize, column: usize) -> usize {
        let (image, tile) = (tile / self.tiles(), tile % self.tiles());
        let row = 2 * (tile / self.across) + row;
        let column = 2 * (tile % self.across) + column;
        image * layout.len() + layout.row_start(row) + column * layout.channels
    }
}
