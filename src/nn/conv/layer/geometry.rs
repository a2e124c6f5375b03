use super::super::shape::check;
use super::super::spec::ConvSpec;
use crate::nn::layout::ImageLayout;
use crate::nn::sizes::{product, sum};
use crate::nn::{Activation, ShapeError};

/// All sizes of one convolution, worked out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) spec: ConvSpec,
    pub(crate) input: ImageLayout,
    pub(crate) output: ImageLayout,
    /// Channels computed at once.
    pub(crate) channel_block: usize,
}

/// The taps of a kernel that reach one of every `stride` rows (or columns) of
/// the image: seen from an input pixel, they are a convolution of stride 1
/// over the output's gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    /// How many taps; 0 where the stride jumps over these pixels.
    pub(crate) taps: usize,
    /// The last of them in the kernel, the first in order of outputs.
    pub(crate) last_tap: usize,
    /// From one of them to the next in the kernel.
    pub(crate) tap_step: usize,
    /// From the output of one of them to that of the next.
    pub(crate) out_step: usize,
}

/// Pixels of images of one size, counted row by row and image by image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Grid {
    /// Image, row and column of `P` pixels from number `at`.
    #[inline(always)]
    pub(crate) fn places<const P: usize>(self, at: usize) -> [(usize, usize, usize); P] {
        let (mut image, rest) = (
            at / (self.rows * self.columns),
            at % (self.rows * self.columns),
        );
        let (mut row, mut column) = (rest / self.columns, rest % self.columns);
        let mut places = [(0, 0, 0); P];
        for place in &mut places {
            *place = (image, row, column);
            column += 1;
            if column == self.columns {
                (row, column) = (row + 1, 0);
            }
            if row == self.rows {
                (image, row) = (image + 1, 0);
            }
        }
        places
    }
}

/// Elements of images that one task works on at a time: they stay in the
/// second-level cache beside the weights.
const CACHED: usize = 128 * 1024;

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

impl Geometry {
    pub(crate) fn new(
        spec: ConvSpec,
        input: ImageLayout,
        out_border: usize,
        channel_block: usize,
    ) -> Result<Self, ShapeError> {
        check(&spec)?;
        if input.channels != spec.in_channels {
            return Err(ShapeError::Channels {
                found: input.channels,
                expected: spec.in_channels,
            });
        }
        if input.border < spec.padding {
            return Err(ShapeError::Border {
                border: input.border,
                padding: spec.padding,
            });
        }
        let sides = (spec.out_side(input.height), spec.out_side(input.width));
        let (Some(height), Some(width)) = sides else {
            return Err(ShapeError::TooSmall {
                what: "a convolution",
                height: input.height,
                width: input.width,
                window: spec.reach(),
                stride: spec.stride,
                padding: spec.padding,
            });
        };
        let output = ImageLayout {
            height,
            width,
            channels: spec.out_channels,
            border: out_border,
        };
        Ok(Self {
            spec,
            input,
            output,
            channel_block,
        })
    }

    /// Elements from row to row of the bordered input.
    #[inline]
    pub(crate) fn in_row(&self) -> usize {
        (self.input.width + 2 * self.input.border) * self.input.channels
    }

    /// Where the first tap of the first output lies in the bordered input.
    #[inline]
    pub(crate) fn in_corner(&self) -> usize {
        let inset = self.input.border - self.spec.padding;
        inset * (self.in_row() + self.input.channels)
    }

    /// Images of one task: so many that the weights, which a task reads anew,
    /// serve enough pixels, while the images stay in the cache.
    #[inline]
    pub(crate) fn images_per_task(&self) -> usize {
        (CACHED / self.input.len()).clamp(1, 4)
    }

    /// Outputs computed for one block of channels before the next block.
    /// Where all weights stay in the cache, few, so that an output is written
    /// as a whole; else as many as the cache has inputs for.
    #[inline]
    pub(crate) fn chunk(&self) -> usize {
        if self.packed_len() <= CACHED / 2 {
            return 48;
        }
        let per_output = self.spec.in_channels * self.spec.stride * self.spec.stride;
        (CACHED / per_output / 12 * 12).max(96)
    }

    /// Blocks of output channels of a group, the last one filled with zeros.
    #[inline]
    pub(crate) fn out_blocks(&self) -> usize {
        self.spec.out_group().div_ceil(self.channel_block)
    }

    /// Output channels of a group, filled up to whole blocks.
    #[inline]
    pub(crate) fn out_filled(&self) -> usize {
        self.out_blocks() * self.channel_block
    }

    /// Blocks of input channels of a group, the last one filled with zeros.
    #[inline]
    pub(crate) fn in_blocks(&self) -> usize {
        self.spec.in_group().div_ceil(self.channel_block)
    }

    /// Taps of the kernel.
    #[inline]
    pub(crate) fn taps(&self) -> usize {
        self.spec.kernel * self.spec.kernel
    }

    /// Elements of one packed block of output channels.
    #[inline]
    pub(crate) fn packed_block(&self) -> usize {
        self.spec.fan_in() * self.channel_block
    }

    /// Elements of the packed weights.
    #[inline]
    pub(crate) fn packed_len(&self) -> usize {
        product([
            self.spec.groups,
            self.out_blocks(),
            self.spec.fan_in(),
            self.channel_block,
        ])
    }

    /// Elements of one flipped block of input channels.
    #[inline]
    pub(crate) fn flipped_block(&self) -> usize {
        self.taps() * self.out_filled() * self.channel_block
    }

    /// Elements of the flipped weights.
    #[inline]
    pub(crate) fn flipped_len(&self) -> usize {
        product([
            self.spec.groups,
            self.in_blocks(),
            self.spec.kernel,
            self.spec.kernel,
            self.out_filled(),
            self.channel_block,
        ])
    }

    /// The taps that reach rows `row` with `(row + padding) % stride == phase`.
    #[inline]
    pub(crate) fn phase(&self, phase: usize) -> Phase {
        let (stride, dilation) = (self.spec.stride, self.spec.dilation);
        let divisor = greatest_common_divisor(stride, dilation);
        let reaching = |tap: &usize| dilation * tap % stride == phase;
        let taps = (0..self.spec.kernel).filter(reaching).count();
        let last_tap = (0..self.spec.kernel).rfind(reaching).unwrap_or(0);
        Phase {
            taps,
            last_tap,
            tap_step: stride / divisor,
            out_step: dilation / divisor,
        }
    }

    /// Zeros that the output's gradient needs on every side, so that every tap
    /// of every input pixel finds one.
    #[inline]
    pub(crate) fn gradient_border(&self) -> usize {
        let spec = &self.spec;
        let before = (spec.reach() - 1 - spec.padding).div_ceil(spec.stride);
        let after = |side: usize, out: usize| {
            ((side - 1 + spec.padding) / spec.stride + 1).saturating_sub(out)
        };
        let rows = after(self.input.height, self.output.height);
        let columns = after(self.input.width, self.output.width);
        before.max(rows).max(columns)
    }

    /// Into how many parts the images are split for the gradient of the
    /// weights, and how many blocks of channels a task sums.
    pub(crate) fn weight_tasks(&self, images: usize) -> (usize, usize) {
        /// Tasks to share among threads.
        const TASKS: usize = 8;
        let parts = match self.packed_len() / CACHED {
            0 => 8,
            1..4 => 4,
            4..8 => 2,
            _ => 1,
        };
        let blocks = self.spec.groups * self.out_blocks();
        // parts of as many images, none of them empty
        let parts = images.div_ceil(images.div_ceil(parts).max(1));
        (parts, blocks.div_ceil(TASKS.div_ceil(parts.max(1))))
    }

    /// Whether the gradient of the output has to be copied into a border, or
    /// serves the gradient of the input as it is.
    #[inline]
    pub(crate) fn needs_border(&self, activation: Activation) -> bool {
        activation != Activation::None || self.gradient_len() != self.output.inner_len()
    }

    /// As [`chunk`](Self::chunk), for the gradient of the input.
    #[inline]
    pub(crate) fn gradient_chunk(&self) -> usize {
        if self.flipped_len() <= CACHED / 2 {
            return 48;
        }
        (CACHED / self.gradient_pixel() / 12 * 12).max(96)
    }

    /// Columns of the bordered gradient of the output.
    #[inline]
    pub(crate) fn gradient_columns(&self) -> usize {
        self.output.width + 2 * self.gradient_border()
    }

    /// Elements of a pixel of the bordered gradient of the output: the groups
    /// one after the other, each filled up to whole blocks.
    #[inline]
    pub(crate) fn gradient_pixel(&self) -> usize {
        self.spec.groups * self.out_filled()
    }

    /// Elements of the bordered gradient of one output.
    #[inline]
    pub(crate) fn gradient_len(&self) -> usize {
        let border = self.gradient_border();
        let rows = sum([self.output.height, border, border]);
        let columns = sum([self.output.width, border, border]);
        product([rows, columns, self.gradient_pixel()])
    }
}
