//! Weights in the order in which kernels use them, and gradients back again.
//!
//! PyTorch's order is `[out, in / groups, row, column]`. Packed weights are
//! `[group][block of out][row][column][in][out in block]`. Flipped ones, for
//! the gradient of the input, are `[group][block of in][phase of rows][phase of
//! columns][row][column][out][in in block]`, the taps of a phase from the last
//! to the first. Missing channels are zeros.

use rayon::prelude::*;

use super::geometry::Geometry;
use crate::nn::Real;

/// Input channels moved at a time: their places stay in the first-level cache
/// while all lanes are visited.
const CHANNELS: usize = 16;

/// Fills `packed` from PyTorch's `weight`. Lanes without a channel are not
/// touched: they are zero if they were.
pub(crate) fn pack<T: Real>(geometry: &Geometry, weight: &[T], packed: &mut [T]) {
    let (cin, cout) = (geometry.spec.in_group(), geometry.spec.out_group());
    let (area, width) = (geometry.taps(), geometry.channel_block);
    packed
        .par_chunks_mut(geometry.packed_block())
        .enumerate()
        .for_each(|(at, packed)| {
            let (group, block) = (at / geometry.out_blocks(), at % geometry.out_blocks());
            for first in (0..cin).step_by(CHANNELS) {
                for lane in 0..width.min(cout - block * width) {
                    let out = group * cout + block * width + lane;
                    for channel in first..cin.min(first + CHANNELS) {
                        let taps = &weight[(out * cin + channel) * area..][..area];
                        let places = packed[channel * width + lane..].iter_mut();
                        for (place, &value) in places.step_by(cin * width).zip(taps) {
                            *place = value;
                        }
                    }
                }
            }
        });
}

/// Fills a gradient in PyTorch's order from a packed one.
pub(crate) fn unpack<T: Real>(geometry: &Geometry, packed: &[T], weight: &mut [T]) {
    let (cin, cout) = (geometry.spec.in_group(), geometry.spec.out_group());
    let (area, width) = (geometry.taps(), geometry.channel_block);
    weight
        .par_chunks_mut(cout * cin * area)
        .enumerate()
        .flat_map(|(group, weight)| {
            let first = group * geometry.out_blocks();
            let blocks = weight.par_chunks_mut(width * cin * area);
            blocks.enumerate().map(move |(at, w)| (first + at, w))
        })
        .for_each(|(block, weight)| {
            let packed = &packed[block * geometry.packed_block()..][..geometry.packed_block()];
            for first in (0..cin).step_by(CHANNELS) {
                for (lane, weight) in weight.chunks_exact_mut(cin * area).enumerate() {
                    for channel in first..cin.min(first + CHANNELS) {
                        let places = packed[channel * width + lane..].iter();
                        let taps = &mut weight[channel * area..][..area];
                        for (value, &place) in taps.iter_mut().zip(places.step_by(cin * width)) {
                            *value = place;
                        }
                    }
                }
            }
        });
}

/// Fills `flipped` from PyTorch's `weight`. Places without a channel are not
/// touched: they are zero if they were.
pub(crate) fn pack_flipped<T: Real>(geometry: &Geometry, weight: &[T], flipped: &mut [T]) {
    let spec = &geometry.spec;
    let (cin, cout) = (spec.in_group(), spec.out_group());
    let (area, width) = (geometry.taps(), geometry.channel_block);
    let filled = geometry.out_filled();
    flipped
        .par_chunks_mut(geometry.flipped_block())
        .enumerate()
        .for_each(|(at, flipped)| {
            let (group, block) = (at / geometry.in_blocks(), at % geometry.in_blocks());
            let lanes = width.min(cin - block * width);
            let mut place = 0;
            for_taps(geometry, |row, column| {
                for out in 0..cout {
                    for lane in 0..lanes {
                        let channel = block * width + lane;
                        let from = ((group * cout + out) * cin + channel) * area;
                        flipped[(place * filled + out) * width + lane] =
                            weight[from + row * spec.kernel + column];
                    }
                }
                place += 1;
            });
        });
}

/// Visits all taps, phase after phase, in the flipped order.
fn for_taps(geometry: &Geometry, mut visit: impl FnMut(usize, usize)) {
    for row_phase in 0..geometry.spec.stride {
        for column_phase in 0..geometry.spec.stride {
            let (rows, columns) = (geometry.phase(row_phase), geometry.phase(column_phase));
            for row in 0..rows.taps {
                for column in 0..columns.taps {
                    visit(
                        rows.last_tap - row * rows.tap_step,
                        columns.last_tap - column * columns.tap_step,
                    );
                }
            }
        }
    }
}
