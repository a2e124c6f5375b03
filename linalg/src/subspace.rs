use crate::{Eigen, EigenError, LeadingPanels, MatMut, MatRef, Threads, matmul, symmetric_eigen};

/// Directions whose share of the largest is below this are noise of f32.
const CUT: f64 = 1e-10;

/// Approximations to the leading eigenpairs of a symmetric positive
/// semidefinite n x n matrix `K`.
#[derive(Clone, Debug)]
pub struct LeadingEigen {
    /// Ritz values, largest first; at most as many as asked for.
    pub values: Vec<f64>,
    /// Orthonormal vectors `U`, n x m row-major.
    pub vectors: Vec<f32>,
    /// `K U`, n x m row-major.
    pub images: Vec<f32>,
}

/// Finds about `count` leading eigenpairs: the span of evenly spaced columns
/// of `K`, multiplied once more by `K`, then Rayleigh and Ritz.
///
/// Meant to build a preconditioner, whose quality costs time but never
/// changes an answer. Nothing is drawn at random, and products run in f32
/// with orthonormalization in f64.
///
/// # Errors
/// If `K` holds NaN or infinity.
///
/// # Panics
/// If `matrix` is not square.
pub fn leading_eigen(matrix: LeadingPanels<'_>, count: usize) -> Result<LeadingEigen, EigenError> {
    let n = matrix.rows();
    assert_eq!(n, matrix.cols(), "a square matrix");
    let m = count.min(n);
    let mut start = vec![0f32; n * m];
    for (i, row) in start.chunks_exact_mut(m.max(1)).enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            *entry = matrix.at(i, j * n / m);
        }
    }
    let (basis, m) = orthonormal(&start, n, m)?;
    let powered = matrix.times(&basis, m);
    let (basis, m) = orthonormal(&powered, n, m)?;
    let images = matrix.times(&basis, m);
    let (basis64, images64) = (widen(&basis), widen(&images));
    let mut ritz = gram(&basis64, &images64, n, m);
    for i in 0..m {
        for j in 0..i {
            ritz[i * m + j] = 0.5 * (ritz[i * m + j] + ritz[j * m + i]);
        }
    }
    let Eigen { values, vectors } = symmetric_eigen(&ritz, m)?;
    Ok(LeadingEigen {
        values,
        vectors: narrow(&rotate(&basis64, &vectors, n, m, m)),
        images: narrow(&rotate(&images64, &vectors, n, m, m)),
    })
}

/// An orthonormal basis of the columns of `block` (n x m), numerically
/// dependent ones left out; returns it with its width.
fn orthonormal(block: &[f32], n: usize, m: usize) -> Result<(Vec<f32>, usize), EigenError> {
    let mut block = widen(block);
    let mut lengths = vec![0f64; m];
    for row in block.chunks_exact(m.max(1)) {
        for (length, x) in lengths.iter_mut().zip(row) {
            *length += x * x;
        }
    }
    for row in block.chunks_exact_mut(m.max(1)) {
        for (x, length) in row.iter_mut().zip(&lengths) {
            *x /= length.sqrt().max(f64::MIN_POSITIVE);
        }
    }
    let Eigen { values, vectors } = symmetric_eigen(&gram(&block, &block, n, m), m)?;
    let floor = CUT * values.first().copied().unwrap_or(0.0);
    let kept = values.iter().take_while(|&&v| v > floor).count();
    let mut turn = vec![0.0; m * kept];
    for i in 0..m {
        for j in 0..kept {
            turn[i * kept + j] = vectors[i * m + j] / values[j].sqrt();
        }
    }
    Ok((narrow(&rotate(&block, &turn, n, m, kept)), kept))
}

fn gram(a: &[f64], b: &[f64], n: usize, m: usize) -> Vec<f64> {
    let mut product = vec![0.0; m * m];
    matmul(
        MatMut::row_major(&mut product, m, m),
        0.0,
        MatRef::row_major(a, n, m).t(),
        MatRef::row_major(b, n, m),
        1.0,
        Threads::Pool,
    );
    product
}

fn rotate(block: &[f64], turn: &[f64], n: usize, m: usize, kept: usize) -> Vec<f64> {
    let mut product = vec![0.0; n * kept];
    matmul(
        MatMut::row_major(&mut product, n, kept),
        0.0,
        MatRef::row_major(block, n, m),
        MatRef::row_major(turn, m, kept),
        1.0,
        Threads::Pool,
    );
    product
}

fn widen(block: &[f32]) -> Vec<f64> {
    block.iter().map(|&x| f64::from(x)).collect()
}

fn narrow(block: &[f64]) -> Vec<f32> {
    block.iter().map(|&x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Panels;

    fn panels(matrix: &[f32], n: usize) -> Panels {
        Panels::from_fn(n, n, |i, j| matrix[i * n + j])
    }

    /// `K = sum_j 2^-j v_j v_j^T` over cosine vectors.
    fn decaying(n: usize, rank: usize) -> Vec<f32> {
        let wave = |i: usize, j: usize| {
            let angle = std::f64::consts::PI * (i as f64 + 0.5) * j as f64 / n as f64;
            let scale = if j == 0 { 1.0 } else { 2.0 };
            (scale / n as f64).sqrt() * angle.cos()
        };
        (0..n * n)
            .map(|x| {
                let (i, k) = (x / n, x % n);
                (0..rank)
                    .map(|j| 0.5f64.powi(j as i32) * wave(i, j) * wave(k, j))
                    .sum::<f64>() as f32
            })
            .collect()
    }

    #[test]
    fn finds_a_known_spectrum() {
        let n = 90;
        let k = decaying(n, 60);
        let found = leading_eigen(panels(&k, n).leading(n, n), 12).unwrap();
        for (j, value) in found.values.iter().take(6).enumerate() {
            let exact = 0.5f64.powi(j as i32);
            assert!((value - exact).abs() < 1e-4 * exact, "{j}: {value}");
        }
        let m = found.values.len();
        for i in 0..n {
            let residual = found.images[i * m] - found.values[0] as f32 * found.vectors[i * m];
            assert!(residual.abs() < 1e-4);
        }
    }

    #[test]
    fn dependent_columns_are_left_out() {
        let n = 40;
        let k = decaying(n, 3);
        let found = leading_eigen(panels(&k, n).leading(n, n), 10).unwrap();
        assert!(found.values.len() < 10);
        assert!((found.values[2] - 0.25).abs() < 1e-4);
        let zero = leading_eigen(panels(&[0f32; 9], 3).leading(3, 3), 3).unwrap();
        assert!(zero.values.is_empty());
        assert!(
            leading_eigen(panels(&[], 0).leading(0, 0), 3)
                .unwrap()
                .values
                .is_empty()
        );
    }
}
