//! The passes over one image. Plain loops over channels, compiled for each
//! kind of vector.

use super::BatchNorm;
use crate::nn::lanes::Lanes;
use crate::nn::layout::Images;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// Adds every channel's sum over the pixels of an image to `sums`.
pub(super) struct Sums<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    pub(super) sums: &'a mut [f64],
}

impl<T: Real> Kernel<T> for Sums<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let layout = self.norm.input;
        let mut row_sums = vec![T::ZERO; layout.channels];
        for row in 0..layout.height {
            let x = &self.x[layout.row_start(row)..][..layout.width * layout.channels];
            for pixel in x.chunks_exact(layout.channels) {
                for (sum, &value) in row_sums.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
            flush(&mut row_sums, self.sums);
        }
    }
}

/// Adds every channel's sum of squares around `center` to `sums`.
pub(super) struct Squares<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    pub(super) center: &'a [T],
    pub(super) sums: &'a mut [f64],
}

impl<T: Real> Kernel<T> for Squares<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let layout = self.norm.input;
        let mut row_sums = vec![T::ZERO; layout.channels];
        for row in 0..layout.height {
            let x = &self.x[layout.row_start(row)..][..layout.width * layout.channels];
            for pixel in x.chunks_exact(layout.channels) {
                let of = row_sums.iter_mut().zip(pixel).zip(self.center);
                for ((sum, &value), &center) in of {
                    let off = value - center;
                    *sum += off * off;
                }
            }
            flush(&mut row_sums, self.sums);
        }
    }
}

/// Moves the sums of a row of pixels on into sums of higher precision.
#[inline(always)]
fn flush<T: Real>(row_sums: &mut [T], sums: &mut [f64]) {
    for (row_sum, sum) in row_sums.iter_mut().zip(sums) {
        *sum += row_sum.to_f64();
        *row_sum = T::ZERO;
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
        let (channels, len) = (input.channels, input.width * input.channels);
        for row in 0..input.height {
            let x = &self.x[input.row_start(row)..][..len];
            let y = &mut self.y[output.row_start(row)..][..len];
            for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
                for channel in 0..channels {
                    let off = x[channel] - self.mean[channel];
                    y[channel] = off * self.factors[channel] + self.shift[channel];
                }
            }
            if let Some(residual) = &self.residual {
                let residual = &residual.values[residual.layout.row_start(row)..][..len];
                for (y, &residual) in y.iter_mut().zip(residual) {
                    *y += residual;
                }
            }
            self.norm.activation.forward(y);
        }
    }
}

/// Takes the gradient back through the activation, in place; adds its sums and
/// those of its products with `x - mean` to the two rows of `sums`.
pub(super) struct BackwardSums<'a, T> {
    pub(super) norm: &'a BatchNorm,
    pub(super) x: &'a [T],
    /// Empty where there is no activation.
    pub(super) y: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) gradient: &'a mut [T],
    pub(super) residual: Option<&'a mut [T]>,
    pub(super) add: bool,
    pub(super) sums: &'a mut [f64],
}

impl<T: Real> Kernel<T> for BackwardSums<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let (input, output) = (self.norm.input, self.norm.out_layout());
        let (channels, len) = (input.channels, input.width * input.channels);
        let mut sums = vec![T::ZERO; channels];
        let mut moments = vec![T::ZERO; channels];
        let (all_sums, all_moments) = self.sums.split_at_mut(channels);
        for row in 0..input.height {
            let x = &self.x[input.row_start(row)..][..len];
            let gradient = &mut self.gradient[row * len..][..len];
            if self.norm.activation != Activation::None {
                let y = &self.y[output.row_start(row)..][..len];
                self.norm.activation.backward(y, gradient);
            }
            if let Some(residual) = &mut self.residual {
                let residual = &mut residual[row * len..][..len];
                if self.add {
                    for (to, &gradient) in residual.iter_mut().zip(&*gradient) {
                        *to += gradient;
                    }
                } else {
                    residual.copy_from_slice(gradient);
                }
            }
            for (x, gradient) in x
                .chunks_exact(channels)
                .zip(gradient.chunks_exact(channels))
            {
                for channel in 0..channels {
                    sums[channel] += gradient[channel];
                    let off = x[channel] - self.mean[channel];
                    moments[channel] += gradient[channel] * off;
                }
            }
            flush(&mut sums, all_sums);
            flush(&mut moments, all_moments);
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
        let (channels, len) = (input.channels, input.width * input.channels);
        let (slope, rest) = self.factors.split_at(channels);
        let (offset, tilt) = rest.split_at(channels);
        for row in 0..input.height {
            let x = &self.x[input.row_start(row)..][..len];
            let gradient = &mut self.gradient[row * len..][..len];
            for (x, gradient) in x
                .chunks_exact(channels)
                .zip(gradient.chunks_exact_mut(channels))
            {
                for channel in 0..channels {
                    let off = x[channel] - self.mean[channel];
                    gradient[channel] =
                        slope[channel] * gradient[channel] + offset[channel] + tilt[channel] * off;
                }
            }
        }
    }
}
