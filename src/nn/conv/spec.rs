use crate::nn::sizes::{product, sum};

/// What a convolution is, whatever the size of its images.
///
/// ```
/// use layerprobe::nn::ConvSpec;
///
/// // the first convolution of a ResNet
/// let spec = ConvSpec { stride: 2, padding: 3, ..ConvSpec::new(3, 64, 7) };
/// assert_eq!(spec.weight_len(), 64 * 3 * 7 * 7);
/// assert_eq!(spec.out_side(224), Some(112));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvSpec {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Side of the square kernel, in taps.
    pub kernel: usize,
    /// Step between neighboring outputs, in pixels.
    pub stride: usize,
    /// Zeros put around the image on every side, in pixels.
    pub padding: usize,
    /// Step between neighboring taps of the kernel, in pixels.
    pub dilation: usize,
    /// Groups of channels that do not see each other; `in_channels` for a
    /// depthwise convolution.
    pub groups: usize,
}

impl ConvSpec {
    /// A convolution of stride 1 without padding, dilation or groups.
    pub fn new(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel,
            stride: 1,
            padding: 0,
            dilation: 1,
            groups: 1,
        }
    }

    /// A 3 x 3 convolution that keeps the image's size: stride 1, padding 1.
    pub fn same3(in_channels: usize, out_channels: usize) -> Self {
        Self {
            padding: 1,
            ..Self::new(in_channels, out_channels, 3)
        }
    }

    /// Input channels that one output sees.
    pub fn in_group(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of one group.
    pub fn out_group(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Inputs that one output depends on.
    ///
    /// # Panics
    /// If a `usize` cannot count them.
    pub fn fan_in(&self) -> usize {
        product([self.in_group(), self.kernel, self.kernel])
    }

    /// Elements of the weight, `[out, in / groups, kernel, kernel]`.
    ///
    /// # Panics
    /// If a `usize` cannot count them.
    pub fn weight_len(&self) -> usize {
        product([self.out_channels, self.fan_in()])
    }

    /// Pixels under the kernel, from its first tap to its last.
    ///
    /// # Panics
    /// If a `usize` cannot count them.
    pub fn reach(&self) -> usize {
        sum([product([self.dilation, self.kernel - 1]), 1])
    }

    /// Outputs along a side of `side` pixels; `None` if there is not even one.
    ///
    /// # Panics
    /// If a `usize` cannot count the pixels with their padding.
    pub fn out_side(&self, side: usize) -> Option<usize> {
        let padded = sum([side, self.padding, self.padding]);
        let room = padded.checked_sub(self.reach())?;
        Some(room / self.stride + 1)
    }
}
