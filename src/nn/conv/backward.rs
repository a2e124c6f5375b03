#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::forward::NO_WINNER;
use super::shape::ConvShape;
use super::tile::{Ahead, Pixels, Runs, correlate, multiply};
use crate::nn::Real;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;

/// The backward pass of one image. Gradients of weights and biases are added
/// to what is there; the input's is overwritten.
pub(crate) struct BackwardImage<'a, T> {
    pub(crate) shape: &'a ConvShape,
    /// The image with its border, as in the forward pass.
    pub(crate) x: &'a [T],
    /// The winners of the forward pass.
    pub(crate) winners: &'a [u8],
    /// The gradient of the output, without a border.
    pub(crate) gradient: &'a [T],
    /// Scratch for the gradient of the convolution's output; zero wherever no
    /// window's place lies.
    pub(crate) spread: &'a mut [T],
    /// Added to: packed gradient of the weights.
    pub(crate) weight_gradient: &'a mut [T],
    /// Added to: gradient of the biases, filled up to whole blocks.
    pub(crate) bias_gradient: &'a mut [T],
    /// Flipped weights, and the gradient of the image without its border;
    /// `None` where nobody asks for it, as for the first layer.
    pub(crate) input: Option<(&'a [T], &'a mut [T])>,
}

/// Takes the gradient of one image back through pool and ReLU: the winner of each
/// window receives all of it. Adds the gradient of the biases on the way.
pub(crate) struct Spread<'a, T> {
    pub(crate) shape: &'a ConvShape,
    pub(crate) winners: &'a [u8],
    pub(crate) gradient: &'a [T],
    /// Zero wherever no window's place lies.
    pub(crate) spread: &'a mut [T],
    /// Filled up to whole blocks.
    pub(crate) bias_gradient: &'a mut [T],
}

impl<T: Real> Kernel<T> for Spread<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        assert_eq!(self.winners.len(), self.shape.pooled_len());
        assert_eq!(self.gradient.len(), self.shape.pooled_len());
        assert_eq!(self.spread.len(), self.shape.spread_len());
        assert_eq!(self.bias_gradient.len(), self.shape.out_filled());
        let shape = self.shape;
        let (cout, filled) = (shape.spec.out_channels, shape.out_filled());
        let (stride, offset) = (shape.spec.stride, shape.spread_offset());
        let columns = shape.spread_columns();
        for row in 0..shape.out_height {
            for column in 0..shape.out_width {
                let from = (row * shape.out_width + column) * cout;
                let to =
                    ((2 * row * stride + offset) * columns + 2 * column * stride + offset) * filled;
                let mut channel = 0;
                while channel < cout {
                    let mut values = [T::ZERO; 32];
                    let mut codes = [NO_WINNER; 32];
                    let valid = (cout - channel).min(V::COUNT);
                    // SAFETY: whole vectors are read where they exist, else
                    // from the stack; `spread` has room for whole blocks.
                    unsafe {
                        let (value, code) = if valid == V::COUNT {
                            (
                                V::load(self.gradient.as_ptr().add(from + channel)),
                                V::load_bytes(self.winners.as_ptr().add(from + channel)),
                            )
                        } else {
                            let range = from + channel..from + cout;
                            values[..valid].copy_from_slice(&self.gradient[range.clone()]);
                            codes[..valid].copy_from_slice(&self.winners[range]);
                            (V::load(values.as_ptr()), V::load_bytes(codes.as_ptr()))
                        };
                        let zero = V::splat(T::ZERO);
                        for place in 0..4 {
                            let at = to
                                + (place / 2 * stride * columns + place % 2 * stride) * filled
                                + channel;
                            let wins = code.equals(V::splat(T::from_f64(place as f64)));
                            V::select(wins, value, zero).store(self.spread.as_mut_ptr().add(at));
                        }
                        let lost = code.equals(V::splat(T::from_f64(f64::from(NO_WINNER))));
                        let sum = self.bias_gradient.as_mut_ptr().add(channel);
                        V::load(sum).add(V::select(lost, zero, value)).store(sum);
                    }
                    channel += V::COUNT;
                }
            }
        }
    }
}

impl<T: Real> Kernel<T> for BackwardImage<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let shape = self.shape;
        assert_eq!(shape.channel_block, 2 * V::COUNT);
        assert_eq!(self.x.len(), shape.in_len());
        assert_eq!(self.winners.len(), shape.pooled_len());
        assert_eq!(self.gradient.len(), shape.pooled_len());
        assert_eq!(self.spread.len(), shape.spread_len());
        assert_eq!(self.weight_gradient.len(), shape.packed_len());
        assert_eq!(self.bias_gradient.len(), shape.out_filled());
        // SAFETY: the lengths were just checked.
        unsafe {
            let spread = Spread {
                shape,
                winners: self.winners,
                gradient: self.gradient,
                spread: self.spread,
                bias_gradient: self.bias_gradient,
            };
            spread.run::<V>();
            self.weights::<V>();
            if let Some((flipped, gradient)) = self.input.take() {
                assert_eq!(flipped.len(), shape.flipped_len());
                assert_eq!(gradient.len(), shape.in_gradient_len());
                self.image::<V>(flipped, gradient);
            }
        }
    }
}

impl<T: Real> BackwardImage<'_, T> {
    /// Adds the gradient of the weights.
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `shape`.
    #[inline(always)]
    unsafe fn weights<V: Lanes<Scalar = T>>(&mut self) {
        let shape = self.shape;
        let spec = &shape.spec;
        let x_row = shape.in_columns() * spec.in_channels;
        let z_row = shape.spread_columns() * shape.out_filled();
        let pixels = Pixels {
            rows: 2 * shape.out_height,
            columns: 2 * shape.out_width,
            x_row: spec.stride * x_row,
            x_step: spec.stride * spec.in_channels,
            z_row: spec.stride * z_row,
            z_step: spec.stride * shape.out_filled(),
        };
        let corner = shape.spread_offset() * (z_row + shape.out_filled());
        for block in 0..shape.out_blocks() {
            for row in 0..spec.kernel {
                let mut at = 0;
                while at < shape.run() {
                    // SAFETY: rows of the kernel lie within the bordered
                    // image for every output; `at` and the tile's height stay
                    // within the run.
                    unsafe {
                        let z = self
                            .spread
                            .as_ptr()
                            .add(corner + block * shape.channel_block);
                        let x = self.x.as_ptr().add(row * x_row + at);
                        let dst = self.weight_gradient.as_mut_ptr().add(
                            ((block * spec.kernel + row) * shape.run() + at) * shape.channel_block,
                        );
                        let left = shape.run() - at;
                        at += if V::MANY_REGISTERS && left >= 12 {
                            correlate::<V, 12>(dst, x, z, pixels);
                            12
                        } else if V::MANY_REGISTERS && left >= 9 {
                            correlate::<V, 9>(dst, x, z, pixels);
                            9
                        } else if left >= 4 {
                            correlate::<V, 4>(dst, x, z, pixels);
                            4
                        } else {
                            correlate::<V, 1>(dst, x, z, pixels);
                            1
                        };
                    }
                }
            }
        }
    }

    /// The gradient of the image: the spread-out gradient convolved with the
    /// flipped weights.
    ///
    /// # Safety
    /// As [`weights`](Self::weights); `flipped` and `gradient` have the
    /// lengths of `shape`.
    #[inline(always)]
    unsafe fn image<V: Lanes<Scalar = T>>(&self, flipped: &[T], gradient: &mut [T]) {
        let shape = self.shape;
        let pixels = shape.height * shape.width;
        for block in 0..shape.in_blocks() {
            let mut at = 0;
            // SAFETY: pixels `at..at + P` are pixels of the image.
            unsafe {
                if V::MANY_REGISTERS {
                    while at + 12 <= pixels {
                        self.pixels::<V, 12>(flipped, gradient, block, at);
                        at += 12;
                    }
                }
                while at + 4 <= pixels {
                    self.pixels::<V, 4>(flipped, gradient, block, at);
                    at += 4;
                }
                while at < pixels {
                    self.pixels::<V, 1>(flipped, gradient, block, at);
                    at += 1;
                }
            }
        }
    }

    /// The `P` pixels of [`image`](Self::image) from number `at`, counted row by
    /// row.
    ///
    /// # Safety
    /// As [`image`](Self::image).
    #[inline(always)]
    unsafe fn pixels<V: Lanes<Scalar = T>, const P: usize>(
        &self,
        flipped: &[T],
        gradient: &mut [T],
        block: usize,
        at: usize,
    ) {
        let shape = self.shape;
        let (kernel, cin, filled) = (
            shape.spec.kernel,
            shape.spec.in_channels,
            shape.out_filled(),
        );
        let z_row = shape.spread_columns() * filled;
        let runs = Runs {
            rows: kernel,
            row_stride: z_row,
            columns: 1,
            column_stride: 0,
            run: kernel * filled,
        };
        unsafe {
            let (mut row, mut column) = (at / shape.width, at % shape.width);
            let mut z = [self.spread.as_ptr(); P];
            for pixel in &mut z {
                *pixel = pixel.add(row * z_row + column * filled);
                column += 1;
                if column == shape.width {
                    (row, column) = (row + 1, 0);
                }
            }
            let weights = flipped
                .as_ptr()
                .add(block * kernel * kernel * filled * shape.channel_block);
            let acc = multiply::<V, P>(
                [[V::splat(T::ZERO); 2]; P],
                z,
                runs,
                weights,
                &mut Ahead::none(weights),
            );

            let first = block * shape.channel_block;
            let valid = (cin - first).min(shape.channel_block);
            for (p, halves) in acc.into_iter().enumerate() {
                let at = (at + p) * cin + first;
                if valid == shape.channel_block {
                    halves[0].store(gradient.as_mut_ptr().add(at));
                    halves[1].store(gradient.as_mut_ptr().add(at + V::COUNT));
                } else {
                    let mut values = [T::ZERO; 64];
                    halves[0].store(values.as_mut_ptr());
                    halves[1].store(values.as_mut_ptr().add(V::COUNT));
                    gradient[at..at + valid].copy_from_slice(&values[..valid]);
                }
            }
        }
    }
}
