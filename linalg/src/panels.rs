use rayon::prelude::*;

use crate::{MatMut, MatRef, Threads, matmul};

/// Rows of a panel: four vectors of the widest registers, the height of the
/// product kernels.
const HEIGHT: usize = 64;

/// A matrix kept for many products with a few columns each.
///
/// Such a product reads the matrix once and does little with each entry, so
/// it runs at the speed of memory, if memory is read in order. Rows are
/// stored in panels of 64, each panel column by column: the order in which
/// the kernels read.
///
/// ```
/// use layerprobe_linalg::Panels;
///
/// let matrix = Panels::from_fn(3, 2, |i, j| (10 * i + j) as f32);
/// assert_eq!(matrix.times(&[1.0, 2.0], 1), [2.0, 32.0, 62.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Panels {
    rows: usize,
    cols: usize,
    data: Vec<f32>,
}

impl Panels {
    /// The matrix with entry `(i, j)` given by a function.
    pub fn from_fn(rows: usize, cols: usize, entry: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let mut data = vec![0f32; rows * cols];
        data.par_chunks_mut((HEIGHT * cols).max(1))
            .enumerate()
            .for_each(|(panel, data)| {
                let first = panel * HEIGHT;
                let height = HEIGHT.min(rows - first);
                for i in 0..height {
                    for j in 0..cols {
                        data[j * height + i] = entry(first + i, j);
                    }
                }
            });
        Self { rows, cols, data }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The product with `b`, row-major with `width` columns; row-major too.
    ///
    /// # Panics
    /// If `b` does not hold as many rows as the matrix has columns.
    pub fn times(&self, b: &[f32], width: usize) -> Vec<f32> {
        self.leading(self.rows, self.cols).times(b, width)
    }

    /// The first rows and columns.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn leading(&self, rows: usize, cols: usize) -> LeadingPanels<'_> {
        assert!(
            rows <= self.rows && cols <= self.cols,
            "{rows} x {cols} of {} x {}",
            self.rows,
            self.cols
        );
        LeadingPanels {
            whole: self,
            rows,
            cols,
        }
    }
}

/// The first rows and columns of [`Panels`].
#[derive(Clone, Copy, Debug)]
pub struct LeadingPanels<'a> {
    whole: &'a Panels,
    rows: usize,
    cols: usize,
}

impl LeadingPanels<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The entry in row `i`, column `j`.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn at(&self, i: usize, j: usize) -> f32 {
        assert!(i < self.rows && j < self.cols, "entry {i}, {j}");
        let first = i / HEIGHT * HEIGHT;
        let height = HEIGHT.min(self.whole.rows - first);
        self.whole.data[first * self.whole.cols + j * height + (i - first)]
    }

    /// The product with `b`, row-major with `width` columns; row-major too.
    ///
    /// # Panics
    /// If `b` does not hold as many rows as there are columns.
    pub fn times(&self, b: &[f32], width: usize) -> Vec<f32> {
        assert_eq!(b.len(), self.cols * width, "{} x {width}", self.cols);
        let mut out = vec![0f32; self.rows * width];
        if width == 0 || self.cols == 0 {
            return out;
        }
        out.par_chunks_mut(HEIGHT * width)
            .zip(self.whole.data.par_chunks(HEIGHT * self.whole.cols))
            .for_each_init(
                || vec![0f32; HEIGHT * width],
                |buffer, (out, panel)| {
                    let height = panel.len() / self.whole.cols;
                    let wanted = out.len() / width;
                    matmul(
                        MatMut::row_major(buffer, width, wanted).t(),
                        0.0,
                        MatRef::strided(panel, wanted, self.cols, 1, height),
                        MatRef::row_major(b, self.cols, width),
                        1.0,
                        Threads::One,
                    );
                    for (i, out) in out.chunks_exact_mut(width).enumerate() {
                        for (j, out) in out.iter_mut().enumerate() {
                            *out = buffer[j * wanted + i];
                        }
                    }
                },
            );
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_agree_with_sums() {
        let entry = |i: usize, j: usize| ((i * 31 + j * 17) % 23) as f32 - 11.0;
        for (rows, cols, used_rows, used_cols) in [
            (130, 70, 130, 70),
            (130, 70, 100, 33),
            (5, 3, 5, 3),
            (64, 1, 1, 1),
            (3, 2, 0, 0),
        ] {
            let whole = Panels::from_fn(rows, cols, entry);
            let part = whole.leading(used_rows, used_cols);
            let b: Vec<f32> = (0..used_cols * 5).map(|x| (x % 7) as f32 - 3.0).collect();
            let product = part.times(&b, 5);
            for i in 0..used_rows {
                for c in 0..5 {
                    let sum: f32 = (0..used_cols).map(|j| entry(i, j) * b[j * 5 + c]).sum();
                    assert_eq!(product[i * 5 + c], sum);
                }
                for j in 0..used_cols {
                    assert_eq!(part.at(i, j), entry(i, j));
                }
            }
        }
    }
}
