//! The passes over one image: a vector of channels at a time, pixel after
//! pixel, in the order of memory, which bounds them all.

#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::BatchNorm;
use crate::nn::lanes::Lanes;
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// Rows of an image whose pixels are summed up in `T` before the sums move on
/// to `f64`, and which stay in a near cache in between.
fn rows_per_chunk(layout: ImageLayout) -> usize {
    let pixels = (32 * 1024 / layout.channels).clamp(16, 128);
    (pixels / layout.width).clamp(1, layout.height)
}

/// Calls `$body` for every vector of a row of pixels: `$channel` is its first
/// channel, `$at` its place in the row, `$lanes` how many channels it has. A
/// closure would not be compiled for the vectors at hand.
macro_rules! for_vectors {
    ($layout:expr, |$channel:ident, $at:ident, $lanes:ident| $body:block) => {
        for pixel in 0..$layout.width {
            let mut $channel = 0;
            while $channel < $layout.channels {
                let $lanes = ($layout.channels - $channel).min(V::COUNT);
                let $at = pixel * $layout.channels + $channel;
                $body
                $channel += V::COUNT;
            }
        }
    };
}

/// The mean of each channel of an image, and the sum of squares around it.
pub(super) struct Moments<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    /// Two vectors of scratch, `channels` each.
    pub(super) scratch: &'a mut [T],
    /// Overwritten: means, then sums of squares, `channels` each.
    pub(super) moments: &'a mut [f64],
}

impl<T: Real> Kernel<T> for Moments<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let layout = self.norm.input;
        assert_eq!(self.x.len(), layout.len());
        assert_eq!(self.scratch.len(), 2 * layout.channels);
        assert_eq!(self.moments.len(), 2 * layout.channels);
        let (sums, centers) = self.scratch.split_at_mut(layout.channels);
        let (means, squares) = self.moments.split_at_mut(layout.channels);
        means.fill(0.0);
        squares.fill(0.0);
        let mut seen = 0.0;
        let chunk = rows_per_chunk(layout);
        for first in (0..layout.height).step_by(chunk) {
            let rows = first..layout.height.min(first + chunk);
            let pixels = (rows.len() * layout.width) as f64;
            sums.fill(T::ZERO);
            for row in rows.clone() {
                // SAFETY: rows lie in the image; vectors have `lanes` channels.
                unsafe {
                    let x = self.x.as_ptr().add(layout.row_start(row));
                    for_vectors!(layout, |channel, at, lanes| {
                        let sum = sums.as_mut_ptr().add(channel);
                        let value = V::load_part(x.add(at), lanes);
                        V::load_part(sum, lanes).add(value).store_part(sum, lanes);
                    });
                }
            }
            for (center, sum) in centers.iter_mut().zip(sums.iter_mut()) {
                *center = T::from_f64(sum.to_f64() / pixels);
            }
            // what rounding of the center leaves is taken off below
            let total = seen + pixels;
            let share = seen * pixels / total;
            for ((mean, square), (center, sum)) in means
                .iter_mut()
                .zip(squares.iter_mut())
                .zip(centers.iter().zip(sums.iter_mut()))
            {
                let here = sum.to_f64() / pixels;
                let off = here - *mean;
                let rounding = here - center.to_f64();
                *square += off * off * share - rounding * rounding * pixels;
                *mean += off * pixels / total;
                *sum = T::ZERO;
            }
            seen = total;
            for row in rows {
                // SAFETY: as above.
                unsafe {
                    let x = self.x.as_ptr().add(layout.row_start(row));
                    for_vectors!(layout, |channel, at, lanes| {
                        let sum = sums.as_mut_ptr().add(channel);
                        let center = V::load_part(centers.as_ptr().add(channel), lanes);
                        let off = V::load_part(x.add(at), lanes).sub(center);
                        off.mul_add(off, V::load_part(sum, lanes))
                            .store_part(sum, lanes);
                    });
                }
            }
            for (square, sum) in squares.iter_mut().zip(sums.iter()) {
                *square += sum.to_f64();
            }
        }
    }
}

/// `y = activation((x - mean) * factor + shift + residual)`.
pub(super) struct Normalize<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) factors: &'a [T],
    pub(super) shift: &'a [T],
    pub(super) residual: Option<Images<'a, T>>,
    pub(super) y: &'a mut [T],
}

impl<T: Real> Kernel<T> for Normalize<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (input, output) = (self.norm.input, self.norm.out_layout());
        assert_eq!(self.x.len(), input.len());
        assert_eq!(self.y.len(), output.len());
        for of_channels in [self.mean, self.factors, self.shift] {
            assert_eq!(of_channels.len(), input.channels);
        }
        if let Some(residual) = &self.residual {
            assert_eq!(residual.values.len(), residual.layout.len());
            assert!(residual.layout.same_inside(&input));
        }
        for row in 0..input.height {
            // SAFETY: rows lie in all images; vectors have `lanes` channels.
            unsafe {
                let x = self.x.as_ptr().add(input.row_start(row));
                let y = self.y.as_mut_ptr().add(output.row_start(row));
                let residual = self
                    .residual
                    .as_ref()
                    .map(|r| r.values.as_ptr().add(r.layout.row_start(row)));
                for_vectors!(input, |channel, at, lanes| {
                    let mean = V::load_part(self.mean.as_ptr().add(channel), lanes);
                    let factor = V::load_part(self.factors.as_ptr().add(channel), lanes);
                    let shift = V::load_part(self.shift.as_ptr().add(channel), lanes);
                    let off = V::load_part(x.add(at), lanes).sub(mean);
                    let mut value = off.mul_add(factor, shift);
                    if let Some(residual) = residual {
                        value = value.add(V::load_part(residual.add(at), lanes));
                    }
                    self.norm
                        .activation
                        .apply(value)
                        .store_part(y.add(at), lanes);
                });
            }
        }
    }
}

/// Takes the gradient back through the activation, in place; sums of it and of
/// its products with `x - mean`.
pub(super) struct BackwardSums<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    /// Empty where there is no activation.
    pub(super) y: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) gradient: &'a mut [T],
    pub(super) residual: Option<&'a mut [T]>,
    pub(super) add: bool,
    /// Two vectors of scratch, `channels` each.
    pub(super) scratch: &'a mut [T],
    /// Overwritten: sums, then sums of products, `channels` each.
    pub(super) sums: &'a mut [f64],
}

impl<T: Real> Kernel<T> for BackwardSums<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (input, output) = (self.norm.input, self.norm.out_layout());
        let activation = self.norm.activation;
        let active = activation != Activation::None;
        let len = input.width * input.channels;
        assert_eq!(self.x.len(), input.len());
        assert!(!active || self.y.len() == output.len());
        assert_eq!(self.mean.len(), input.channels);
        assert_eq!(self.gradient.len(), input.inner_len());
        assert_eq!(self.scratch.len(), 2 * input.channels);
        assert_eq!(self.sums.len(), 2 * input.channels);
        if let Some(residual) = &self.residual {
            assert_eq!(residual.len(), input.inner_len());
        }
        let residual = self.residual.map(<[T]>::as_mut_ptr);
        self.sums.fill(0.0);
        let chunk = rows_per_chunk(input);
        for first in (0..input.height).step_by(chunk) {
            self.scratch.fill(T::ZERO);
            for row in first..input.height.min(first + chunk) {
                // SAFETY: rows lie in all images; vectors have `lanes`
                // channels, and so has the scratch, twice.
                unsafe {
                    let x = self.x.as_ptr().add(input.row_start(row));
                    let y = self.y.as_ptr().wrapping_add(output.row_start(row));
                    let gradient = self.gradient.as_mut_ptr().add(row * len);
                    let residual = residual.map(|r| r.add(row * len));
                    for_vectors!(input, |channel, at, lanes| {
                        let mut slope = V::load_part(gradient.add(at), lanes);
                        if active {
                            slope = activation.slope(V::load_part(y.add(at), lanes), slope);
                            slope.store_part(gradient.add(at), lanes);
                        }
                        if let Some(residual) = residual {
                            let to = residual.add(at);
                            let mut value = slope;
                            if self.add {
                                value = value.add(V::load_part(to, lanes));
                            }
                            value.store_part(to, lanes);
                        }
                        let mean = V::load_part(self.mean.as_ptr().add(channel), lanes);
                        let off = V::load_part(x.add(at), lanes).sub(mean);
                        let sum = self.scratch.as_mut_ptr().add(channel);
                        V::load_part(sum, lanes).add(slope).store_part(sum, lanes);
                        let sum = sum.add(input.channels);
                        slope
                            .mul_add(off, V::load_part(sum, lanes))
                            .store_part(sum, lanes);
                    });
                }
            }
            for (sum, part) in self.sums.iter_mut().zip(self.scratch.iter()) {
                *sum += part.to_f64();
            }
        }
    }
}

/// `gradient = slope * gradient + offset + tilt * (x - mean)`, with the three
/// rows of `factors`.
pub(super) struct Backward<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) factors: &'a [T],
    pub(super) gradient: &'a mut [T],
}

impl<T: Real> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let input = self.norm.input;
        let len = input.width * input.channels;
        assert_eq!(self.x.len(), input.len());
        assert_eq!(self.mean.len(), input.channels);
        assert_eq!(self.factors.len(), 3 * input.channels);
        assert_eq!(self.gradient.len(), input.inner_len());
        for row in 0..input.height {
            // SAFETY: rows lie in both images; vectors have `lanes` channels.
            unsafe {
                let x = self.x.as_ptr().add(input.row_start(row));
                let gradient = self.gradient.as_mut_ptr().add(row * len);
                for_vectors!(input, |channel, at, lanes| {
                    let slope = self.factors.as_ptr().add(channel);
                    let offset = V::load_part(slope.add(input.channels), lanes);
                    let tilt = V::load_part(slope.add(2 * input.channels), lanes);
                    let slope = V::load_part(slope, lanes);
                    let mean = V::load_part(self.mean.as_ptr().add(channel), lanes);
                    let off = V::load_part(x.add(at), lanes).sub(mean);
                    let to = gradient.add(at);
                    let value = V::load_part(to, lanes).mul_add(slope, offset);
                    off.mul_add(tilt, value).store_part(to, lanes);
                });
            }
        }
    }
}
