//! Between PyTorch's order of an image (`[channel, row, column]`, "CHW") and
//! the kernels' (`[row, column, channel]` inside a border of zeros, "HWC").

use super::Real;
use super::sizes::{product, sum};

/// Images of a batch, one after the other, and how each lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a, T> {
    /// Whole images: a multiple of `layout.len()` numbers.
    pub values: &'a [T],
    /// The layout of one image.
    pub layout: ImageLayout,
}

impl<'a, T> Images<'a, T> {
    /// `count` of the images, from number `first`.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn some(self, first: usize, count: usize) -> Self {
        let len = self.layout.len();
        Self {
            values: &self.values[first * len..(first + count) * len],
            ..self
        }
    }
}

/// The size of an image in HWC order with its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageLayout {
    /// Rows without the border.
    pub height: usize,
    /// Columns without the border.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Zeros on every side, in pixels.
    pub border: usize,
}

impl ImageLayout {
    /// Elements of one image with its border.
    ///
    /// # Panics
    /// If a `usize` cannot count them.
    pub fn len(&self) -> usize {
        let rows = sum([self.height, self.border, self.border]);
        let columns = sum([self.width, self.border, self.border]);
        product([rows, columns, self.channels])
    }

    /// Whether an image has no elements.
    ///
    /// # Panics
    /// As [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Elements of one image without its border.
    ///
    /// # Panics
    /// As [`len`](Self::len).
    pub fn inner_len(&self) -> usize {
        product([self.height, self.width, self.channels])
    }

    /// Whether both have the same rows, columns and channels, whatever their
    /// borders.
    pub fn same_inside(&self, other: &Self) -> bool {
        (self.height, self.width, self.channels) == (other.height, other.width, other.channels)
    }

    /// The same images inside another border.
    pub fn with_border(self, border: usize) -> Self {
        Self { border, ..self }
    }

    /// The place of a row's first pixel: below [`len`](Self::len) if there is
    /// such a row.
    pub fn row_start(&self, row: usize) -> usize {
        self.place((0, row, 0))
    }

    /// The place of a pixel, given by image, row and column, in images one
    /// after the other. Not checked, for kernels: it does not wrap where a slice
    /// of [`len`](Self::len) elements an image holds it.
    #[inline(always)]
    pub(crate) fn place(&self, (image, row, column): (usize, usize, usize)) -> usize {
        let rows = self.height + 2 * self.border;
        let columns = self.width + 2 * self.border;
        let row = image * rows + row + self.border;
        (row * columns + column + self.border) * self.channels
    }

    /// Copies one bordered HWC image to CHW.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn to_chw<T: Real>(&self, hwc: &[T], chw: &mut [T]) {
        assert_eq!(hwc.len(), self.len(), "length of the HWC image");
        assert_eq!(chw.len(), self.inner_len(), "length of the CHW image");
        for row in 0..self.height {
            // a row of pixels stays in the nearest cache while it is read
            // once for each channel; what is written is contiguous
            let pixels = &hwc[self.row_start(row)..][..self.width * self.channels];
            for channel in 0..self.channels {
                let start = (channel * self.height + row) * self.width;
                let values = pixels.iter().skip(channel).step_by(self.channels);
                for (out, &value) in chw[start..start + self.width].iter_mut().zip(values) {
                    *out = value;
                }
            }
        }
    }

    /// Copies one CHW image into a bordered HWC image; the border is not
    /// touched.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn from_chw<T: Real>(&self, chw: &[T], hwc: &mut [T]) {
        assert_eq!(hwc.len(), self.len(), "length of the HWC image");
        assert_eq!(chw.len(), self.inner_len(), "length of the CHW image");
        for row in 0..self.height {
            let start = self.row_start(row);
            let pixels = hwc[start..]
                .chunks_exact_mut(self.channels)
                .take(self.width);
            for (column, pixel) in pixels.enumerate() {
                for (channel, value) in pixel.iter_mut().enumerate() {
                    *value = chw[(channel * self.height + row) * self.width + column];
                }
            }
        }
    }

    /// As [`from_chw`](Self::from_chw) for a batch, into a new buffer with a
    /// border of zeros.
    ///
    /// # Panics
    /// If `chw` does not hold whole images.
    pub fn batch_from_chw<T: Real>(&self, chw: &[T]) -> Vec<T> {
        assert_eq!(chw.len() % self.inner_len(), 0, "whole images");
        let mut hwc = vec![T::ZERO; chw.len() / self.inner_len() * self.len()];
        for (from, to) in chw
            .chunks_exact(self.inner_len())
            .zip(hwc.chunks_exact_mut(self.len()))
        {
            self.from_chw(from, to);
        }
        hwc
    }

    /// As [`to_chw`](Self::to_chw) for a batch, into a new buffer.
    ///
    /// # Panics
    /// If `hwc` does not hold whole images.
    pub fn batch_to_chw<T: Real>(&self, hwc: &[T]) -> Vec<T> {
        assert_eq!(hwc.len() % self.len(), 0, "whole images");
        let mut chw = vec![T::ZERO; hwc.len() / self.len() * self.inner_len()];
        for (from, to) in hwc
            .chunks_exact(self.len())
            .zip(chw.chunks_exact_mut(self.inner_len()))
        {
            self.to_chw(from, to);
        }
        chw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_images_rows_and_borders() {
        let layout = ImageLayout {
            height: 3,
            width: 4,
            channels: 5,
            border: 2,
        };
        assert_eq!((layout.len(), layout.inner_len()), (7 * 8 * 5, 3 * 4 * 5));
        assert_eq!(layout.row_start(1), (3 * 8 + 2) * 5);
        assert_eq!(
            layout.place((6, 1, 3)),
            6 * layout.len() + layout.row_start(1) + 3 * 5
        );
    }

    /// 274177 x 67280421310721 is 2^64 + 1: a slice of one number would pass
    /// for such an image.
    const WRAPPING: ImageLayout = ImageLayout {
        height: 274177,
        width: 67280421310721,
        channels: 1,
        border: 0,
    };

    #[test]
    #[should_panic(expected = "larger than any memory")]
    fn a_length_does_not_wrap() {
        WRAPPING.len();
    }

    #[test]
    #[should_panic(expected = "larger than any memory")]
    fn a_length_without_border_does_not_wrap() {
        WRAPPING.inner_len();
    }

    #[test]
    #[should_panic(expected = "larger than any memory")]
    fn a_border_does_not_wrap() {
        let layout = ImageLayout {
            height: 3,
            width: 3,
            channels: 1,
            border: usize::MAX / 2,
        };
        layout.len();
    }
}
