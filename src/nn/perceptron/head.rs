#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::panels::padded;
use crate::nn::lanes::Lanes;
use crate::nn::{Activation, Aligned, Real};

/// The few outputs, each a dot product with the last hidden layer.
#[derive(Debug)]
pub(super) struct Head<T> {
    inputs: usize,
    outputs: usize,
    /// A row of padded inputs for each output.
    weights: Aligned<T>,
    bias: Vec<T>,
}

impl<T: Real> Head<T> {
    pub(super) fn new(
        (inputs, outputs): (usize, usize),
        weight: &[T],
        bias: &[T],
        block: usize,
    ) -> Self {
        let depth = padded(inputs, block);
        let mut weights = Aligned::zeros(outputs * depth);
        let rows = weights.chunks_exact_mut(depth);
        for (row, weight) in rows.zip(weight.chunks_exact(inputs)) {
            row[..inputs].copy_from_slice(weight);
        }
        Self {
            inputs,
            outputs,
            weights,
            bias: bias.to_vec(),
        }
    }

    pub(super) fn parameters(&self) -> [Vec<T>; 2] {
        let depth = self.weights.len() / self.outputs;
        let rows = self.weights.chunks_exact(depth);
        let weight = rows.flat_map(|row| row[..self.inputs].to_vec()).collect();
        [weight, self.bias.clone()]
    }

    /// The logits of each row of `x`, which lies in panels.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn forward<V: Lanes<Scalar = T>>(
        &self,
        x: &[T],
        logits: &mut [T],
        rows: usize,
    ) {
        let block = 2 * V::COUNT;
        let depth = self.weights.len() / self.outputs;
        assert!(x.len() == rows * depth && logits.len() == rows * self.outputs);
        assert!(depth.is_multiple_of(block) && V::COUNT <= MOST_LANES);
        // SAFETY: `x` has a row of `block` numbers for each row of each panel,
        // a row of `weights` has `depth`; `lanes` holds a vector.
        unsafe {
            for (row, logits) in logits.chunks_exact_mut(self.outputs).enumerate() {
                for (output, logit) in logits.iter_mut().enumerate() {
                    let mut sums = [V::splat(T::ZERO); 2];
                    for i in (0..depth).step_by(block) {
                        let x = x.as_ptr().add(i * rows + row * block);
                        let w = self.weights.as_ptr().add(output * depth + i);
                        for (half, sum) in sums.iter_mut().enumerate() {
                            let at = half * V::COUNT;
                            *sum = V::load(x.add(at)).mul_add(V::load(w.add(at)), *sum);
                        }
                    }
                    let mut lanes = [T::ZERO; MOST_LANES];
                    sums[0].add(sums[1]).store(lanes.as_mut_ptr());
                    *logit = self.bias[output] + sum_of(&mut lanes);
                }
            }
        }
    }

    /// From the slopes of the logits to those of the layer below, leaky where
    /// `x`, that layer's output, is.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn hand_down<V: Lanes<Scalar = T>>(
        &self,
        slopes: &[T],
        x: &[T],
        below: &mut [T],
        rows: usize,
        activation: Activation,
    ) {
        let depth = self.weights.len() / self.outputs;
        assert!(x.len() == rows * depth && below.len() == x.len());
        assert!(slopes.len() == rows * self.outputs && depth.is_multiple_of(V::COUNT));
        let block = 2 * V::COUNT;
        // SAFETY: as in `forward`.
        unsafe {
            for i in (0..depth).step_by(V::COUNT) {
                for (row, slopes) in slopes.chunks_exact(self.outputs).enumerate() {
                    let mut sum = V::splat(T::ZERO);
                    for (output, slope) in slopes.iter().enumerate() {
                        let w = V::load(self.weights.as_ptr().add(output * depth + i));
                        sum = V::splat(*slope).mul_add(w, sum);
                    }
                    let at = i / block * block * rows + row * block + i % block;
                    let output = V::load(x.as_ptr().add(at));
                    activation
                        .slope(output, sum)
                        .store(below.as_mut_ptr().add(at));
                }
            }
        }
    }

    /// Moves weights and bias along the slopes of the logits.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(super) unsafe fn learn<V: Lanes<Scalar = T>>(
        &mut self,
        x: &[T],
        slopes: &[T],
        rows: usize,
        rate: T,
    ) {
        let depth = self.weights.len() / self.outputs;
        assert!(x.len() == rows * depth && slopes.len() == rows * self.outputs);
        let block = 2 * V::COUNT;
        // SAFETY: as in `forward`.
        unsafe {
            let back = V::splat(-rate);
            for output in 0..self.outputs {
                let of_output = || slopes.iter().skip(output).step_by(self.outputs);
                for i in (0..depth).step_by(V::COUNT) {
                    let x = x.as_ptr().add(i / block * block * rows + i % block);
                    let mut sum = V::splat(T::ZERO);
                    for (row, slope) in of_output().enumerate() {
                        sum = V::splat(*slope).mul_add(V::load(x.add(row * block)), sum);
                    }
                    let place = self.weights.as_mut_ptr().add(output * depth + i);
                    sum.mul_add(back, V::load(place)).store(place);
                }
                let sum: T = of_output().copied().sum();
                self.bias[output] = self.bias[output] - rate * sum;
            }
        }
    }
}

/// Lanes of the widest vector.
const MOST_LANES: usize = 16;

/// The sum of all lanes, halves first.
#[inline(always)]
fn sum_of<T: Real>(lanes: &mut [T; MOST_LANES]) -> T {
    let mut width = MOST_LANES / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        width /= 2;
    }
    lanes[0]
}
