#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use layerprobe_linalg::Element;

use super::panels::{pack, padded, transposed, unpack};
use crate::nn::lanes::Lanes;
use crate::nn::{Activation, Aligned, Real, conv};

use conv::tile::{Ahead, correlate_packed, multiply_packed};

/// A linear layer and its leaky ReLU.
#[derive(Debug)]
pub(super) struct Hidden<T> {
    inputs: usize,
    outputs: usize,
    block: usize,
    /// Panels of outputs, a row an input.
    weights: Aligned<T>,
    /// Panels of inputs, a row an output; nothing in the first layer, which
    /// hands no gradient down.
    turned: Aligned<T>,
    bias: Aligned<T>,
}

impl<T: Real> Hidden<T> {
    pub(super) fn new(
        (inputs, outputs): (usize, usize),
        weight: &[T],
        bias: &[T],
        block: usize,
        first: bool,
    ) -> Self {
        let turned = transposed(weight, inputs);
        let mut biases = Aligned::zeros(padded(outputs, block));
        biases[..outputs].copy_from_slice(bias);
        Self {
            inputs,
            outputs,
            block,
            weights: pack(&turned, outputs, padded(inputs, block), block),
            turned: match first {
                true => Aligned::default(),
                false => pack(weight, inputs, padded(outputs, block), block),
            },
            bias: biases,
        }
    }

    pub(super) fn parameters(&self) -> [Vec<T>; 2] {
        let shape = (self.inputs, self.outputs);
        let rows = padded(self.inputs, self.block);
        let turned = unpack(&self.weights, shape, rows, self.block);
        [
            transposed(&turned, self.outputs),
            self.bias[..self.outputs].to_vec(),
        ]
    }

    /// `y = leaky(x W + b)`, all in panels of `rows` rows.
    ///
    /// # Safety
    /// As [`Lanes`], `P` divides `rows`, and `2 * V::COUNT` is the block.
    #[inline(always)]
    pub(super) unsafe fn forward<V: Lanes<Scalar = T>, const P: usize>(
        &self,
        x: &[T],
        y: &mut [T],
        rows: usize,
        activation: Activation,
    ) {
        let block = 2 * V::COUNT;
        let (depth, width) = (padded(self.inputs, block), padded(self.outputs, block));
        assert!(x.len() == rows * depth && y.len() == rows * width);
        assert!(self.weights.len() == depth * width && rows.is_multiple_of(P));
        // SAFETY: the lengths are as asserted, so that every tile of `x`,
        // `weights` and `y` lies within its slice.
        unsafe {
            for o in (0..width).step_by(block) {
                let weights = self.weights.as_ptr().add(o * depth);
                let bias = self.bias.as_ptr().add(o);
                let start = [V::load(bias), V::load(bias.add(V::COUNT))];
                for row in (0..rows).step_by(P) {
                    let mut acc = [start; P];
                    for i in (0..depth).step_by(block) {
                        let x = x.as_ptr().add(i * rows + row * block);
                        acc = multiply_packed(acc, x, 2 * V::COUNT, block, weights.add(i * block));
                    }
                    let y = y.as_mut_ptr().add(o * rows + row * block);
                    for (p, sums) in acc.into_iter().enumerate() {
                        for (half, sum) in sums.into_iter().enumerate() {
                            activation
                                .apply(sum)
                                .store(y.add((2 * p + half) * V::COUNT));
                        }
                    }
                }
            }
        }
    }

    /// From the slopes of this layer's sums to those of the layer below:
    /// `below = slopes W^T`, leaky where `x`, that layer's output, is.
    ///
    /// # Safety
    /// As [`Self::forward`].
    #[inline(always)]
    pub(super) unsafe fn hand_down<V: Lanes<Scalar = T>, const P: usize>(
        &self,
        slopes: &[T],
        x: &[T],
        below: &mut [T],
        rows: usize,
        activation: Activation,
    ) {
        let block = 2 * V::COUNT;
        let (depth, width) = (padded(self.inputs, block), padded(self.outputs, block));
        assert!(x.len() == rows * depth && below.len() == x.len());
        assert!(slopes.len() == rows * width && rows.is_multiple_of(P));
        assert!(self.turned.len() == depth * width);
        // SAFETY: as in `forward`.
        unsafe {
            let zero = V::splat(T::ZERO);
            for i in (0..depth).step_by(block) {
                let weights = self.turned.as_ptr().add(i * width);
                for row in (0..rows).step_by(P) {
                    let mut acc = [[zero; 2]; P];
                    for o in (0..width).step_by(block) {
                        let slopes = slopes.as_ptr().add(o * rows + row * block);
                        let weights = weights.add(o * block);
                        acc = multiply_packed(acc, slopes, 2 * V::COUNT, block, weights);
                    }
                    let at = i * rows + row * block;
                    for (p, sums) in acc.into_iter().enumerate() {
                        for (half, sum) in sums.into_iter().enumerate() {
                            let at = at + (2 * p + half) * V::COUNT;
                            let output = V::load(x.as_ptr().add(at));
                            activation
                                .slope(output, sum)
                                .store(below.as_mut_ptr().add(at));
                        }
                    }
                }
            }
        }
    }

    /// Moves weights and bias along the slopes of this layer's sums.
    ///
    /// # Safety
    /// As [`Self::forward`], with `R` dividing the block.
    #[inline(always)]
    pub(super) unsafe fn learn<V: Lanes<Scalar = T>, const R: usize>(
        &mut self,
        x: &[T],
        slopes: &[T],
        rows: usize,
        rate: T,
    ) {
        let block = 2 * V::COUNT;
        let (depth, width) = (padded(self.inputs, block), padded(self.outputs, block));
        assert!(x.len() == rows * depth && slopes.len() == rows * width);
        assert!(self.weights.len() == depth * width && block.is_multiple_of(R));
        // SAFETY: as in `forward`; a tile of gradients is `R` rows of a block.
        unsafe {
            let back = V::splat(-rate);
            for o in (0..width).step_by(block) {
                let z = slopes.as_ptr().add(o * rows);
                let bias = self.bias.as_mut_ptr().add(o);
                for half in 0..2 {
                    let place = bias.add(half * V::COUNT);
                    let sum = sum_of_rows::<V>(z.add(half * V::COUNT), rows);
                    sum.mul_add(back, V::load(place)).store(place);
                }
                for i in (0..depth).step_by(R) {
                    let x = x.as_ptr().add(i / block * block * rows + i % block);
                    let mut tile = [[V::splat(T::ZERO); 2]; R];
                    let gradient = tile.as_mut_ptr().cast::<T>();
                    let ahead = &mut Ahead::none(x);
                    correlate_packed::<V, R>(gradient, x, 2 * V::COUNT, z, rows, ahead);
                    let weights = self.weights.as_mut_ptr().add(o * depth + i * block);
                    for (r, gradients) in tile.into_iter().enumerate() {
                        for (half, gradient) in gradients.into_iter().enumerate() {
                            let place = weights.add((2 * r + half) * V::COUNT);
                            gradient.mul_add(back, V::load(place)).store(place);
                        }
                    }
                }
            }
        }
        if !self.turned.is_empty() {
            self.turn::<V>();
        }
    }

    /// Copies the weights into their other order.
    #[inline(always)]
    fn turn<V: Lanes<Scalar = T>>(&mut self) {
        let block = 2 * V::COUNT;
        let (depth, width) = (padded(self.inputs, block), padded(self.outputs, block));
        for o in (0..width).step_by(block) {
            for i in (0..depth).step_by(block) {
                let from = &self.weights[o * depth + i * block..][..block * block];
                let to = &mut self.turned[i * width + o * block..][..block * block];
                for (column, to) in to.chunks_exact_mut(block).enumerate() {
                    for (to, from) in to.iter_mut().zip(from.chunks_exact(block)) {
                        *to = from[column];
                    }
                }
            }
        }
    }
}

/// The sum of a vector over rows two vectors apart, in four parts so that no
/// addition waits for the last.
///
/// # Safety
/// As [`Lanes`]; `from` is valid for all rows.
#[inline(always)]
unsafe fn sum_of_rows<V: Lanes>(from: *const V::Scalar, rows: usize) -> V {
    unsafe {
        let mut parts = [V::splat(V::Scalar::ZERO); 4];
        for row in 0..rows {
            let part = &mut parts[row % 4];
            *part = part.add(V::load(from.add(2 * row * V::COUNT)));
        }
        let [a, b, c, d] = parts;
        a.add(b).add(c.add(d))
    }
}
