#![allow(unsafe_code, reason = "kernels take matrices as pointers")]

use crate::{MatMut, MatRef};

/// How many threads a product may use. The result is the same, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread only: for products inside a parallel loop.
    One,
    /// All threads of the current rayon pool.
    Pool,
}

pub(crate) mod sealed {
    /// Closes [`super::Element`]; converts for the crate's own algorithms.
    pub trait Sealed {
        fn rounded(value: f64) -> Self;
        fn widened(self) -> f64;
    }

    impl Sealed for f32 {
        fn rounded(value: f64) -> Self {
            value as f32
        }

        fn widened(self) -> f64 {
            f64::from(self)
        }
    }

    impl Sealed for f64 {
        fn rounded(value: f64) -> Self {
            value
        }

        fn widened(self) -> f64 {
            self
        }
    }
}

/// The element types with product kernels: `f32` and `f64`.
pub trait Element: sealed::Sealed + Copy + PartialEq + Send + Sync + 'static {
    /// Additive identity.
    const ZERO: Self;
}

impl Element for f32 {
    const ZERO: Self = 0.0;
}

impl Element for f64 {
    const ZERO: Self = 0.0;
}

/// `dst = beta * dst + alpha * a * b`; with `beta` 0 what `dst` held before
/// is never read.
///
/// # Panics
/// If the shapes do not fit: `a` is m x k, `b` k x n, `dst` m x n.
pub fn matmul<T: Element>(
    mut dst: MatMut<'_, T>,
    beta: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    alpha: T,
    threads: Threads,
) {
    let (m, k, n) = (a.rows(), a.cols(), b.cols());
    assert!(
        b.rows() == k && dst.rows() == m && dst.cols() == n,
        "product of {m} x {k} and {} x {n} into {} x {}",
        b.rows(),
        dst.rows(),
        dst.cols()
    );
    if m == 0 || n == 0 {
        return;
    }
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::Pool => gemm::Parallelism::Rayon(0),
    };
    let (dst_ptr, dst_rs, dst_cs) = dst.parts();
    let (a_ptr, a_rs, a_cs) = a.parts();
    let (b_ptr, b_rs, b_cs) = b.parts();
    // SAFETY: every view checked on construction that all its entries lie
    // within its slice; `dst` is borrowed exclusively and its entries do not
    // overlap; `T` is f32 or f64, the types gemm has kernels for.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            dst_ptr,
            dst_cs,
            dst_rs,
            beta != T::ZERO,
            a_ptr,
            a_cs,
            a_rs,
            b_ptr,
            b_cs,
            b_rs,
            beta,
            alpha,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
        let mut c = vec![0.0; m * n];
        for i in 0..m {
            for j in 0..n {
                c[i * n + j] = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
            }
        }
        c
    }

    proptest! {
        #[test]
        fn agrees_with_three_loops(m in 1usize..20, k in 1usize..40, n in 1usize..20, seed in 0u64..1000) {
            let value = |i: usize| (((i as u64 + 1) * (seed + 7919) * 2654435761) % 1000) as f64 / 500.0 - 1.0;
            let a: Vec<f64> = (0..m * k).map(value).collect();
            let b: Vec<f64> = (0..k * n).map(|i| value(i + 31)).collect();
            let mut c = vec![f64::NAN; m * n];
            matmul(MatMut::row_major(&mut c, m, n), 0.0, MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n), 1.0, Threads::One);
            let expected = naive(&a, &b, m, k, n);
            for (x, y) in c.iter().zip(&expected) {
                prop_assert!((x - y).abs() < 1e-12 * k as f64);
            }
            // accumulate: 2 dst - a b leaves a b
            matmul(MatMut::row_major(&mut c, m, n), 2.0, MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n), -1.0, Threads::Pool);
            for (x, y) in c.iter().zip(&expected) {
                prop_assert!((x - y).abs() < 1e-12 * k as f64);
            }
        }
    }

    #[test]
    fn an_empty_inner_dimension_gives_zero() {
        let mut c = [f64::NAN; 4];
        let empty: [f64; 0] = [];
        matmul(
            MatMut::row_major(&mut c, 2, 2),
            0.0,
            MatRef::row_major(&empty, 2, 0),
            MatRef::row_major(&empty, 0, 2),
            1.0,
            Threads::One,
        );
        assert_eq!(c, [0.0; 4]);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let (m, k, n) = (517, 1031, 263);
        let a: Vec<f32> = (0..m * k)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) / 17.0)
            .collect();
        let b: Vec<f32> = (0..k * n)
            .map(|i| ((i * 53 % 97) as f32 - 48.0) / 13.0)
            .collect();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let mut c = vec![0f32; m * n];
            pool.install(|| {
                matmul(
                    MatMut::row_major(&mut c, m, n),
                    0.0,
                    MatRef::row_major(&a, m, k),
                    MatRef::row_major(&b, k, n),
                    1.0,
                    Threads::Pool,
                )
            });
            c.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(3));
    }

    #[test]
    #[should_panic(expected = "overlap")]
    fn overlapping_output_is_refused() {
        let mut c = [0f32; 10];
        let _ = MatMut::strided(&mut c, 3, 3, 1, 2);
    }
}
