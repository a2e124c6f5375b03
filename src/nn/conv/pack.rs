//! Weights in the order in which kernels use them, and gradients back again.
//!
//! PyTorch's order is `[out, in, row, column]`. Packed weights are
//! `[block of out][row][column][in][out in block]`, flipped ones (for the
//! gradient of the input) `[block of in][row'][column'][out][in in block]`
//! with rows and columns reversed. Missing channels are zeros.

use rayon::prelude::*;

use super::shape::ConvShape;
use crate::nn::Real;

/// Input channels moved at a time: their places stay in the first-level cache
/// while all lanes are visited.
const CHANNELS: usize = 16;

/// Calls `visit(channel, lane, place)` for all input channels and lanes of one
/// block; `place` is that of the kernel's first entry in the packed block, the
/// others follow in steps of `cin * width`.
fn visit(cin: usize, lanes: usize, width: usize, mut visit: impl FnMut(usize, usize, usize)) {
    for first in (0..cin).step_by(CHANNELS) {
        for lane in 0..lanes {
            for channel in first..cin.min(first + CHANNELS) {
                visit(channel, lane, channel * width + lane);
            }
        }
    }
}

/// Fills `packed` from PyTorch's `weight`. Lanes without a channel are not
/// touched: they are zero if they were.
pub(crate) fn pack<T: Real>(shape: &ConvShape, weight: &[T], packed: &mut [T]) {
    let (cin, cout, area) = (
        shape.spec.in_channels,
        shape.spec.out_channels,
        shape.spec.kernel * shape.spec.kernel,
    );
    let width = shape.channel_block;
    packed
        .par_chunks_mut(shape.spec.kernel * shape.run() * width)
        .enumerate()
        .for_each(|(block, packed)| {
            let lanes = width.min(cout - block * width);
            visit(cin, lanes, width, |channel, lane, place| {
                let from = ((block * width + lane) * cin + channel) * area;
                let places = packed[place..].iter_mut().step_by(cin * width);
                for (to, &value) in places.zip(&weight[from..from + area]) {
                    *to = value;
                }
            });
        });
}

/// Fills `flipped` from PyTorch's `weight`. Places without a channel are not
/// touched: they are zero if they were.
pub(crate) fn pack_flipped<T: Real>(shape: &ConvShape, weight: &[T], flipped: &mut [T]) {
    let (cin, cout, area) = (
        shape.spec.in_channels,
        shape.spec.out_channels,
        shape.spec.kernel * shape.spec.kernel,
    );
    let (width, filled) = (shape.channel_block, shape.out_filled());
    flipped
        .par_chunks_mut(area * filled * width)
        .enumerate()
        .for_each(|(block, flipped)| {
            let lanes = width.min(cin - block * width);
            for out in 0..cout {
                for lane in 0..lanes {
                    let from = (out * cin + block * width + lane) * area;
                    let places = flipped[out * width + lane..].iter_mut();
                    // from the last entry to the first
                    let entries = weight[from..from + area].iter().rev();
                    for (to, &value) in places.step_by(filled * width).zip(entries) {
                        *to = value;
                    }
                }
            }
        });
}

/// Fills a gradient in PyTorch's order from a packed one.
pub(crate) fn unpack<T: Real>(shape: &ConvShape, packed: &[T], weight: &mut [T]) {
    let (cin, area) = (
        shape.spec.in_channels,
        shape.spec.kernel * shape.spec.kernel,
    );
    let width = shape.channel_block;
    weight
        .par_chunks_mut(width * cin * area)
        .zip(packed.par_chunks(area * cin * width))
        .for_each(|(weight, packed)| {
            let lanes = weight.len() / (cin * area);
            visit(cin, lanes, width, |channel, lane, place| {
                let to = (lane * cin + channel) * area;
                let places = packed[place..].iter().step_by(cin * width);
                for (value, &from) in weight[to..to + area].iter_mut().zip(places) {
                    *value = from;
                }
            });
        });
}
