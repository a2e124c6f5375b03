//! The likelihood's whole Hessian, for problems small enough to factor it.

use layerprobe_linalg::{Cholesky, MatMut, MatRef, Threads, matmul};
use rayon::prelude::*;

use super::newton::Task;

/// Most coefficients (dimensions and intercept, times classes) for which the
/// Hessian is factored: about a second's work in all at this size.
const LARGEST: usize = 1500;

/// A factored Hessian over weights and intercepts at one place of one fit.
///
/// Where classes overlap and the penalty is small, the mean curvature says
/// little about single directions, and the plain preconditioner takes
/// thousands of iterations; with this one a handful is left. It stays useful
/// when the place moves on: it only shapes directions.
pub(crate) struct Curvature {
    factor: Cholesky,
    dims: usize,
    classes: usize,
}

impl Curvature {
    /// Whether a problem is small enough.
    pub fn affordable(dims: usize, classes: usize) -> bool {
        (dims + 1) * classes <= LARGEST
    }

    /// Factors `sum over rows of x x^T (diag p - p p^T) + penalty`, with a 1
    /// put after each row of `matrix`; `residual` is `p - e_y`. None where
    /// rounding leaves it indefinite.
    pub fn new(
        matrix: MatRef<'_, f64>,
        task: Task<'_>,
        residual: &[f64],
        penalty: f64,
    ) -> Option<Self> {
        let (rows, dims, k) = (matrix.rows(), matrix.cols(), task.classes);
        let width = dims + 1;
        let size = width * k;
        let mut augmented = vec![1.0; rows * width];
        for i in 0..rows {
            for j in 0..dims {
                augmented[i * width + j] = matrix.at(i, j);
            }
        }
        let pairs: Vec<(usize, usize)> =
            (0..k).flat_map(|c| (0..=c).map(move |d| (c, d))).collect();
        let blocks: Vec<Vec<f64>> = pairs
            .par_iter()
            .map(|&(c, d)| {
                let mut weighted = augmented.clone();
                for ((row, r), &label) in weighted
                    .chunks_exact_mut(width)
                    .zip(residual.chunks_exact(k))
                    .zip(task.labels)
                {
                    let miss = -r[label as usize];
                    let p = |e: usize| {
                        if e == label as usize {
                            1.0 - miss
                        } else {
                            r[e]
                        }
                    };
                    let rest = if c == label as usize {
                        miss
                    } else {
                        1.0 - r[c]
                    };
                    let weight = if c == d { p(c) * rest } else { -p(c) * p(d) };
                    for x in row {
                        *x *= weight;
                    }
                }
                let mut block = vec![0.0; width * width];
                matmul(
                    MatMut::row_major(&mut block, width, width),
                    0.0,
                    MatRef::row_major(&augmented, rows, width).t(),
                    MatRef::row_major(&weighted, rows, width),
                    1.0,
                    Threads::One,
                );
                block
            })
            .collect();
        let mut hessian = vec![0.0; size * size];
        for (&(c, d), block) in pairs.iter().zip(&blocks) {
            for (i, row) in block.chunks_exact(width).enumerate() {
                let start = (c * width + i) * size + d * width;
                hessian[start..start + width].copy_from_slice(row);
            }
        }
        // weights feel the penalty; the intercepts' common shift, on which
        // nothing depends, gets the mean curvature
        let shift = (0..k)
            .map(|c| hessian[(c * width + dims) * (size + 1)])
            .sum::<f64>()
            / (k * k) as f64;
        for c in 0..k {
            for i in 0..dims {
                hessian[(c * width + i) * (size + 1)] += penalty;
            }
            for d in 0..=c {
                hessian[(c * width + dims) * size + d * width + dims] += shift;
            }
        }
        Cholesky::new(&hessian, size).map(|factor| Self {
            factor,
            dims,
            classes: k,
        })
    }

    /// Newton's direction, up to its sign, for a gradient dims x classes with
    /// the intercepts' part 0.
    pub fn solve(&self, gradient: &[f64]) -> Vec<f64> {
        let (dims, k) = (self.dims, self.classes);
        let width = dims + 1;
        let mut x = vec![0.0; width * k];
        for (i, row) in gradient.chunks_exact(k).enumerate() {
            for (c, g) in row.iter().enumerate() {
                x[c * width + i] = *g;
            }
        }
        self.factor.solve(&mut x);
        let mut direction = vec![0.0; dims * k];
        for (i, row) in direction.chunks_exact_mut(k).enumerate() {
            for (c, out) in row.iter_mut().enumerate() {
                *out = x[c * width + i];
            }
        }
        direction
    }
}
