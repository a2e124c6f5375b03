//! Weights in the order in which kernels use them, and gradients back again.
//!
//! PyTorch's order is `[out, in, row, column]`. Packed weights are
//! `[block of out][row][column][in][out in block]`, flipped ones (for the
//! gradient of the input) `[block of in][row'][column'][out][in in block]`
//! with rows and columns reversed. Missing channels are zeros.

use rayon::prelude::*;

use super::shape::ConvShape;
use crate::nn::Real;

/// Fills `packed` from PyTorch's `weight`.
pub(crate) fn pack<T: Real>(shape: &ConvShape, weight: &[T], packed: &mut [T]) {
    let (cin, cout, k) = (
        shape.spec.in_channels,
        shape.spec.out_channels,
        shape.spec.kernel,
    );
    let width = shape.channel_block;
    packed
        .par_chunks_mut(k * shape.run() * width)
        .enumerate()
        .for_each(|(block, packed)| {
            for (at, lanes) in packed.chunks_exact_mut(width).enumerate() {
                let (row, column, channel) = (at / (k * cin), at / cin % k, at % cin);
                for (lane, value) in lanes.iter_mut().enumerate() {
                    let out = block * width + lane;
                    *value = if out < cout {
                        weight[((out * cin + channel) * k + row) * k + column]
                    } else {
                        T::ZERO
                    };
                }
            }
        });
}

/// Fills `flipped` from PyTorch's `weight`.
pub(crate) fn pack_flipped<T: Real>(shape: &ConvShape, weight: &[T], flipped: &mut [T]) {
    let (cin, cout, k) = (
        shape.spec.in_channels,
        shape.spec.out_channels,
        shape.spec.kernel,
    );
    let (width, filled) = (shape.channel_block, shape.out_filled());
    flipped
        .par_chunks_mut(k * k * filled * width)
        .enumerate()
        .for_each(|(block, flipped)| {
            for (at, lanes) in flipped.chunks_exact_mut(width).enumerate() {
                let (row, column, out) = (
                    k - 1 - at / (k * filled),
                    k - 1 - at / filled % k,
                    at % filled,
                );
                for (lane, value) in lanes.iter_mut().enumerate() {
                    let channel = block * width + lane;
                    *value = if out < cout && channel < cin {
                        weight[((out * cin + channel) * k + row) * k + column]
                    } else {
                        T::ZERO
                    };
                }
            }
        });
}

/// Fills a gradient in PyTorch's order from a packed one.
pub(crate) fn unpack<T: Real>(shape: &ConvShape, packed: &[T], weight: &mut [T]) {
    let (cin, k) = (shape.spec.in_channels, shape.spec.kernel);
    let width = shape.channel_block;
    weight
        .par_chunks_mut(cin * k * k)
        .enumerate()
        .for_each(|(out, weight)| {
            let (block, lane) = (out / width, out % width);
            for (at, value) in weight.iter_mut().enumerate() {
                let (channel, row, column) = (at / (k * k), at / k % k, at % k);
                let place = ((block * k + row) * k + column) * cin + channel;
                *value = packed[place * width + lane];
            }
        });
}
