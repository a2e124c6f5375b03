use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::{factor, solve};
use faer::{Mat, Par, Spec};

/// The Cholesky factorization of a symmetric positive definite matrix.
///
/// ```
/// use layerprobe_linalg::Cholesky;
///
/// let factor = Cholesky::new(&[4.0, 2.0, 2.0, 3.0], 2).expect("positive definite");
/// let mut x = [8.0, 8.0];
/// factor.solve(&mut x);
/// assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Cholesky {
    factor: Mat<f64>,
}

impl Cholesky {
    /// Factors a matrix, size x size row-major, of which the lower triangle is
    /// read; none if it is not positive definite. Runs on the calling thread.
    ///
    /// # Panics
    /// If the slice does not hold `size * size` entries.
    pub fn new(matrix: &[f64], size: usize) -> Option<Self> {
        assert_eq!(matrix.len(), size * size, "a {size} x {size} matrix");
        let mut factor = Mat::from_fn(size, size, |i, j| matrix[i.max(j) * size + i.min(j)]);
        let params: Spec<factor::LltParams, f64> = Spec::default();
        let scratch = factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, params);
        factor::cholesky_in_place(
            factor.as_mut(),
            factor::LltRegularization::default(),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            params,
        )
        .ok()?;
        Some(Self { factor })
    }

    /// The entry of `L` in row `i`, column `j <= i`.
    pub(crate) fn entry(&self, i: usize, j: usize) -> f64 {
        self.factor[(i, j)]
    }

    /// Replaces a right side by its solution.
    ///
    /// # Panics
    /// If the right side is not as long as the matrix is high.
    pub fn solve(&self, right: &mut [f64]) {
        assert_eq!(right.len(), self.factor.nrows(), "one entry a row");
        let mut x = Mat::from_fn(right.len(), 1, |i, _| right[i]);
        solve::solve_in_place(
            self.factor.as_ref(),
            x.as_mut(),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(StackReq::EMPTY)),
        );
        for (i, out) in right.iter_mut().enumerate() {
            *out = x[(i, 0)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_it_factored() {
        let n = 150;
        let entry = |i: usize, j: usize| {
            let near = 1.0 / (1.0 + i.abs_diff(j) as f64);
            if i == j { near + 3.0 } else { near }
        };
        let matrix: Vec<f64> = (0..n * n).map(|x| entry(x / n, x % n)).collect();
        let solution: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let mut right: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| entry(i, j) * solution[j]).sum())
            .collect();
        Cholesky::new(&matrix, n).unwrap().solve(&mut right);
        for (x, y) in right.iter().zip(&solution) {
            assert!((x - y).abs() < 1e-12);
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(&[f64::NAN], 1).is_none());
        assert!(Cholesky::new(&[], 0).is_some());
    }
}
