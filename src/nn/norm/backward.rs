//! The backward pass of training.

use rayon::prelude::*;

use super::rows::{Backward, BackwardSums};
use super::{BatchNorm, NormBackward, NormBuffers};
use crate::nn::real::Processor;
use crate::nn::sizes::product;
use crate::nn::{Activation, InputGradient, Real};

/// Two rows of sums of an image, and scratch as long in the images' type.
type Sums<'a, T> = (&'a mut [f64], &'a mut [T]);

impl BatchNorm {
    /// The backward pass of training, after
    /// [`forward_train`](Self::forward_train) with the same `x` and `buffers`.
    ///
    /// # Panics
    /// If a slice does not have its length, or `buffers` saw no forward pass.
    pub fn backward<T: Real>(
        &self,
        x: &[T],
        pass: NormBackward<'_, T>,
        buffers: &mut NormBuffers<T>,
    ) {
        let n = self.images(x);
        let (channels, inner) = (self.input.channels, self.input.inner_len());
        assert_eq!(buffers.mean.len(), channels, "a forward pass before");
        assert_eq!(pass.scale.len(), channels, "length of the scale");
        assert_eq!(pass.gradient.len(), n * inner, "length of the gradient");
        assert_eq!(pass.scale_gradient.len(), channels, "scale gradient");
        assert_eq!(pass.shift_gradient.len(), channels, "shift gradient");
        if self.activation != Activation::None {
            let out_len = product([n, self.out_layout().len()]);
            assert_eq!(pass.output.len(), out_len, "length of the output");
        }
        let NormBackward {
            scale,
            output,
            gradient,
            scale_gradient,
            shift_gradient,
            residual,
        } = pass;
        self.backward_sums(x, output, gradient, residual, buffers);
        self.backward_factors(n, scale, (scale_gradient, shift_gradient), buffers);
        self.input_gradient(x, gradient, buffers);
    }

    /// The first pass: the gradient through the activation, to the residual, and
    /// its sums in each image.
    fn backward_sums<T: Real>(
        &self,
        x: &[T],
        output: &[T],
        gradient: &mut [T],
        residual: InputGradient<'_, T>,
        buffers: &mut NormBuffers<T>,
    ) {
        let n = self.images(x);
        let (len, channels) = (self.input.len(), self.input.channels);
        let (inner, out_len) = (self.input.inner_len(), self.out_layout().len());
        let active = self.activation != Activation::None;
        let output = |image: usize| match active {
            true => &output[image * out_len..(image + 1) * out_len],
            false => &[],
        };
        let NormBuffers {
            mean,
            partial,
            scratch,
            ..
        } = buffers;
        scratch.resize(2 * n * channels, T::ZERO);
        partial.clear();
        partial.resize(2 * n * channels, 0.0);
        let residual = residual.target();
        let add = residual.as_ref().is_some_and(|(_, add)| *add);
        let processor = Processor::best();
        let sums = |image: usize, gradient: &mut [T], (sums, scratch): Sums<'_, T>, residual| {
            let kernel = BackwardSums {
                norm: self,
                x: &x[image * len..(image + 1) * len],
                y: output(image),
                mean,
                gradient,
                residual,
                add,
                scratch,
                sums,
            };
            T::dispatch(processor, kernel);
        };
        let sums_of = partial
            .par_chunks_mut(2 * channels)
            .zip(scratch.par_chunks_mut(2 * channels));
        let pairs = gradient.par_chunks_mut(inner).enumerate().zip(sums_of);
        match residual {
            Some((residual, _)) => {
                assert_eq!(residual.len(), n * inner, "residual gradient");
                pairs.zip(residual.par_chunks_mut(inner)).for_each(
                    |(((i, gradient), partial), residual)| {
                        sums(i, gradient, partial, Some(residual));
                    },
                );
            }
            None => pairs.for_each(|((i, gradient), partial)| sums(i, gradient, partial, None)),
        }
    }

    /// The gradients of scale and shift, and what the last pass takes of each
    /// channel: sums over images, in order.
    fn backward_factors<T: Real>(
        &self,
        n: usize,
        scale: &[T],
        (scale_gradient, shift_gradient): (&mut [T], &mut [T]),
        buffers: &mut NormBuffers<T>,
    ) {
        let channels = self.input.channels;
        let NormBuffers {
            inverse,
            partial,
            factors,
            ..
        } = buffers;
        let count = (n * self.input.height * self.input.width) as f64;
        factors.clear();
        factors.resize(3 * channels, T::ZERO);
        for channel in 0..channels {
            let (mut sum, mut moment) = (0.0, 0.0);
            for image in partial.chunks_exact(2 * channels) {
                sum += image[channel];
                moment += image[channels + channel];
            }
            let inverse = inverse[channel].to_f64();
            shift_gradient[channel] = T::from_f64(sum);
            scale_gradient[channel] = T::from_f64(moment * inverse);
            // dx = slope * g + offset + tilt * (x - mean)
            let slope = scale[channel].to_f64() * inverse;
            factors[channel] = T::from_f64(slope);
            factors[channels + channel] = T::from_f64(-slope * sum / count);
            let tilt = -slope * inverse * inverse * moment / count;
            factors[2 * channels + channel] = T::from_f64(tilt);
        }
    }

    /// The second pass: the gradient of `x`.
    fn input_gradient<T: Real>(&self, x: &[T], gradient: &mut [T], buffers: &NormBuffers<T>) {
        let NormBuffers { mean, factors, .. } = buffers;
        let processor = Processor::best();
        gradient
            .par_chunks_mut(self.input.inner_len())
            .zip(x.par_chunks(self.input.len()))
            .for_each(|(gradient, x)| {
                let kernel = Backward {
                    norm: self,
                    x,
                    mean,
                    factors,
                    gradient,
                };
                T::dispatch(processor, kernel);
            });
    }
}
