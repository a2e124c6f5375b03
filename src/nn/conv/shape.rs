use thiserror::Error;

/// What a convolution is, whatever the size of its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvSpec {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Side of the square kernel, in pixels.
    pub kernel: usize,
    /// Step between neighboring outputs, in pixels.
    pub stride: usize,
    /// Zeros put around the image on every side, in pixels.
    pub padding: usize,
}

impl ConvSpec {
    /// A 3 x 3 convolution that keeps the image's size: stride 1, padding 1.
    pub fn same3(in_channels: usize, out_channels: usize) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: 3,
            stride: 1,
            padding: 1,
        }
    }
}

/// Why a convolution block cannot be built.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ShapeError {
    /// A count that must be at least 1 is 0.
    #[error("a convolution's {what} is 0; it must be at least 1")]
    Zero {
        /// Which count.
        what: &'static str,
    },
    /// Padding as wide as the kernel: outputs would see nothing but zeros.
    #[error("a padding of {padding} is not below the kernel's side of {kernel}")]
    Padding {
        /// The padding asked for.
        padding: usize,
        /// The kernel's side.
        kernel: usize,
    },
    /// Nothing is left after the convolution and the pool.
    #[error(
        "an image of {height} x {width} is too small: a {kernel} x {kernel} convolution (stride {stride}, padding {padding}) and a 2 x 2 pool leave nothing"
    )]
    TooSmall {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// The kernel's side.
        kernel: usize,
        /// The convolution's stride.
        stride: usize,
        /// The convolution's padding.
        padding: usize,
    },
}

/// All sizes of one convolution block, worked out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvShape {
    pub(crate) spec: ConvSpec,
    /// Rows and columns of the image without its border.
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Rows and columns after the pool.
    pub(crate) out_height: usize,
    pub(crate) out_width: usize,
    /// Zeros around the output, wanted by the layer that reads it.
    pub(crate) out_border: usize,
    /// Channels computed at once.
    pub(crate) channel_block: usize,
}

impl ConvShape {
    pub(crate) fn new(
        spec: ConvSpec,
        height: usize,
        width: usize,
        out_border: usize,
        channel_block: usize,
    ) -> Result<Self, ShapeError> {
        let counts = [
            (spec.in_channels, "number of input channels"),
            (spec.out_channels, "number of output channels"),
            (spec.kernel, "kernel"),
            (spec.stride, "stride"),
        ];
        for (count, what) in counts {
            if count == 0 {
                return Err(ShapeError::Zero { what });
            }
        }
        if spec.padding >= spec.kernel {
            return Err(ShapeError::Padding {
                padding: spec.padding,
                kernel: spec.kernel,
            });
        }
        let after = |side: usize| {
            let padded = side + 2 * spec.padding;
            let convolved = padded.checked_sub(spec.kernel)? / spec.stride + 1;
            (convolved >= 2).then_some(convolved / 2)
        };
        let (Some(out_height), Some(out_width)) = (after(height), after(width)) else {
            return Err(ShapeError::TooSmall {
                height,
                width,
                kernel: spec.kernel,
                stride: spec.stride,
                padding: spec.padding,
            });
        };
        Ok(Self {
            spec,
            height,
            width,
            out_height,
            out_width,
            out_border,
            channel_block,
        })
    }

    /// Columns of the image with its border.
    #[inline]
    pub(crate) fn in_columns(&self) -> usize {
        self.width + 2 * self.spec.padding
    }

    /// Elements of one image with its border.
    #[inline]
    pub(crate) fn in_len(&self) -> usize {
        (self.height + 2 * self.spec.padding) * self.in_columns() * self.spec.in_channels
    }

    /// Elements of one image without its border.
    #[inline]
    pub(crate) fn in_gradient_len(&self) -> usize {
        self.height * self.width * self.spec.in_channels
    }

    /// Columns of the output with its border.
    #[inline]
    pub(crate) fn out_columns(&self) -> usize {
        self.out_width + 2 * self.out_border
    }

    /// Elements of one output with its border.
    #[inline]
    pub(crate) fn out_len(&self) -> usize {
        (self.out_height + 2 * self.out_border) * self.out_columns() * self.spec.out_channels
    }

    /// Elements of one output without its border; also the winners' count.
    #[inline]
    pub(crate) fn pooled_len(&self) -> usize {
        self.out_height * self.out_width * self.spec.out_channels
    }

    /// Blocks of output channels, the last one filled up with zeros.
    #[inline]
    pub(crate) fn out_blocks(&self) -> usize {
        self.spec.out_channels.div_ceil(self.channel_block)
    }

    /// Output channels, filled up to whole blocks.
    #[inline]
    pub(crate) fn out_filled(&self) -> usize {
        self.out_blocks() * self.channel_block
    }

    /// Blocks of input channels, the last one filled up with zeros.
    #[inline]
    pub(crate) fn in_blocks(&self) -> usize {
        self.spec.in_channels.div_ceil(self.channel_block)
    }

    /// Numbers under one row of the kernel.
    #[inline]
    pub(crate) fn run(&self) -> usize {
        self.spec.kernel * self.spec.in_channels
    }

    /// Elements of the packed weights, in whole blocks of output channels.
    #[inline]
    pub(crate) fn packed_len(&self) -> usize {
        self.spec.kernel * self.run() * self.out_filled()
    }

    /// Elements of the flipped packed weights, in whole blocks of input
    /// channels.
    #[inline]
    pub(crate) fn flipped_len(&self) -> usize {
        self.spec.kernel
            * self.spec.kernel
            * self.out_filled()
            * self.in_blocks()
            * self.channel_block
    }

    /// Columns of the spread-out gradient: see [`spread_len`](Self::spread_len).
    #[inline]
    pub(crate) fn spread_columns(&self) -> usize {
        self.width + self.spec.kernel - 1
    }

    /// Where the first convolution output lies in the spread-out gradient,
    /// in rows and in columns.
    #[inline]
    pub(crate) fn spread_offset(&self) -> usize {
        self.spec.kernel - 1 - self.spec.padding
    }

    /// Elements of the gradient of one convolution's output, spread out by the
    /// stride and bordered so that the gradient of the input is a convolution
    /// of it with stride 1.
    #[inline]
    pub(crate) fn spread_len(&self) -> usize {
        (self.height + self.spec.kernel - 1) * self.spread_columns() * self.out_filled()
    }

    /// Elements of the weights as PyTorch holds them.
    #[inline]
    pub(crate) fn weight_len(&self) -> usize {
        self.spec.out_channels * self.run() * self.spec.kernel
    }
}
