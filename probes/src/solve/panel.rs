use std::ops::Range;

use layerprobe_linalg::{LeadingPanels, MatMut, MatRef, Threads, matmul};

/// A dense row-major matrix of doubles.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Panel {
    pub rows: usize,
    pub cols: usize,
    pub data: Vec<f64>,
}

impl Panel {
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![0.0; rows * cols],
        }
    }

    /// Puts matrices with equal rows side by side.
    pub fn beside(rows: usize, blocks: &[(&[f64], usize)]) -> Self {
        let cols = blocks.iter().map(|&(_, width)| width).sum();
        let mut panel = Self::zeros(rows, cols);
        let mut start = 0;
        for &(block, width) in blocks {
            for (to, from) in panel
                .data
                .chunks_exact_mut(cols.max(1))
                .zip(block.chunks_exact(width.max(1)))
            {
                to[start..start + width].copy_from_slice(from);
            }
            start += width;
        }
        panel
    }

    /// Puts matrices with equal rows side by side whose rows each sum to 0,
    /// without their last columns: the others tell them.
    pub fn contrasts(rows: usize, blocks: &[(&[f64], usize)]) -> Self {
        let cols = blocks.iter().map(|&(_, width)| width - 1).sum();
        let mut panel = Self::zeros(rows, cols);
        let mut start = 0;
        for &(block, width) in blocks {
            for (to, from) in panel
                .data
                .chunks_exact_mut(cols.max(1))
                .zip(block.chunks_exact(width))
            {
                to[start..start + width - 1].copy_from_slice(&from[..width - 1]);
            }
            start += width - 1;
        }
        panel
    }

    /// A matrix whose rows sum to 0, all but its last column being the columns
    /// `start..start + width - 1`.
    pub fn completed(&self, start: usize, width: usize) -> Vec<f64> {
        let mut completed = Vec::with_capacity(self.rows * width);
        for row in self.data.chunks_exact(self.cols.max(1)) {
            let own = &row[start..start + width - 1];
            completed.extend_from_slice(own);
            completed.push(-own.iter().sum::<f64>());
        }
        completed
    }

    /// Puts columns of another panel in the place of its own from `start` on.
    pub fn put(&mut self, start: usize, other: &Self, columns: Range<usize>) {
        let rows = self.data.chunks_exact_mut(self.cols.max(1));
        for (to, from) in rows.zip(other.data.chunks_exact(other.cols.max(1))) {
            to[start..start + columns.len()].copy_from_slice(&from[columns.clone()]);
        }
    }

    /// The columns `start..start + width` as a matrix of their own.
    pub fn columns(&self, start: usize, width: usize) -> Vec<f64> {
        self.data
            .chunks_exact(self.cols.max(1))
            .flat_map(|row| &row[start..start + width])
            .copied()
            .collect()
    }
}

/// `a * b` in doubles.
pub(crate) fn product(a: MatRef<'_, f64>, b: &Panel) -> Panel {
    let mut product = Panel::zeros(a.rows(), b.cols);
    matmul(
        MatMut::row_major(&mut product.data, a.rows(), b.cols),
        0.0,
        a,
        MatRef::row_major(&b.data, b.rows, b.cols),
        1.0,
        Threads::Pool,
    );
    product
}

/// `a * b` in singles.
pub(crate) fn single_product(a: LeadingPanels<'_>, b: &Panel) -> Panel {
    let narrow: Vec<f32> = b.data.iter().map(|&x| x as f32).collect();
    let product = a.times(&narrow, b.cols);
    Panel {
        rows: a.rows(),
        cols: b.cols,
        data: product.into_iter().map(f64::from).collect(),
    }
}
