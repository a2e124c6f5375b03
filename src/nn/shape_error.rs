use thiserror::Error;

/// Why a layer cannot be built for its images.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ShapeError {
    /// A count that must be at least 1 is 0.
    #[error("a layer's {what} is 0; it must be at least 1")]
    Zero {
        /// Which count.
        what: &'static str,
    },
    /// So much padding that an output would see nothing but zeros.
    #[error("a padding of {padding} is too much for a window of {window}; at most {most} will do")]
    Padding {
        /// The padding asked for.
        padding: usize,
        /// Pixels from the window's first to its last.
        window: usize,
        /// The most it may be.
        most: usize,
    },
    /// Nothing is left of the image.
    #[error(
        "an image of {height} x {width} is too small: {what} (window {window}, stride {stride}, padding {padding}) leaves nothing"
    )]
    TooSmall {
        /// What the layer does.
        what: &'static str,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// Pixels from the window's first to its last.
        window: usize,
        /// Step between windows.
        stride: usize,
        /// Zeros on every side.
        padding: usize,
    },
    /// Channels that groups do not divide.
    #[error("{groups} groups do not divide {in_channels} input and {out_channels} output channels")]
    Groups {
        /// Number of groups.
        groups: usize,
        /// Channels of the input.
        in_channels: usize,
        /// Channels of the output.
        out_channels: usize,
    },
    /// Images of other channels than the layer's.
    #[error("images of {found} channels for a layer of {expected}")]
    Channels {
        /// The images'.
        found: usize,
        /// The layer's.
        expected: usize,
    },
    /// Images whose border is narrower than the padding.
    #[error("images inside a border of {border} for a padding of {padding}")]
    Border {
        /// The images' border.
        border: usize,
        /// The convolution's padding.
        padding: usize,
    },
    /// A window so large that its places cannot be counted in a byte.
    #[error("a pool's window of {window} x {window}; it may be at most 16 x 16")]
    Window {
        /// The window's side.
        window: usize,
    },
    /// A fused block asked for what it does not do.
    #[error(
        "a block of convolution and pool takes neither dilation ({dilation}) nor groups ({groups})"
    )]
    Block {
        /// The convolution's dilation.
        dilation: usize,
        /// The convolution's groups.
        groups: usize,
    },
}
