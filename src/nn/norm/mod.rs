//! Batch norm over channels, with residual addition and activation in one pass.

mod backward;
mod rows;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use rows::{Moments, Normalize};

use crate::nn::layout::{ImageLayout, Images};
use crate::nn::real::Processor;
use crate::nn::sizes::product;
use crate::nn::{Activation, InputGradient, Real};

/// Batch norm of images: every channel is normalized on its own.
///
/// `y = activation((x - mean) / sqrt(variance + epsilon) * scale + shift + residual)`
///
/// In training, mean and variance are the batch's, over images, rows and
/// columns, and the variance is the biased one; in eval mode both are given.
/// `x` and `y` have channels last inside whatever borders their neighbors want
/// ([`ImageLayout`]); gradients have no border. A layer of plain rows is one of
/// images of 1 x 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// The layout of one image coming in.
    pub input: ImageLayout,
    /// Zeros around the output, in pixels.
    pub out_border: usize,
    /// What is applied to each output.
    pub activation: Activation,
    /// Added to the variance; PyTorch's default is 1e-5.
    pub epsilon: f64,
    /// The weight of a batch in the running statistics; PyTorch's default is
    /// 0.1.
    pub momentum: f64,
}

/// What a batch norm applies in eval mode: a number for each channel of each.
#[derive(Clone, Copy, Debug)]
pub struct NormParameters<'a, T> {
    /// PyTorch's `weight`.
    pub scale: &'a [T],
    /// PyTorch's `bias`.
    pub shift: &'a [T],
    /// PyTorch's `running_mean`.
    pub mean: &'a [T],
    /// PyTorch's `running_var`.
    pub variance: &'a [T],
}

impl<T> NormParameters<'_, T> {
    /// Checks all lengths.
    pub(crate) fn check(&self, channels: usize) {
        assert_eq!(self.scale.len(), channels, "length of the scale");
        assert_eq!(self.shift.len(), channels, "length of the shift");
        assert_eq!(self.mean.len(), channels, "length of the mean");
        assert_eq!(self.variance.len(), channels, "length of the variance");
    }
}

/// What a forward pass in training reads besides the images, and the running
/// statistics it moves: a number for each channel of each.
#[derive(Debug)]
pub struct NormTraining<'a, T> {
    /// PyTorch's `weight`.
    pub scale: &'a [T],
    /// PyTorch's `bias`.
    pub shift: &'a [T],
    /// Moved towards the batch's mean by `momentum`.
    pub running_mean: &'a mut [T],
    /// Moved towards the batch's unbiased variance by `momentum`.
    pub running_variance: &'a mut [T],
}

/// What a backward pass reads besides the images, and what it writes.
#[derive(Debug)]
pub struct NormBackward<'a, T> {
    /// PyTorch's `weight`.
    pub scale: &'a [T],
    /// The forward pass's output, in its border. Not read, and may be empty,
    /// where there is no activation.
    pub output: &'a [T],
    /// On entry the gradient of the output, on exit that of `x`; neither has a
    /// border.
    pub gradient: &'a mut [T],
    /// Overwritten: gradient of the scale.
    pub scale_gradient: &'a mut [T],
    /// Overwritten: gradient of the shift.
    pub shift_gradient: &'a mut [T],
    /// Gradient of the residual, without a border.
    pub residual: InputGradient<'a, T>,
}

/// The batch's statistics, which the backward pass needs, and memory kept from
/// step to step.
#[derive(Debug, Default)]
pub struct NormBuffers<T> {
    mean: Vec<T>,
    /// `1 / sqrt(variance + epsilon)`.
    inverse: Vec<T>,
    /// Two rows of sums for each image.
    partial: Vec<f64>,
    /// What the last pass needs for each channel.
    factors: Vec<T>,
    /// Two rows of sums in the images' type for each image.
    scratch: Vec<T>,
}

impl BatchNorm {
    /// A batch norm with PyTorch's default epsilon and momentum.
    pub fn new(input: ImageLayout, out_border: usize, activation: Activation) -> Self {
        Self {
            input,
            out_border,
            activation,
            epsilon: 1e-5,
            momentum: 0.1,
        }
    }

    /// The layout of one image going out.
    pub fn out_layout(&self) -> ImageLayout {
        self.input.with_border(self.out_border)
    }

    /// The forward pass in training: from `n * input.len()` numbers to
    /// `n * out_layout().len()`; the border of `output` is not touched. The
    /// images of a `residual` have the input's size, inside any border.
    ///
    /// # Panics
    /// If a slice does not have its length, or there is no image.
    pub fn forward_train<T: Real>(
        &self,
        x: &[T],
        training: NormTraining<'_, T>,
        residual: Option<Images<'_, T>>,
        buffers: &mut NormBuffers<T>,
        output: &mut [T],
    ) {
        let n = self.images(x);
        assert!(n > 0, "the statistics of no image");
        let channels = self.input.channels;
        NormParameters {
            scale: training.scale,
            shift: training.shift,
            mean: training.running_mean,
            variance: training.running_variance,
        }
        .check(channels);
        self.statistics(x, n, buffers);
        let count = (n * self.input.height * self.input.width) as f64;
        let (variances, _) = buffers.partial.split_at(channels);
        let momentum = self.momentum;
        let moved =
            |running: T, to: f64| T::from_f64(running.to_f64() * (1.0 - momentum) + to * momentum);
        for (running, mean) in training.running_mean.iter_mut().zip(&buffers.mean) {
            *running = moved(*running, mean.to_f64());
        }
        for (running, variance) in training.running_variance.iter_mut().zip(variances) {
            // of one number it is none; trainings that would ask for it are refused
            *running = moved(*running, variance * count / (count - 1.0));
        }
        buffers.factors.clear();
        let of = buffers.inverse.iter().zip(training.scale);
        buffers
            .factors
            .extend(of.map(|(&inverse, &scale)| inverse * scale));
        let (mean, factors) = (&buffers.mean, &buffers.factors);
        self.normalize(x, n, mean, factors, training.shift, residual, output);
    }

    /// The forward pass in eval mode; layouts are those of
    /// [`forward_train`](Self::forward_train).
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward_eval<T: Real>(
        &self,
        x: &[T],
        parameters: NormParameters<'_, T>,
        residual: Option<Images<'_, T>>,
        output: &mut [T],
    ) {
        let n = self.images(x);
        parameters.check(self.input.channels);
        let of = parameters.variance.iter().zip(parameters.scale);
        let factors: Vec<T> = of
            .map(|(variance, scale)| {
                let deviation = (variance.to_f64() + self.epsilon).sqrt();
                T::from_f64(scale.to_f64() / deviation)
            })
            .collect();
        let (mean, shift) = (parameters.mean, parameters.shift);
        self.normalize(x, n, mean, &factors, shift, residual, output);
    }

    /// The batch's mean and inverse deviation; the biased variances are left at
    /// the front of `partial`.
    ///
    /// Every image has its own mean and sum of squares around it; those of the
    /// images are put together in order, in `f64` (Chan, Golub and LeVeque
    /// 1983, "Algorithms for computing the sample variance").
    fn statistics<T: Real>(&self, x: &[T], n: usize, buffers: &mut NormBuffers<T>) {
        let channels = self.input.channels;
        let partial = &mut buffers.partial;
        partial.clear();
        partial.resize(2 * n * channels, 0.0);
        buffers.scratch.resize(2 * n * channels, T::ZERO);
        x.par_chunks(self.input.len())
            .zip(partial.par_chunks_mut(2 * channels))
            .zip(buffers.scratch.par_chunks_mut(2 * channels))
            .for_each(|((x, moments), scratch)| {
                let kernel = Moments {
                    norm: self,
                    x,
                    scratch,
                    moments,
                };
                T::dispatch(Processor::best(), kernel);
            });
        let pixels = (self.input.height * self.input.width) as f64;
        buffers.mean.clear();
        buffers.inverse.clear();
        for channel in 0..channels {
            let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for image in partial.chunks_exact(2 * channels) {
                let total = count + pixels;
                let off = image[channel] - mean;
                squares += image[channels + channel] + off * off * count * pixels / total;
                mean += off * pixels / total;
                count = total;
            }
            let variance: f64 = squares / count;
            buffers.mean.push(T::from_f64(mean));
            buffers
                .inverse
                .push(T::from_f64(1.0 / (variance + self.epsilon).sqrt()));
            // this channel's sums of all images were read
            partial[channel] = variance;
        }
    }

    #[allow(clippy::too_many_arguments, reason = "private, called twice")]
    fn normalize<T: Real>(
        &self,
        x: &[T],
        n: usize,
        mean: &[T],
        factors: &[T],
        shift: &[T],
        residual: Option<Images<'_, T>>,
        output: &mut [T],
    ) {
        let out = self.out_layout();
        let out_len = product([n, out.len()]);
        assert_eq!(output.len(), out_len, "length of the output");
        if let Some(residual) = residual {
            assert!(
                residual.layout.same_inside(&self.input),
                "a residual of {:?} for images of {:?}",
                residual.layout,
                self.input
            );
            let len = product([n, residual.layout.len()]);
            assert_eq!(residual.values.len(), len, "length of the residual");
        }
        output
            .par_chunks_mut(out.len())
            .zip(x.par_chunks(self.input.len()))
            .enumerate()
            .for_each(|(image, (y, x))| {
                let residual = residual.map(|residual| residual.some(image, 1));
                let kernel = Normalize {
                    norm: self,
                    x,
                    mean,
                    factors,
                    shift,
                    residual,
                    y,
                };
                T::dispatch(Processor::best(), kernel);
            });
    }

    fn images<T>(&self, x: &[T]) -> usize {
        let n = x.len() / self.input.len();
        assert_eq!(x.len(), n * self.input.len(), "whole images");
        n
    }
}
