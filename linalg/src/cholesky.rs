use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor;
use faer::{Mat, Par, Spec};

/// `L` of a small symmetric positive definite matrix `L L^T`, size x size
/// row-major, of which the lower triangle is read; zeros above the diagonal.
/// None if it is not positive definite. Runs on the calling thread.
pub(crate) fn small_cholesky(matrix: &[f64], size: usize) -> Option<Vec<f64>> {
    let mut l = Mat::from_fn(size, size, |i, j| matrix[i.max(j) * size + i.min(j)]);
    let params: Spec<factor::LltParams, f64> = Spec::default();
    let scratch = factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, params);
    factor::cholesky_in_place(
        l.as_mut(),
        factor::LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    )
    .ok()?;
    let entry = |i: usize, j: usize| if j <= i { l[(i, j)] } else { 0.0 };
    let l: Vec<f64> = (0..size * size)
        .map(|x| entry(x / size, x % size))
        .collect();
    l.iter().all(|x| x.is_finite()).then_some(l)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_factored() {
        let n = 70;
        let entry = |i: usize, j: usize| {
            let near = 1.0 / (1.0 + i.abs_diff(j) as f64);
            if i == j { near + 3.0 } else { near }
        };
        let matrix: Vec<f64> = (0..n * n).map(|x| entry(x / n, x % n)).collect();
        let l = small_cholesky(&matrix, n).unwrap();
        for i in 0..n {
            for j in 0..n {
                let product: f64 = (0..n).map(|m| l[i * n + m] * l[j * n + m]).sum();
                assert!((product - entry(i, j)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(small_cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(small_cholesky(&[f64::NAN], 1).is_none());
        assert!(small_cholesky(&[], 0).is_some());
    }
}
