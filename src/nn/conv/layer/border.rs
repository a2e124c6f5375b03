#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::Conv;
use super::geometry::Geometry;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// Takes the gradient of a few outputs back through the activation, into
/// borders.
pub(crate) struct Border<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) activation: Activation,
    /// The outputs with their borders; empty where there is no activation.
    pub(crate) y: &'a [T],
    /// The gradient of the outputs, without borders.
    pub(crate) slopes: &'a [T],
    /// The gradient before the activation; its borders and the places of
    /// missing channels are not touched.
    pub(crate) bordered: &'a mut [T],
}

/// Runs [`Border`] for a convolution.
pub(crate) fn put_in_border<T: Real>(conv: &Conv, y: &[T], slopes: &[T], bordered: &mut [T]) {
    let kernel = Border {
        geometry: &conv.geometry,
        activation: conv.activation,
        y,
        slopes,
        bordered,
    };
    T::dispatch(conv.processor, kernel);
}

impl<T: Real> Kernel<T> for Border<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let geometry = self.geometry;
        let n = self.slopes.len() / geometry.output.inner_len();
        assert_eq!(self.slopes.len(), n * geometry.output.inner_len());
        assert_eq!(self.bordered.len(), n * geometry.gradient_len());
        let (group_channels, filled) = (geometry.spec.out_group(), geometry.out_filled());
        let border = geometry.gradient_border();
        let (len, columns) = (geometry.gradient_len(), geometry.gradient_columns());
        let output = geometry.output;
        let active = self.activation != Activation::None;
        assert!(!active || self.y.len() == n * output.len());
        for row in 0..n * output.height {
            let (image, row) = (row / output.height, row % output.height);
            for column in 0..output.width {
                let from =
                    ((image * output.height + row) * output.width + column) * output.channels;
                let y_at = output.place((image, row, column));
                let place = (row + border) * columns + column + border;
                let to = image * len + place * geometry.gradient_pixel();
                for group in 0..geometry.spec.groups {
                    for channel in (0..group_channels).step_by(V::COUNT) {
                        let lanes = (group_channels - channel).min(V::COUNT);
                        let of = group * group_channels + channel;
                        // SAFETY: `lanes` channels from here exist; scratch has
                        // room for whole vectors.
                        unsafe {
                            let mut value =
                                V::load_part(self.slopes.as_ptr().add(from + of), lanes);
                            if active {
                                let y = V::load_part(self.y.as_ptr().add(y_at + of), lanes);
                                value = self.activation.slope(y, value);
                            }
                            let place = to + group * filled + channel;
                            value.store(self.bordered.as_mut_ptr().add(place));
                        }
                    }
                }
            }
        }
    }
}
