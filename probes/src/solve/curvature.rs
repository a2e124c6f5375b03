//! The likelihood's whole Hessian, for problems small enough to factor it.

use layerprobe_linalg::{Cholesky, InverseFactor, MatMut, MatRef, Threads, matmul};
use rayon::prelude::*;

use super::newton::Task;

/// A factored Hessian over weights and intercepts at one place of one fit.
///
/// Where classes overlap and the penalty is small, the mean curvature says
/// little about single directions, and the plain preconditioner takes
/// thousands of iterations; with this one a handful is left. It stays useful
/// when the place moves on: it only shapes directions.
///
/// Classes' decoders sum to 0, so all but the last are enough: with
/// `w_last = -(w_1 + ...)` a row's curvature `B = diag p - p p^T` becomes
/// `(e_c - e_last)^T B (e_d - e_last)`, and the penalty `penalty (1 + [c = d])`.
pub(crate) struct Curvature {
    factor: Factored,
    dims: usize,
    classes: usize,
}

enum Factored {
    /// In doubles.
    Exactly(Cholesky),
    /// Solved in singles: more iterations, at the speed of memory each.
    Nearly(InverseFactor),
}

/// Most unknowns that are solved for in doubles: factoring takes about a second
/// at this size.
pub(crate) const SMALL: usize = 1500;

impl Curvature {
    /// Number of unknowns: dimensions and intercept, times classes but one.
    pub fn size(dims: usize, classes: usize) -> usize {
        (dims + 1) * (classes - 1)
    }

    /// Number of unknowns of this one.
    pub fn unknowns(&self) -> usize {
        Self::size(self.dims, self.classes)
    }

    /// Factors `sum over rows of x x^T B + penalty`, with a 1 put after each
    /// row of `matrix`; `residual` is `p - e_y`. None where rounding leaves it
    /// indefinite.
    pub fn new(
        matrix: MatRef<'_, f64>,
        task: Task<'_>,
        residual: &[f64],
        penalty: f64,
    ) -> Option<Self> {
        let (rows, dims, k) = (matrix.rows(), matrix.cols(), task.classes);
        let width = dims + 1;
        let size = Self::size(dims, k);
        let mut augmented = vec![1.0; rows * width];
        for i in 0..rows {
            for j in 0..dims {
                augmented[i * width + j] = matrix.at(i, j);
            }
        }
        let pairs: Vec<(usize, usize)> = (0..k - 1)
            .flat_map(|c| (0..=c).map(move |d| (c, d)))
            .collect();
        let mut hessian = vec![0.0; size * size];
        // as many at a time as keep memory near that of the result
        for pairs in pairs.chunks(k) {
            let blocks: Vec<Vec<f64>> = pairs
                .par_iter()
                .map(|&pair| block(&augmented, width, task, residual, pair))
                .collect();
            for (&(c, d), block) in pairs.iter().zip(&blocks) {
                for (i, row) in block.chunks_exact(width).enumerate() {
                    let start = (c * width + i) * size + d * width;
                    hessian[start..start + width].copy_from_slice(row);
                }
            }
        }
        for c in 0..k - 1 {
            for d in 0..=c {
                let share = if c == d { 2.0 } else { 1.0 };
                for i in 0..dims {
                    hessian[(c * width + i) * size + d * width + i] += share * penalty;
                }
            }
        }
        let factor = match size <= SMALL {
            true => Factored::Exactly(Cholesky::new(&hessian, size)?),
            false => Factored::Nearly(InverseFactor::new(hessian, size)?),
        };
        Some(Self {
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
        let mut right = vec![0f64; width * (k - 1)];
        for (i, row) in gradient.chunks_exact(k).enumerate() {
            let last = row[k - 1];
            for (c, g) in row[..k - 1].iter().enumerate() {
                right[c * width + i] = g - last;
            }
        }
        let solved = match &self.factor {
            Factored::Exactly(factor) => {
                factor.solve(&mut right);
                right
            }
            Factored::Nearly(factor) => {
                let right: Vec<f32> = right.iter().map(|&x| x as f32).collect();
                let solved = factor.solve(&right, 1);
                solved.into_iter().map(f64::from).collect()
            }
        };
        let mut direction = vec![0.0; dims * k];
        for (i, row) in direction.chunks_exact_mut(k).enumerate() {
            for c in 0..k - 1 {
                row[c] = solved[c * width + i];
                row[k - 1] -= row[c];
            }
        }
        direction
    }
}

/// `X^T D X` with `D` the rows' curvature between two classes, against the
/// last.
fn block(
    augmented: &[f64],
    width: usize,
    task: Task<'_>,
    residual: &[f64],
    (c, d): (usize, usize),
) -> Vec<f64> {
    let k = task.classes;
    let rows = task.labels.len();
    let last = k - 1;
    let mut weighted = augmented.to_vec();
    for ((row, r), &label) in weighted
        .chunks_exact_mut(width)
        .zip(residual.chunks_exact(k))
        .zip(task.labels)
    {
        let label = label as usize;
        let miss = -r[label];
        let p = |e: usize| if e == label { 1.0 - miss } else { r[e] };
        let between = |e: usize, f: usize| match (e == f, e == label) {
            (false, _) => -p(e) * p(f),
            (true, true) => p(e) * miss,
            (true, false) => p(e) * (1.0 - r[e]),
        };
        let weight = between(c, d) - between(c, last) - between(last, d) + between(last, last);
        for x in row {
            *x *= weight;
        }
    }
    let mut block = vec![0.0; width * width];
    matmul(
        MatMut::row_major(&mut block, width, width),
        0.0,
        MatRef::row_major(augmented, rows, width).t(),
        MatRef::row_major(&weighted, rows, width),
        1.0,
        Threads::One,
    );
    block
}
