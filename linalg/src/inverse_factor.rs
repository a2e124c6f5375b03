use rayon::prelude::*;

use crate::{Cholesky, Element, MatMut, MatRef, Panels, Threads, matmul};

/// Rows and columns of a block.
const BLOCK: usize = 128;

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
    pub fn new<T: Element>(mut matrix: Vec<T>, size: usize) -> Option<Self> {
        assert_eq!(matrix.len(), size * size, "a {size} x {size} matrix");
        let diagonal = factor(&mut matrix, size)?;
        let inverse = invert(&matrix, &diagonal, size);
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

/// Replaces the lower triangle by `L`, block column by block column; returns
/// the inverses of the blocks on the diagonal.
fn factor<T: Element>(a: &mut [T], n: usize) -> Option<Vec<Vec<T>>> {
    let mut diagonal = Vec::with_capacity(n.div_ceil(BLOCK));
    for start in (0..n).step_by(BLOCK) {
        let width = BLOCK.min(n - start);
        let height = n - start;
        let mut column = vec![T::ZERO; height * width];
        for (row, out) in column.chunks_exact_mut(width).enumerate() {
            out.copy_from_slice(&a[(start + row) * n + start..][..width]);
        }
        if start > 0 {
            let done = MatRef::strided(&a[start * n..], height, start, n, 1);
            let across = MatRef::strided(&a[start * n..], width, start, n, 1);
            let out = MatMut::row_major(&mut column, height, width);
            let (add, take) = (T::rounded(1.0), T::rounded(-1.0));
            matmul(out, add, done, across.t(), take, Threads::Pool);
        }
        let (corner, inverse) = corner(&column[..width * width], width)?;
        let mut below = vec![T::ZERO; (height - width) * width];
        matmul(
            MatMut::row_major(&mut below, height - width, width),
            T::ZERO,
            MatRef::row_major(&column[width * width..], height - width, width),
            MatRef::row_major(&inverse, width, width).t(),
            T::rounded(1.0),
            Threads::Pool,
        );
        let rows = corner.chunks_exact(width).chain(below.chunks_exact(width));
        for (row, values) in rows.enumerate() {
            a[(start + row) * n + start..][..width].copy_from_slice(values);
        }
        diagonal.push(inverse);
    }
    Some(diagonal)
}

/// `L^-1` in f32, block row by block row:
/// `M_i = -L_ii^-1 (L_i,before M_before)`.
fn invert<T: Element>(l: &[T], diagonal: &[Vec<T>], n: usize) -> Vec<f32> {
    let single = |x: &T| x.widened() as f32;
    let mut m = vec![0f32; n * n];
    for (start, inverse) in (0..n).step_by(BLOCK).zip(diagonal) {
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

/// `L` of a block on the diagonal, and its inverse; worked out in f64.
fn corner<T: Element>(a: &[T], n: usize) -> Option<(Vec<T>, Vec<T>)> {
    let wide: Vec<f64> = a.iter().map(|x| x.widened()).collect();
    let factor = small_factor(&wide, n)?;
    let rounded = |values: &[f64]| values.iter().map(|&x| T::rounded(x)).collect();
    let inverse = small_inverse(&factor, n);
    Some((rounded(&factor), rounded(&inverse)))
}

/// `L` of a block on the diagonal.
fn small_factor(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let factor = Cholesky::new(a, n)?;
    let entry = |i: usize, j: usize| if j <= i { factor.entry(i, j) } else { 0.0 };
    let l: Vec<f64> = (0..n * n).map(|x| entry(x / n, x % n)).collect();
    l.iter().all(|x| x.is_finite()).then_some(l)
}

fn small_inverse(l: &[f64], n: usize) -> Vec<f64> {
    let mut m = vec![0.0; n * n];
    for i in 0..n {
        let (done, current) = m.split_at_mut(i * n);
        let current = &mut current[..n];
        current[i] = 1.0;
        for (j, row) in done.chunks_exact(n).enumerate() {
            let factor = l[i * n + j];
            for (x, y) in current[..=j].iter_mut().zip(row) {
                *x -= factor * y;
            }
        }
        for x in &mut current[..=i] {
            *x /= l[i * n + i];
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
