//! Max-pool, average pool and adaptive average pool.

mod average;
mod max;
#[cfg(test)]
mod tests;

pub use average::AveragePool;
pub use max::MaxPool;

use crate::nn::ShapeError;
use crate::nn::layout::ImageLayout;
use crate::nn::sizes::sum;

/// The windows of a pool, PyTorch's with `ceil_mode=False`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolSpec {
    /// Side of the square window, in pixels.
    pub window: usize,
    /// Step between neighboring windows, in pixels.
    pub stride: usize,
    /// How far windows may reach beyond the image, in pixels; at most half the
    /// window.
    pub padding: usize,
}

impl PoolSpec {
    /// The layout of the output.
    fn out_layout(&self, input: ImageLayout, out_border: usize) -> Result<ImageLayout, ShapeError> {
        for (count, what) in [
            (self.window, "window"),
            (self.stride, "stride"),
            (input.channels, "number of input channels"),
        ] {
            if count == 0 {
                return Err(ShapeError::Zero { what });
            }
        }
        if self.padding > self.window / 2 {
            return Err(ShapeError::Padding {
                padding: self.padding,
                window: self.window,
                most: self.window / 2,
            });
        }
        let after = |side: usize| {
            let padded = sum([side, self.padding, self.padding]);
            let room = padded.checked_sub(self.window)?;
            (side > 0).then_some(room / self.stride + 1)
        };
        match (after(input.height), after(input.width)) {
            (Some(height), Some(width)) => Ok(ImageLayout {
                height,
                width,
                channels: input.channels,
                border: out_border,
            }),
            _ => Err(ShapeError::TooSmall {
                what: "a pool",
                height: input.height,
                width: input.width,
                window: self.window,
                stride: self.stride,
                padding: self.padding,
            }),
        }
    }

    /// The part of window `at` within a side of `side` pixels, and the place
    /// in the window of its first pixel.
    #[inline(always)]
    fn span(&self, at: usize, side: usize) -> (std::ops::Range<usize>, usize) {
        let start = at * self.stride;
        let cut = self.padding.saturating_sub(start);
        let first = start + cut - self.padding;
        let end = (start + self.window - self.padding).min(side);
        (first..end.max(first), cut)
    }
}
