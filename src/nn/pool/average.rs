use rayon::prelude::*;

use super::PoolSpec;
use crate::nn::layout::ImageLayout;
use crate::nn::sizes::product;
use crate::nn::{Real, ShapeError};

/// The mean of each window, PyTorch's `avg_pool2d`, or of each cell of a grid,
/// its `adaptive_avg_pool2d`.
///
/// Images have channels last inside borders of zeros ([`ImageLayout`]);
/// gradients have no border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePool {
    means: Means,
    input: ImageLayout,
    output: ImageLayout,
}

/// What is averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Windows(PoolSpec),
    Cells,
}

/// One window along one side: its pixels, and what they are divided by.
type Span = (std::ops::Range<usize>, usize);

impl AveragePool {
    /// A pool of windows over images of layout `input`, whose output lies
    /// inside a border of `out_border` zeros. Pixels beyond the image count as
    /// zeros (`count_include_pad=True`).
    ///
    /// # Errors
    /// If a count is 0, the padding more than half the window, or nothing is
    /// left of the images.
    pub fn new(spec: PoolSpec, input: ImageLayout, out_border: usize) -> Result<Self, ShapeError> {
        Ok(Self {
            means: Means::Windows(spec),
            input,
            output: spec.out_layout(input, out_border)?,
        })
    }

    /// A pool of images of layout `input` to `height` x `width` cells, whose
    /// output lies inside a border of `out_border` zeros: cell `i` of `k` along
    /// a side of `s` pixels runs from `floor(i s / k)` to before
    /// `ceil((i + 1) s / k)`, so that neighbors may share pixels.
    ///
    /// # Errors
    /// If a count is 0.
    pub fn adaptive(
        input: ImageLayout,
        height: usize,
        width: usize,
        out_border: usize,
    ) -> Result<Self, ShapeError> {
        for (count, what) in [
            (height.min(width), "number of cells"),
            (input.height.min(input.width), "image side"),
            (input.channels, "number of input channels"),
        ] {
            if count == 0 {
                return Err(ShapeError::Zero { what });
            }
        }
        let output = ImageLayout {
            height,
            width,
            channels: input.channels,
            border: out_border,
        };
        Ok(Self {
            means: Means::Cells,
            input,
            output,
        })
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
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward<T: Real>(&self, x: &[T], y: &mut [T]) {
        let (input, output) = (self.input, self.output);
        let n = x.len() / input.len();
        assert_eq!(x.len(), n * input.len(), "whole images");
        let out_len = product([n, output.len()]);
        assert_eq!(y.len(), out_len, "length of the output");
        let channels = input.channels;
        y.par_chunks_mut(output.len())
            .zip(x.par_chunks(input.len()))
            .for_each(|(y, x)| {
                for row in 0..output.height {
                    let (rows, height) = self.span(row, Side::Height);
                    for column in 0..output.width {
                        let (columns, width) = self.span(column, Side::Width);
                        let at = output.row_start(row) + column * channels;
                        let sums = &mut y[at..at + channels];
                        sums.fill(T::ZERO);
                        for row in rows.clone() {
                            let pixels = &x[input.row_start(row) + columns.start * channels..];
                            for pixel in pixels.chunks_exact(channels).take(columns.len()) {
                                for (sum, &value) in sums.iter_mut().zip(pixel) {
                                    *sum += value;
                                }
                            }
                        }
                        let area = T::from_f64((height * width) as f64);
                        for sum in sums {
                            *sum = *sum / area;
                        }
                    }
                }
            });
    }

    /// The backward pass of a batch: from the gradient of the output,
    /// `n * out_layout().inner_len()`, to that of the input,
    /// `n * in_layout().inner_len()`, which is overwritten.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn backward<T: Real>(&self, out_gradient: &[T], in_gradient: &mut [T]) {
        let (input, output) = (self.input, self.output);
        let (inner, outer) = (input.inner_len(), output.inner_len());
        let n = out_gradient.len() / outer;
        assert_eq!(out_gradient.len(), n * outer, "whole images");
        assert_eq!(in_gradient.len(), product([n, inner]), "input's gradient");
        let channels = input.channels;
        in_gradient
            .par_chunks_mut(inner)
            .zip(out_gradient.par_chunks(outer))
            .for_each(|(to, from)| {
                to.fill(T::ZERO);
                let mut cells = from.chunks_exact(channels);
                for row in 0..output.height {
                    let (rows, height) = self.span(row, Side::Height);
                    for column in 0..output.width {
                        let (columns, width) = self.span(column, Side::Width);
                        let cell = cells.next().unwrap_or(&[]);
                        let share = T::from_f64(1.0 / (height * width) as f64);
                        for row in rows.clone() {
                            let pixels = &mut to[(row * input.width + columns.start) * channels..];
                            let pixels = pixels.chunks_exact_mut(channels).take(columns.len());
                            for pixel in pixels {
                                for (sum, &value) in pixel.iter_mut().zip(cell) {
                                    *sum += value * share;
                                }
                            }
                        }
                    }
                }
            });
    }

    /// What each pixel along a side counts in each window, in row order: the
    /// average is `rows image columns^T` for the matrices of both sides.
    pub(crate) fn matrices(&self) -> [Vec<f64>; 2] {
        [Side::Height, Side::Width].map(|side| {
            let (pixels, windows) = (side.of(self.input), side.of(self.output));
            let mut matrix = vec![0.0; windows * pixels];
            for (at, row) in matrix.chunks_exact_mut(pixels).enumerate() {
                let (inside, divisor) = self.span(at, side);
                row[inside].fill(1.0 / divisor as f64);
            }
            matrix
        })
    }

    fn span(&self, at: usize, side: Side) -> Span {
        let (pixels, cells) = (side.of(self.input), side.of(self.output));
        match self.means {
            Means::Windows(spec) => {
                // PyTorch's divisor ends with the padding
                let start = at * spec.stride;
                let end = (start + spec.window).min(pixels + 2 * spec.padding);
                (spec.span(at, pixels).0, end - start)
            }
            Means::Cells => {
                let start = at * pixels / cells;
                let end = ((at + 1) * pixels).div_ceil(cells);
                (start..end, end - start)
            }
        }
    }
}

/// A side of an image.
#[derive(Clone, Copy)]
enum Side {
    Height,
    Width,
}

impl Side {
    fn of(self, layout: ImageLayout) -> usize {
        match self {
            Self::Height => layout.height,
            Self::Width => layout.width,
        }
    }
}
