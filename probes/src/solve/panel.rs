use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};

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

    /// The columns `start..start + width` as a matrix of their own.
    pub fn columns(&self, start: usize, width: usize) -> Vec<f64> {
        self.data
            .chunks_exact(self.cols.max(1))
            .flat_map(|row| &row[start..start + width])
            .copied()
            .collect()
    }

    pub fn view(&self) -> MatRef<'_, f64> {
        MatRef::row_major(&self.data, self.rows, self.cols)
    }
}

/// `a * b` in doubles.
pub(crate) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Panel {
    let mut panel = Panel::zeros(a.rows(), b.cols());
    let (rows, cols) = (panel.rows, panel.cols);
    matmul(
        MatMut::row_major(&mut panel.data, rows, cols),
        0.0,
        a,
        b,
        1.0,
        Threads::Pool,
    );
    panel
}

/// `a * b` in singles, for a left side kept in singles.
pub(crate) fn single_product(a: MatRef<'_, f32>, b: &Panel) -> Panel {
    let narrow: Vec<f32> = b.data.iter().map(|&x| x as f32).collect();
    let mut out = vec![0f32; a.rows() * b.cols];
    matmul(
        MatMut::row_major(&mut out, a.rows(), b.cols),
        0.0,
        a,
        MatRef::row_major(&narrow, b.rows, b.cols),
        1.0,
        Threads::Pool,
    );
    Panel {
        rows: a.rows(),
        cols: b.cols,
        data: out.into_iter().map(f64::from).collect(),
    }
}
