use crate::{Cholesky, Element, MatMut, MatRef, Threads, matmul};

/// Rows and columns of a block.
pub(crate) const BLOCK: usize = 128;

/// The Cholesky factorization of a large symmetric positive definite matrix, in
/// the matrix's precision (blocks on the diagonal in f64).
///
/// All work is matrix products over fixed blocks: it runs on all threads, and
/// the result does not depend on their number.
///
/// ```
/// use layerprobe_linalg::LargeCholesky;
///
/// let factor = LargeCholesky::new(vec![4.0_f64, 2.0, 2.0, 3.0], 2).expect("positive definite");
/// let mut x = [8.0_f64, 8.0];
/// factor.solve(&mut x, 1);
/// assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct LargeCholesky<T = f64> {
    size: usize,
    /// `L` in the lower triangle.
    lower: Vec<T>,
    /// Inverses of the blocks on `L`'s diagonal.
    diagonal: Vec<Vec<T>>,
}

impl<T: Element> LargeCholesky<T> {
    /// Factors a matrix, size x size row-major, of which the lower triangle is
    /// read; none if it is not positive definite.
    ///
    /// # Panics
    /// If `matrix` does not hold `size * size` entries.
    pub fn new(mut matrix: Vec<T>, size: usize) -> Option<Self> {
        assert_eq!(matrix.len(), size * size, "a {size} x {size} matrix");
        let diagonal = factor(&mut matrix, size)?;
        Some(Self {
            size,
            lower: matrix,
            diagonal,
        })
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// `L`, row-major; above the diagonal lies what the matrix had there.
    pub(crate) fn lower(&self) -> &[T] {
        &self.lower
    }

    /// Inverses of the blocks on `L`'s diagonal.
    pub(crate) fn diagonal(&self) -> &[Vec<T>] {
        &self.diagonal
    }

    /// Replaces `cols` right sides, the columns of a row-major matrix, by their
    /// solutions.
    ///
    /// # Panics
    /// If the right sides are not as long as the matrix is high.
    pub fn solve(&self, right: &mut [T], cols: usize) {
        let n = self.size;
        assert_eq!(right.len(), n * cols, "{n} x {cols}");
        for (block, inverse) in self.diagonal.iter().enumerate() {
            let start = block * BLOCK;
            let width = BLOCK.min(n - start);
            let (done, rest) = right.split_at_mut(start * cols);
            let own = &mut rest[..width * cols];
            let before = MatRef::strided(&self.lower[start * n..], width, start, n, 1);
            let done = MatRef::row_major(done, start, cols);
            take(own, before, done);
            turn(own, MatRef::row_major(inverse, width, width), cols);
        }
        for (block, inverse) in self.diagonal.iter().enumerate().rev() {
            let start = block * BLOCK;
            let width = BLOCK.min(n - start);
            let end = start + width;
            let (head, done) = right.split_at_mut(end * cols);
            let own = &mut head[start * cols..];
            if end < n {
                let after = MatRef::strided(&self.lower[end * n + start..], n - end, width, n, 1);
                let done = MatRef::row_major(done, n - end, cols);
                take(own, after.t(), done);
            }
            turn(own, MatRef::row_major(inverse, width, width).t(), cols);
        }
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

/// `own -= a * b`.
fn take<T: Element>(own: &mut [T], a: MatRef<'_, T>, b: MatRef<'_, T>) {
    let own = MatMut::row_major(own, a.rows(), b.cols());
    let (add, take) = (T::rounded(1.0), T::rounded(-1.0));
    matmul(own, add, a, b, take, Threads::Pool);
}

/// `own = a * own`.
fn turn<T: Element>(own: &mut [T], a: MatRef<'_, T>, cols: usize) {
    let before = own.to_vec();
    let before = MatRef::row_major(&before, a.cols(), cols);
    let own = MatMut::row_major(own, a.rows(), cols);
    matmul(own, T::ZERO, a, before, T::rounded(1.0), Threads::One);
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

    #[test]
    fn solves_what_it_factored_over_several_blocks() {
        for n in [1, 127, 128, 129, 300] {
            let entry = |i: usize, j: usize| {
                let near = 1.0 / (1.0 + i.abs_diff(j) as f64);
                if i == j { near + 3.0 } else { near }
            };
            // only the lower triangle counts
            let matrix: Vec<f64> = (0..n * n)
                .map(|x| {
                    if x % n > x / n {
                        f64::NAN
                    } else {
                        entry(x / n, x % n)
                    }
                })
                .collect();
            let solution = |i: usize, k: usize| (i as f64 + 2.0 * k as f64).sin();
            let mut right: Vec<f64> = (0..3 * n)
                .map(|x| (0..n).map(|j| entry(x / 3, j) * solution(j, x % 3)).sum())
                .collect();
            LargeCholesky::new(matrix, n).unwrap().solve(&mut right, 3);
            for (x, found) in right.iter().enumerate() {
                assert!((found - solution(x / 3, x % 3)).abs() < 1e-11, "{n}");
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(LargeCholesky::new(vec![1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(LargeCholesky::new(vec![f64::NAN], 1).is_none());
        LargeCholesky::<f64>::new(Vec::new(), 0)
            .unwrap()
            .solve(&mut [], 4);
    }
}
