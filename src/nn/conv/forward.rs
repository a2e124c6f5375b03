#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "halves of a block are counted, as registers are"
)]

use super::shape::ConvShape;
use super::tile::{Ahead, Runs, multiply};
use crate::nn::Real;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;

/// The winner's code of an output that ReLU set to 0: no place in its window
/// receives a gradient. Codes 0 to 3 are the window's places, row by row.
pub(crate) const NO_WINNER: u8 = 4;

/// The forward pass of one image.
pub(crate) struct ForwardImage<'a, T> {
    pub(crate) shape: &'a ConvShape,
    /// One image with its border.
    pub(crate) x: &'a [T],
    /// Packed weights, see `pack`.
    pub(crate) weights: &'a [T],
    /// Biases, filled up with zeros to whole blocks.
    pub(crate) bias: &'a [T],
    /// One output with its border; the border is not touched.
    pub(crate) y: &'a mut [T],
    /// Which place won each window; `None` where no backward pass follows.
    pub(crate) winners: Option<&'a mut [u8]>,
}

impl<T: Real> Kernel<T> for ForwardImage<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let shape = self.shape;
        assert_eq!(shape.channel_block, 2 * V::COUNT);
        assert_eq!(self.x.len(), shape.in_len());
        assert_eq!(self.weights.len(), shape.packed_len());
        assert_eq!(self.bias.len(), shape.out_filled());
        assert_eq!(self.y.len(), shape.out_len());
        if let Some(winners) = &self.winners {
            assert_eq!(winners.len(), shape.pooled_len());
        }
        let windows = shape.out_height * shape.out_width;
        for block in 0..shape.out_blocks() {
            let mut at = 0;
            // SAFETY: the lengths were checked above; windows `at..at + W` are
            // windows of the image.
            unsafe {
                if V::MANY_REGISTERS {
                    while at + 3 <= windows {
                        self.windows::<V, 12, 3>(block, at);
                        at += 3;
                    }
                }
                while at < windows {
                    self.windows::<V, 4, 1>(block, at);
                    at += 1;
                }
            }
        }
    }
}

impl<T: Real> ForwardImage<'_, T> {
    /// Computes the `W` windows from number `at`, counted row by row, which is
    /// `P = 4 W` convolution outputs, of one block of channels.
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `shape`, which has windows
    /// `at..at + W`.
    #[inline(always)]
    unsafe fn windows<V: Lanes<Scalar = T>, const P: usize, const W: usize>(
        &mut self,
        block: usize,
        at: usize,
    ) {
        let shape = self.shape;
        let spec = &shape.spec;
        let x_row = shape.in_columns() * spec.in_channels;
        let first_channel = block * shape.channel_block;
        unsafe {
            let mut places = [(0, 0); W];
            let mut x = [self.x.as_ptr(); P];
            let (mut row, mut column) = (at / shape.out_width, at % shape.out_width);
            for (window, place) in places.iter_mut().enumerate() {
                *place = (row, column);
                let corner = 2 * spec.stride * (row * x_row + column * spec.in_channels);
                for (p, pixel) in x[4 * window..4 * window + 4].iter_mut().enumerate() {
                    let step = p / 2 * x_row + p % 2 * spec.in_channels;
                    *pixel = pixel.add(corner + step * spec.stride);
                }
                column += 1;
                if column == shape.out_width {
                    (row, column) = (row + 1, 0);
                }
            }
            let bias = self.bias.as_ptr().add(first_channel);
            let start = [V::load(bias), V::load(bias.add(V::COUNT))];
            let runs = Runs {
                rows: spec.kernel,
                row_stride: x_row,
                columns: 1,
                column_stride: 0,
                run: shape.run(),
            };
            let weights = self
                .weights
                .as_ptr()
                .add(block * spec.kernel * shape.run() * shape.channel_block);
            let acc = multiply::<V, P>([start; P], x, runs, weights, &mut Ahead::none(weights));

            let valid = (spec.out_channels - first_channel).min(shape.channel_block);
            for (window, (row, column)) in places.into_iter().enumerate() {
                let y_at =
                    ((row + shape.out_border) * shape.out_columns() + column + shape.out_border)
                        * spec.out_channels
                        + first_channel;
                let winner_at =
                    (row * shape.out_width + column) * spec.out_channels + first_channel;
                let four = [
                    acc[4 * window],
                    acc[4 * window + 1],
                    acc[4 * window + 2],
                    acc[4 * window + 3],
                ];
                if valid == shape.channel_block {
                    for half in 0..2 {
                        let (best, code) =
                            pool::<V>([four[0][half], four[1][half], four[2][half], four[3][half]]);
                        best.store(self.y.as_mut_ptr().add(y_at + half * V::COUNT));
                        if let Some(winners) = &mut self.winners {
                            code.store_bytes(winners.as_mut_ptr().add(winner_at + half * V::COUNT));
                        }
                    }
                } else {
                    self.store_part::<V>(four, valid, y_at, winner_at);
                }
            }
        }
    }

    /// Stores a block of which only the first `valid` channels exist.
    ///
    /// # Safety
    /// As [`windows`](Self::windows).
    #[inline(always)]
    unsafe fn store_part<V: Lanes<Scalar = T>>(
        &mut self,
        four: [[V; 2]; 4],
        valid: usize,
        y_at: usize,
        winner_at: usize,
    ) {
        let mut values = [T::ZERO; 64];
        let mut codes = [0u8; 64];
        for half in 0..2 {
            // SAFETY: two vectors fit: none has more than 32 lanes.
            unsafe {
                let (best, code) =
                    pool::<V>([four[0][half], four[1][half], four[2][half], four[3][half]]);
                best.store(values.as_mut_ptr().add(half * V::COUNT));
                code.store_bytes(codes.as_mut_ptr().add(half * V::COUNT));
            }
        }
        self.y[y_at..y_at + valid].copy_from_slice(&values[..valid]);
        if let Some(winners) = &mut self.winners {
            winners[winner_at..winner_at + valid].copy_from_slice(&codes[..valid]);
        }
    }
}

/// ReLU and maximum of four places: the value and the winner's code. The first
/// of equal maxima wins, and a NaN wins over everything, as in PyTorch.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn pool<V: Lanes>(four: [V; 4]) -> (V, V) {
    unsafe {
        let zero = V::splat(V::Scalar::from_f64(0.0));
        let mut best = four[0];
        let mut code = zero;
        for place in 1..4u8 {
            let candidate = four[usize::from(place)];
            let wins = candidate.wins_over(best);
            best = V::select(wins, candidate, best);
            code = V::select(wins, V::splat(V::Scalar::from_f64(f64::from(place))), code);
        }
        let dead = best.not_positive();
        (
            V::select(dead, zero, best),
            V::select(
                dead,
                V::splat(V::Scalar::from_f64(f64::from(NO_WINNER))),
                code,
            ),
        )
    }
}
