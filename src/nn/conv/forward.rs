use super::shape::ConvShape;
use super::tile::{Runs, multiply};
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
        for block in 0..shape.out_blocks() {
            for row in 0..shape.out_height {
                let mut column = 0;
                // SAFETY: the lengths were checked above; windows
                // `column..column + W` lie within the row.
                unsafe {
                    if V::MANY_REGISTERS {
                        while column + 2 <= shape.out_width {
                            self.windows::<V, 8, 2>(block, row, column);
                            column += 2;
                        }
                    }
                    while column < shape.out_width {
                        self.windows::<V, 4, 1>(block, row, column);
                        column += 1;
                    }
                }
            }
        }
    }
}

impl<T: Real> ForwardImage<'_, T> {
    /// Computes `W` neighboring windows, which is `P = 4 W` convolution
    /// outputs, of one block of channels.
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `shape` and the windows lie
    /// within it.
    #[inline(always)]
    unsafe fn windows<V: Lanes<Scalar = T>, const P: usize, const W: usize>(
        &mut self,
        block: usize,
        row: usize,
        column: usize,
    ) {
        let shape = self.shape;
        let spec = &shape.spec;
        let x_row = shape.in_columns() * spec.in_channels;
        let first_channel = block * shape.channel_block;
        unsafe {
            let corner = self
                .x
                .as_ptr()
                .add(2 * row * spec.stride * x_row + 2 * column * spec.stride * spec.in_channels);
            let mut x = [corner; P];
            for (p, pixel) in x.iter_mut().enumerate() {
                let (window, place) = (p / 4, p % 4);
                *pixel = corner.add(
                    place / 2 * spec.stride * x_row
                        + (2 * window + place % 2) * spec.stride * spec.in_channels,
                );
            }
            let bias = self.bias.as_ptr().add(first_channel);
            let start = [V::load(bias), V::load(bias.add(V::COUNT))];
            let runs = Runs {
                rows: spec.kernel,
                row_stride: x_row,
                run: shape.run(),
            };
            let weights = self
                .weights
                .as_ptr()
                .add(block * spec.kernel * shape.run() * shape.channel_block);
            let acc = multiply::<V, P>([start; P], x, runs, weights);

            let valid = (spec.out_channels - first_channel).min(shape.channel_block);
            for window in 0..W {
                let pixel = column + window;
                let y_at =
                    ((row + shape.out_border) * shape.out_columns() + pixel + shape.out_border)
                        * spec.out_channels
                        + first_channel;
                let winner_at = (row * shape.out_width + pixel) * spec.out_channels + first_channel;
                let four = [
                    acc[4 * window],
                    acc[4 * window + 1],
                    acc[4 * window + 2],
                    acc[4 * window + 3],
                ];
                if valid == shape.channel_block {
                    for half in 0..2 {
                        let (best, code) = pool::<V>(four, half);
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
                let (best, code) = pool::<V>(four, half);
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
unsafe fn pool<V: Lanes>(four: [[V; 2]; 4], half: usize) -> (V, V) {
    unsafe {
        let number = |n: u8| V::splat(V::Scalar::from_f64(f64::from(n)));
        let zero = number(0);
        let mut best = four[0][half];
        let mut code = zero;
        for place in 1..4u8 {
            let candidate = four[usize::from(place)][half];
            let wins = candidate.wins_over(best);
            best = V::select(wins, candidate, best);
            code = V::select(wins, number(place), code);
        }
        let dead = best.not_positive();
        (
            V::select(dead, zero, best),
            V::select(dead, number(NO_WINNER), code),
        )
    }
}
