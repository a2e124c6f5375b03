use super::spec::ConvSpec;
use crate::nn::ShapeError;
use crate::nn::sizes::{product, sum};

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
        check(&spec)?;
        if spec.dilation != 1 || spec.groups != 1 {
            return Err(ShapeError::Block {
                dilation: spec.dilation,
                groups: spec.groups,
            });
        }
        let after = |side: usize| {
            let convolved = spec.out_side(side)?;
            (convolved >= 2).then_some(convolved / 2)
        };
        let (Some(out_height), Some(out_width)) = (after(height), after(width)) else {
            return Err(ShapeError::TooSmall {
                what: "a convolution and a 2 x 2 pool",
                height,
                width,
                window: spec.reach(),
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
        let padding = self.spec.padding;
        let rows = sum([self.height, padding, padding]);
        let columns = sum([self.width, padding, padding]);
        product([rows, columns, self.spec.in_channels])
    }

    /// Elements of one image without its border.
    #[inline]
    pub(crate) fn in_gradient_len(&self) -> usize {
        product([self.height, self.width, self.spec.in_channels])
    }

    /// Columns of the output with its border.
    #[inline]
    pub(crate) fn out_columns(&self) -> usize {
        self.out_width + 2 * self.out_border
    }

    /// Elements of one output with its border.
    #[inline]
    pub(crate) fn out_len(&self) -> usize {
        let border = self.out_border;
        let rows = sum([self.out_height, border, border]);
        let columns = sum([self.out_width, border, border]);
        product([rows, columns, self.spec.out_channels])
    }

    /// Elements of one output without its border; also the winners' count.
    #[inline]
    pub(crate) fn pooled_len(&self) -> usize {
        product([self.out_height, self.out_width, self.spec.out_channels])
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
        product([self.spec.kernel, self.run(), self.out_filled()])
    }

    /// Elements of the flipped packed weights, in whole blocks of input
    /// channels.
    #[inline]
    pub(crate) fn flipped_len(&self) -> usize {
        product([
            self.spec.kernel,
            self.spec.kernel,
            self.out_filled(),
            self.in_blocks(),
            self.channel_block,
        ])
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
        let more = self.spec.kernel - 1;
        let (rows, columns) = (sum([self.height, more]), sum([self.width, more]));
        product([rows, columns, self.out_filled()])
    }

    /// Elements of the weights as PyTorch holds them.
    #[inline]
    pub(crate) fn weight_len(&self) -> usize {
        self.spec.weight_len()
    }
}

/// Checks what does not depend on the images.
pub(crate) fn check(spec: &ConvSpec) -> Result<(), ShapeError> {
    let counts = [
        (spec.in_channels, "number of input channels"),
        (spec.out_channels, "number of output channels"),
        (spec.kernel, "kernel"),
        (spec.stride, "stride"),
        (spec.dilation, "dilation"),
        (spec.groups, "number of groups"),
    ];
    for (count, what) in counts {
        if count == 0 {
            return Err(ShapeError::Zero { what });
        }
    }
    let (in_channels, out_channels, groups) = (spec.in_channels, spec.out_channels, spec.groups);
    if !in_channels.is_multiple_of(groups) || !out_channels.is_multiple_of(groups) {
        return Err(ShapeError::Groups {
            groups,
            in_channels,
            out_channels,
        });
    }
    if spec.padding >= spec.reach() {
        return Err(ShapeError::Padding {
            padding: spec.padding,
            window: spec.reach(),
            most: spec.reach() - 1,
        });
    }
    Ok(())
}
