use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use layerprobe_streams::Stream;

use super::real::Real;

/// Columns are padded to whole vectors of the widest registers.
const LANES: usize = 16;
/// Inputs whose slopes are formed, and weights moved, at a time: with 64
/// columns both stay in the fast caches.
const BLOCK: usize = 256;
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
/// Moments below it are 0: they would soon be subnormal numbers, which
/// processors work on a hundred times more slowly.
const TINY: f64 = 1e-36;

/// The value, or 0 where it is as good as that.
#[inline(always)]
fn unless_tiny<T: Real>(value: T, tiny: T) -> T {
    if value.abs() < tiny { T::ZERO } else { value }
}

/// What Adam's bias corrections are at one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Correction {
    first: f64,
    second_root: f64,
}

impl Correction {
    /// At step number `step`, counted from 1.
    pub fn at(step: u64) -> Self {
        let left = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            first: left(BETA_1),
            second_root: left(BETA_2).sqrt(),
        }
    }
}

/// The outputs of many linear layers with the same inputs, side by side, each
/// output with a learning rate and a weight decay of its own, all trained by
/// Adam.
///
/// A step is, for each weight and bias `p` with slope `g` (Kingma & Ba 2015,
/// with L2 added to the slope as `torch.optim.Adam`'s `weight_decay` does):
/// `g' = g + decay p`, `m = 0.9 m + 0.1 g'`, `v = 0.999 v + 0.001 g'^2`,
/// `p -= rate / (1 - 0.9^t) m / (sqrt(v / (1 - 0.999^t)) + 1e-8)`.
#[derive(Clone, Debug)]
pub(crate) struct Columns<T> {
    inputs: usize,
    outputs: usize,
    stride: usize,
    /// `inputs x stride`, the biases in a last row.
    weights: Vec<T>,
    first: Vec<T>,
    second: Vec<T>,
    /// Of each column.
    rates: Vec<T>,
    decays: Vec<T>,
    /// Rates over this step's first correction.
    steps: Vec<T>,
    slopes: Vec<T>,
}

impl<T: Real> Columns<T> {
    /// Weights and biases uniform in `[-b, b)`, `b = 1 / sqrt(inputs)`
    /// (PyTorch's default for a linear layer), output by output: the inputs'
    /// weights, then the bias, from the stream that `draw` gives for it.
    /// `settings` are each output's learning rate and weight decay.
    pub fn new(inputs: usize, settings: &[(f64, f64)], draw: impl Fn(usize) -> Stream) -> Self {
        let outputs = settings.len();
        let stride = outputs.next_multiple_of(LANES);
        let numbers = (inputs + 1) * stride;
        let mut weights = vec![T::ZERO; numbers];
        let bound = 1.0 / (inputs.max(1) as f64).sqrt();
        for output in 0..outputs {
            let mut stream = draw(output);
            for place in weights.iter_mut().skip(output).step_by(stride) {
                *place = T::cast(stream.uniform_in(-bound, bound));
            }
        }
        let padded = |values: &mut dyn Iterator<Item = f64>| -> Vec<T> {
            let mut padded: Vec<T> = values.map(T::cast).collect();
            padded.resize(stride, T::ZERO);
            padded
        };
        Self {
            inputs,
            outputs,
            stride,
            weights,
            first: vec![T::ZERO; numbers],
            second: vec![T::ZERO; numbers],
            rates: padded(&mut settings.iter().map(|s| s.0)),
            decays: padded(&mut settings.iter().map(|s| s.1)),
            steps: vec![T::ZERO; stride],
            slopes: vec![T::ZERO; BLOCK.min(inputs) * stride],
        }
    }

    /// Bytes that so many outputs take.
    pub fn bytes(inputs: usize, outputs: usize) -> u64 {
        let stride = outputs.next_multiple_of(LANES);
        let numbers = 3 * (inputs + 1) + BLOCK.min(inputs) + 3;
        (size_of::<T>() * numbers * stride) as u64
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Distance between rows of outputs: their number, padded.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Weights, `inputs` rows of `stride`, and in a last row the biases.
    #[cfg(test)]
    pub fn weights_mut(&mut self) -> &mut [T] {
        &mut self.weights
    }

    /// The weights alone, inputs x stride.
    pub fn matrix(&self) -> MatRef<'_, T> {
        MatRef::row_major(&self.weights, self.inputs, self.stride)
    }

    /// `x W + b` of each row of `x`, in rows of `stride`.
    pub fn forward(&self, x: MatRef<'_, T>, out: &mut [T]) {
        let biases = &self.weights[self.inputs * self.stride..];
        for row in out.chunks_exact_mut(self.stride).take(x.rows()) {
            row.copy_from_slice(biases);
        }
        matmul(
            MatMut::row_major(out, x.rows(), self.stride),
            T::one(),
            x,
            self.matrix(),
            T::one(),
            Threads::One,
        );
    }

    /// Slopes of the weights of the inputs from `from` on, as many as fit into
    /// `out`, for `residual`: the loss's slopes of each row's outputs.
    pub fn slopes(x: MatRef<'_, T>, residual: MatRef<'_, T>, out: &mut [T]) {
        matmul(
            MatMut::row_major(out, x.cols(), residual.cols()),
            T::ZERO,
            x.t(),
            residual,
            T::one(),
            Threads::One,
        );
    }

    /// One step of Adam along the slopes of the batch `x`, whose rows start
    /// `x_stride` apart.
    pub fn learn(&mut self, x: &[T], x_stride: usize, residual: &[T], correction: Correction) {
        let stride = self.stride;
        let rows = residual.len() / stride;
        let residuals = MatRef::row_major(residual, rows, stride);
        let root = T::cast(1.0 / correction.second_root);
        let over = T::cast(1.0 / correction.first);
        for (step, rate) in self.steps.iter_mut().zip(&self.rates) {
            *step = *rate * over;
        }
        for from in (0..self.inputs).step_by(BLOCK) {
            let inputs = BLOCK.min(self.inputs - from);
            let slopes = &mut self.slopes[..inputs * stride];
            let block = MatRef::strided(&x[from..], rows, inputs, x_stride, 1);
            Self::slopes(block, residuals, slopes);
            self.step(from, inputs, root);
        }
        let biases = &mut self.slopes[..stride];
        biases.fill(T::ZERO);
        for row in residual.chunks_exact(stride) {
            for (sum, slope) in biases.iter_mut().zip(row) {
                *sum += *slope;
            }
        }
        self.step(self.inputs, 1, root);
    }

    /// Moves the weights of some inputs along `slopes`: one pass over the
    /// state, in place.
    fn step(&mut self, from: usize, inputs: usize, root: T) {
        let stride = self.stride;
        let range = from * stride..(from + inputs) * stride;
        let (keep_1, take_1) = (T::cast(BETA_1), T::cast(1.0 - BETA_1));
        let (keep_2, take_2) = (T::cast(BETA_2), T::cast(1.0 - BETA_2));
        let (epsilon, tiny) = (T::cast(EPSILON), T::cast(TINY));
        let rows = self.weights[range.clone()]
            .chunks_exact_mut(stride)
            .zip(self.first[range.clone()].chunks_exact_mut(stride))
            .zip(self.second[range].chunks_exact_mut(stride))
            .zip(self.slopes.chunks_exact(stride));
        for (((weights, first), second), slopes) in rows {
            let settings = self.decays.iter().zip(&self.steps);
            let state = weights.iter_mut().zip(first).zip(second);
            for (((p, m), v), (&g, (&decay, &step))) in state.zip(slopes.iter().zip(settings)) {
                let slope = g + decay * *p;
                *m = unless_tiny(keep_1 * *m + take_1 * slope, tiny);
                *v = unless_tiny(keep_2 * *v + take_2 * slope * slope, tiny);
                *p -= step * *m / (v.sqrt() * root + epsilon);
            }
        }
    }
}
