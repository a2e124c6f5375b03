use rayon::prelude::*;

use crate::large_cholesky::BLOCK;
use crate::{Element, LargeCholesky, MatMut, MatRef, Panels, Threads, matmul};

/// `L^-1` of a large symmetric positive definite matrix `A = L L^T`, kept for
/// many solves with a few right sides each.
///
/// The factorization runs in the precision of the matrix, its inverse in f32: a
/// solve is then two products at the speed of memory, accurate to about the
/// square root of the matrix's condition times f32's rounding (the condition
/// itself, if the matrix is in f32). Meant for preconditioners. All work
/// is matrix products over fixed blocks, so the result does not depend on the
/// number of threads.
///
/// ```
/// use layerprobe_linalg::InverseFactor;
///
/// let factor = InverseFactor::new(vec![4f64, 2.0, 2.0, 3.0], 2).expect("positive definite");
/// let x = factor.solve(&[8.0, 8.0], 1);
/// assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 2.0).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct InverseFactor {
    size: usize,
    /// For each block of rows: `L^-1` up to the diagonal block, and `L^-T`
    /// from it on. The rest is zero and never read.
    blocks: Vec<(Panels, Panels)>,
}

impl InverseFactor {
    /// Factors a matrix, size x size row-major, of which the lower triangle is
    /// read; none if it is not positive definite.
    ///
    /// # Panics
    /// If `matrix` does not hold `size * size` entries.
    pub fn new<T: Element>(matrix: Vec<T>, size: usize) -> Option<Self> {
        let inverse = invert(&LargeCholesky::new(matrix, size)?);
        let at = |i: usize, j: usize| if j <= i { inverse[i * size + j] } else { 0.0 };
        let starts: Vec<usize> = (0..size).step_by(BLOCK).collect();
        let blocks = starts
            .par_iter()
            .map(|&start| {
                let height = BLOCK.min(size - start);
                let lower = Panels::from_fn(height, start + height, |i, j| at(start + i, j));
                let upper = Panels::from_fn(height, size - start, |i, j| at(start + j, start + i));
                (lower, upper)
            })
            .collect();
        Some(Self { size, blocks })
    }

    /// `A^-1 b` for `b` row-major with `width` columns; row-major too.
    ///
    /// # Panics
    /// If `b` does not hold as many rows as the matrix.
    pub fn solve(&self, b: &[f32], width: usize) -> Vec<f32> {
        assert_eq!(b.len(), self.size * width, "{} x {width}", self.size);
        let forward = self.blocks.par_iter().map(|(lower, _)| {
            let end = lower.cols() * width;
            lower.times(&b[..end], width)
        });
        let middle: Vec<f32> = forward.collect::<Vec<_>>().concat();
        let backward = self.blocks.par_iter().map(|(_, upper)| {
            let start = (self.size - upper.cols()) * width;
            upper.times(&middle[start..], width)
        });
        backward.collect::<Vec<_>>().concat()
    }
}

/// `L^-1` in f32, block row by block row:
/// `M_i = -L_ii^-1 (L_i,before M_before)`.
fn invert<T: Element>(factor: &LargeCholesky<T>) -> Vec<f32> {
    let (n, l) = (factor.size(), factor.lower());
    let single = |x: &T| x.widened() as f32;
    let mut m = vec![0f32; n * n];
    for (start, inverse) in (0..n).step_by(BLOCK).zip(factor.diagonal()) {
        let height = BLOCK.min(n - start);
        let corner: Vec<f32> = inverse.iter().map(single).collect();
        if start > 0 {
            let row: Vec<f32> = (0..height)
                .flat_map(|i| &l[(start + i) * n..][..start])
                .map(single)
                .collect();
            let mut product = vec![0f32; height * start];
            matmul(
                MatMut::row_major(&mut product, height, start),
                0.0,
                MatRef::row_major(&row, height, start),
                MatRef::strided(&m, start, start, n, 1),
                1.0,
                Threads::Pool,
            );
            matmul(
                MatMut::strided(&mut m[start * n..], height, start, n, 1),
                0.0,
                MatRef::row_major(&corner, height, height),
                MatRef::row_major(&product, height, start),
                -1.0,
                Threads::Pool,
            );
        }
        for (i, values) in corner.chunks_exact(height).enumerate() {
            m[(start + i) * n + start..][..height].copy_from_slice(values);
        }
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize) -> Vec<f64> {
        let entry = |i: usize, j: usize| {
            let near = 10.0 / (1.0 + i.abs_diff(j) as f64);
            if i == j { near + 3.0 } else { near }
        };
        (0..n * n).map(|x| entry(x / n, x % n)).collect()
    }

    #[test]
    fn solves_over_several_blocks() {
        for n in [1, 5, BLOCK, 2 * BLOCK + 37] {
            let a = matrix(n);
            let solution: Vec<f64> = (0..2 * n).map(|i| (i as f64).sin()).collect();
            let mut right = vec![0.0; 2 * n];
            matmul(
                MatMut::row_major(&mut right, n, 2),
                0.0,
                MatRef::row_major(&a, n, n),
                MatRef::row_major(&solution, n, 2),
                1.0,
                Threads::One,
            );
            let single = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<_>>();
            let right = single(&right);
            let from_singles = InverseFactor::new(single(&a), n).unwrap();
            let from_doubles = InverseFactor::new(a, n).unwrap();
            for factor in [from_singles, from_doubles] {
                for (x, y) in factor.solve(&right, 2).iter().zip(&solution) {
                    assert!((f64::from(*x) - y).abs() < 1e-4, "{n}: {x} {y}");
                }
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        let mut a = matrix(BLOCK + 2);
        a[(BLOCK + 1) * (BLOCK + 3)] = -1.0;
        assert!(InverseFactor::new(a, BLOCK + 2).is_none());
        assert!(InverseFactor::new(vec![f64::NAN], 1).is_none());
    }
}
