use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::{Mat, Par, Spec};
use thiserror::Error;

/// Why an eigendecomposition failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EigenError {
    /// The matrix holds NaN or an infinity.
    #[error("cannot decompose a {size} x {size} matrix that holds NaN or infinity")]
    NotFinite {
        /// Rows and columns.
        size: usize,
    },
    /// The iteration did not settle.
    #[error("the eigenvalues of a {size} x {size} matrix did not settle")]
    NoConvergence {
        /// Rows and columns.
        size: usize,
    },
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Clone, Debug)]
pub struct Eigen {
    /// Eigenvalues, largest first.
    pub values: Vec<f64>,
    /// Eigenvectors as the columns of an n x n row-major matrix, in the order
    /// of `values`.
    pub vectors: Vec<f64>,
}

/// Decomposes a symmetric matrix, n x n row-major, of which the lower
/// triangle is read.
///
/// Runs on the calling thread, so that the result does not depend on how many
/// there are: meant for a few hundred rows.
///
/// ```
/// let eigen = layerprobe_linalg::symmetric_eigen(&[2.0, 1.0, 1.0, 2.0], 2)?;
/// assert!((eigen.values[0] - 3.0).abs() < 1e-12);
/// assert!((eigen.values[1] - 1.0).abs() < 1e-12);
/// # Ok::<(), layerprobe_linalg::EigenError>(())
/// ```
///
/// # Errors
/// If an entry is not finite, or the iteration does not settle.
///
/// # Panics
/// If the slice does not hold `size * size` entries.
pub fn symmetric_eigen(matrix: &[f64], size: usize) -> Result<Eigen, EigenError> {
    assert_eq!(matrix.len(), size * size, "a {size} x {size} matrix");
    if size == 0 {
        return Ok(Eigen {
            values: Vec::new(),
            vectors: Vec::new(),
        });
    }
    if matrix.iter().any(|x| !x.is_finite()) {
        return Err(EigenError::NotFinite { size });
    }
    let source = Mat::from_fn(size, size, |i, j| matrix[i.max(j) * size + i.min(j)]);
    let mut vectors = Mat::<f64>::zeros(size, size);
    let mut values = Diag::<f64>::zeros(size);
    let params: Spec<evd::SelfAdjointEvdParams, f64> = Spec::default();
    let scratch =
        evd::self_adjoint_evd_scratch::<f64>(size, evd::ComputeEigenvectors::Yes, Par::Seq, params);
    evd::self_adjoint_evd(
        source.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    )
    .map_err(|_| EigenError::NoConvergence { size })?;
    let ascending = values.column_vector();
    let mut row_major = vec![0.0; size * size];
    for (i, row) in row_major.chunks_exact_mut(size).enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            *entry = vectors[(i, size - 1 - j)];
        }
    }
    Ok(Eigen {
        values: (0..size).map(|j| ascending[size - 1 - j]).collect(),
        vectors: row_major,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconstructs_the_matrix() {
        let n = 37;
        let entry = |i: usize, j: usize| ((i * j + i + j) % 11) as f64 / 7.0;
        let matrix: Vec<f64> = (0..n * n).map(|x| entry(x / n, x % n)).collect();
        let Eigen { values, vectors } = symmetric_eigen(&matrix, n).unwrap();
        assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = (0..n)
                    .map(|l| vectors[i * n + l] * values[l] * vectors[j * n + l])
                    .sum();
                assert!((sum - matrix[i * n + j]).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn refuses_nan_and_accepts_nothing() {
        assert_eq!(
            symmetric_eigen(&[f64::NAN], 1).unwrap_err(),
            EigenError::NotFinite { size: 1 }
        );
        assert!(symmetric_eigen(&[], 0).unwrap().values.is_empty());
    }
}
