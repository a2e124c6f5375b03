#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use rayon::prelude::*;

use super::PoolSpec;
use crate::nn::lanes::Lanes;
use crate::nn::layout::ImageLayout;
use crate::nn::real::{Kernel, Processor};
use crate::nn::sizes::product;
use crate::nn::{Real, ShapeError};

/// The largest number of each window, PyTorch's `max_pool2d`.
///
/// Windows may overlap and reach beyond the image, where there is nothing to
/// win. The first of equal maxima wins, and takes the whole gradient; not a
/// number wins over everything, the last of several. Images have channels last
/// inside borders of zeros ([`ImageLayout`]); gradients have no border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    spec: PoolSpec,
    input: ImageLayout,
    output: ImageLayout,
}

impl MaxPool {
    /// A pool of images of layout `input`, whose output lies inside a border
    /// of `out_border` zeros.
    ///
    /// # Errors
    /// If a count is 0, the window larger than 16 pixels, the padding more
    /// than half the window, or nothing is left of the images.
    pub fn new(spec: PoolSpec, input: ImageLayout, out_border: usize) -> Result<Self, ShapeError> {
        let output = spec.out_layout(input, out_border)?;
        if spec.window > 16 {
            return Err(ShapeError::Window {
                window: spec.window,
            });
        }
        Ok(Self {
            spec,
            input,
            output,
        })
    }

    /// The windows.
    pub fn spec(&self) -> PoolSpec {
        self.spec
    }

    /// The layout of one image coming in.
    pub fn in_layout(&self) -> ImageLayout {
        self.input
    }

    /// The layout of one image going out.
    pub fn out_layout(&self) -> ImageLayout {
        self.output
    }

    /// The forward pass of a batch of `n` images: from `n * in_layout().len()`
    /// numbers to `n * out_layout().len()`; the border of `y` is not touched.
    /// With `winners`, `n * out_layout().inner_len()` bytes, it notes for the
    /// backward pass which place of each window won, counted row by row.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward<T: Real>(&self, x: &[T], y: &mut [T], winners: Option<&mut [u8]>) {
        let n = x.len() / self.input.len();
        assert_eq!(x.len(), n * self.input.len(), "whole images");
        let out_len = product([n, self.output.len()]);
        assert_eq!(y.len(), out_len, "length of the output");
        let inner = self.output.inner_len();
        let image = |x: &[T], y: &mut [T], winners: &mut [u8]| {
            let pool = self;
            T::dispatch(
                Processor::best(),
                Forward {
                    pool,
                    x,
                    y,
                    winners,
                },
            );
        };
        let pairs = y
            .par_chunks_mut(self.output.len())
            .zip(x.par_chunks(self.input.len()));
        match winners {
            Some(winners) => {
                assert_eq!(winners.len(), product([n, inner]), "number of winners");
                pairs
                    .zip(winners.par_chunks_mut(inner))
                    .for_each(|((y, x), winners)| image(x, y, winners));
            }
            None => pairs.for_each(|(y, x)| image(x, y, &mut [])),
        }
    }

    /// The backward pass of a batch: from the gradient of the output,
    /// `n * out_layout().inner_len()`, to that of the input,
    /// `n * in_layout().inner_len()`, which is overwritten.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn backward<T: Real>(&self, winners: &[u8], out_gradient: &[T], in_gradient: &mut [T]) {
        let (inner, input) = (self.output.inner_len(), self.input.inner_len());
        let n = winners.len() / inner;
        assert_eq!(winners.len(), n * inner, "whole images of winners");
        assert_eq!(out_gradient.len(), n * inner, "output's gradient");
        assert_eq!(in_gradient.len(), product([n, input]), "input's gradient");
        in_gradient
            .par_chunks_mut(input)
            .zip(out_gradient.par_chunks(inner))
            .zip(winners.par_chunks(inner))
            .for_each(|((to, from), winners)| {
                let kernel = Backward {
                    pool: self,
                    winners,
                    from,
                    to,
                };
                T::dispatch(Processor::best(), kernel);
            });
    }
}

/// The forward pass of one image; `winners` is empty where nobody asks.
struct Forward<'a, T> {
    pool: &'a MaxPool,
    x: &'a [T],
    y: &'a mut [T],
    winners: &'a mut [u8],
}

impl<T: Real> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (spec, input, output) = (self.pool.spec, self.pool.input, self.pool.output);
        assert_eq!(self.x.len(), input.len());
        assert_eq!(self.y.len(), output.len());
        let noting = !self.winners.is_empty();
        assert!(!noting || self.winners.len() == output.inner_len());
        let channels = input.channels;
        for row in 0..output.height {
            let (rows, cut_rows) = spec.span(row, input.height);
            for column in 0..output.width {
                let (columns, cut_columns) = spec.span(column, input.width);
                let y_at = output.row_start(row) + column * channels;
                let winner_at = (row * output.width + column) * channels;
                for channel in (0..channels).step_by(V::COUNT) {
                    let lanes = (channels - channel).min(V::COUNT);
                    let place = |row: usize, column: usize| {
                        input.row_start(row) + column * channels + channel
                    };
                    // SAFETY: as for the whole kernel.
                    let number = |n: usize| unsafe { V::splat(T::from_f64(n as f64)) };
                    // SAFETY: rows and columns lie in the image, and `lanes`
                    // channels from here exist.
                    unsafe {
                        let x = self.x.as_ptr();
                        let mut best = V::load_part(x.add(place(rows.start, columns.start)), lanes);
                        let mut code = number(cut_rows * spec.window + cut_columns);
                        for (down, row) in rows.clone().enumerate() {
                            for (across, column) in columns.clone().enumerate() {
                                if down + across == 0 {
                                    continue;
                                }
                                let candidate = V::load_part(x.add(place(row, column)), lanes);
                                let wins = candidate.wins_over(best);
                                best = V::select(wins, candidate, best);
                                if noting {
                                    let here =
                                        (cut_rows + down) * spec.window + cut_columns + across;
                                    code = V::select(wins, number(here), code);
                                }
                            }
                        }
                        best.store_part(self.y.as_mut_ptr().add(y_at + channel), lanes);
                        if noting {
                            let mut codes = [0; 64];
                            code.store_bytes(codes.as_mut_ptr());
                            self.winners[winner_at + channel..][..lanes]
                                .copy_from_slice(&codes[..lanes]);
                        }
                    }
                }
            }
        }
    }
}

/// The backward pass of one image.
struct Backward<'a, T> {
    pool: &'a MaxPool,
    winners: &'a [u8],
    from: &'a [T],
    to: &'a mut [T],
}

impl<T: Real> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (spec, input, output) = (self.pool.spec, self.pool.input, self.pool.output);
        let channels = input.channels;
        self.to.fill(T::ZERO);
        for row in 0..output.height {
            let (rows, cut_rows) = spec.span(row, input.height);
            for column in 0..output.width {
                let (columns, cut_columns) = spec.span(column, input.width);
                let from = (row * output.width + column) * channels;
                for channel in 0..channels {
                    let winner = usize::from(self.winners[from + channel]);
                    let down = winner / spec.window - cut_rows;
                    let across = winner % spec.window - cut_columns;
                    let (row, column) = (rows.start + down, columns.start + across);
                    let to = (row * input.width + column) * channels + channel;
                    self.to[to] += self.from[from + channel];
                }
            }
        }
    }
}
