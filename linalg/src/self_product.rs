use rayon::prelude::*;

use crate::gram::{TILE, mirror};
use crate::{MatMut, MatRef, Threads, matmul};

/// `A A^T` in f64, rows x rows, row-major: the lower triangle is computed, the
/// upper one copied from it.
///
/// Each tile is one thread's, so the result does not depend on their number.
///
/// ```
/// use layerprobe_linalg::{MatRef, self_product};
///
/// let a = [1.0, 2.0, 3.0, 4.0];
/// assert_eq!(self_product(MatRef::row_major(&a, 2, 2)), [5.0, 11.0, 11.0, 25.0]);
/// assert_eq!(self_product(MatRef::row_major(&a, 2, 2).t()), [10.0, 14.0, 14.0, 20.0]);
/// ```
pub fn self_product(a: MatRef<'_, f64>) -> Vec<f64> {
    let n = a.rows();
    let mut whole = vec![0.0; n * n];
    whole
        .par_chunks_mut((TILE * n).max(1))
        .enumerate()
        .for_each(|(block, out)| {
            let rows = block * TILE..((block + 1) * TILE).min(n);
            // up to the diagonal, and the rest of its tile
            let cols = rows.end;
            matmul(
                MatMut::strided(out, rows.len(), cols, n, 1),
                0.0,
                a.row_range(rows),
                a.row_range(0..cols).t(),
                1.0,
                Threads::One,
            );
        });
    mirror(&mut whole, n);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_shapes_both_ways_round() {
        for (rows, cols) in [(400, 7), (3, 900), (1, 1), (0, 4), (4, 0)] {
            let entry = |x: usize| ((x * 7919) % 1009) as f64 / 300.0 - 1.6;
            let a: Vec<f64> = (0..rows * cols).map(entry).collect();
            let view = MatRef::row_major(&a, rows, cols);
            for view in [view, view.t()] {
                let n = view.rows();
                let found = self_product(view);
                for i in 0..n {
                    for j in 0..n {
                        let terms = (0..view.cols()).map(|l| view.at(i, l) * view.at(j, l));
                        let exact: f64 = terms.sum();
                        assert!((found[i * n + j] - exact).abs() < 1e-9);
                    }
                }
            }
        }
    }
}
