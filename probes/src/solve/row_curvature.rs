//! The likelihood's curvature row by row.

use layerprobe_linalg::{GramAccumulator, InverseFactor, MatRef, apart};
use rayon::prelude::*;

use super::space::Covariance;

/// Rows of the matrix taken up at once.
const ROWS: usize = 1024;
/// Rounding of products in singles, as a share of a system's trace.
const ROUNDING: f64 = 1e-9;
/// A row's curvature, as a share of the penalty, below which it takes no part
/// in what rows share: it moves no logit by much.
const NEGLIGIBLE: f64 = 0.3;

/// A Newton system at one place of one fit, factored, the same for all
/// classes: each row counts with the mean of its `p (1 - p)` over classes.
///
/// Where a few rows carry the likelihood (small penalties, nearly separable
/// classes), one mean curvature for all rows says little about single
/// directions, and the plain preconditioner takes hundreds of iterations. This
/// one takes each row's curvature and all eigenvalues as they are. It stays
/// useful when the place moves on: it only shapes directions. A system for each
/// class, or the whole Hessian, saved too few iterations to pay for itself: the
/// way to the optimum of a nearly separable fit is long because its curvature
/// changes along it.
///
/// With `D = diag mean of p (1 - p)`, the system is `X^T D X + penalty` on
/// weights, and `penalty + D K = D^1/2 (penalty + D^1/2 K D^1/2) D^-1/2` on
/// coefficients of the rows.
pub(crate) enum RowCurvature {
    Dimensions(InverseFactor),
    Rows(RowSystem),
}

/// A system over rows, split into those that matter and the others, which it
/// takes one by one.
pub(crate) struct RowSystem {
    active: Vec<usize>,
    /// `D^1/2` of the active rows.
    roots: Vec<f64>,
    factor: InverseFactor,
    penalty: f64,
}

impl RowCurvature {
    /// Factors the system; `residual` is `p - e_y`, rows x classes. None where
    /// rounding leaves it indefinite.
    pub fn new(
        covariance: Covariance<'_>,
        residual: &[f64],
        classes: usize,
        penalty: f64,
    ) -> Option<Self> {
        let weights = weights(residual, classes);
        match covariance {
            Covariance::Gram(gram) => RowSystem::new(gram, &weights, penalty).map(Self::Rows),
            Covariance::Matrix(matrix) => {
                over_dimensions(matrix, &weights, penalty).map(Self::Dimensions)
            }
            // the whole Hessian of the leading directions serves these
            Covariance::Principal(_) => None,
        }
    }

    /// The part of the solution that rows have alone, coefficients x classes;
    /// none over dimensions. [`Self::solve`] wants it with its image.
    pub fn alone(&self, gradient: &[f64], classes: usize) -> Option<Vec<f64>> {
        let Self::Rows(system) = self else {
            return None;
        };
        let mut alone: Vec<f64> = gradient.iter().map(|g| g / system.penalty).collect();
        for &i in &system.active {
            alone[i * classes..][..classes].fill(0.0);
        }
        Some(alone)
    }

    /// The direction for a gradient, coefficients x classes, given the part
    /// alone and the logits of that part.
    pub fn solve(
        &self,
        gradient: &[f64],
        classes: usize,
        alone: Option<(Vec<f64>, Vec<f64>)>,
    ) -> Vec<f64> {
        let narrow = |values: &mut dyn Iterator<Item = f64>| -> Vec<f32> {
            values.map(|x| x as f32).collect()
        };
        match (self, alone) {
            (Self::Rows(system), Some((mut solution, felt))) => {
                let rows = || system.active.iter().zip(&system.roots);
                let right = narrow(&mut rows().flat_map(|(&i, &root)| {
                    let range = i * classes..(i + 1) * classes;
                    let own = gradient[range.clone()].iter().zip(&felt[range]);
                    own.map(move |(g, f)| g / root - root * f)
                }));
                let solved = system.factor.solve(&right, classes);
                for ((&i, root), solved) in rows().zip(solved.chunks_exact(classes)) {
                    for (x, &s) in solution[i * classes..].iter_mut().zip(solved) {
                        *x = root * f64::from(s);
                    }
                }
                solution
            }
            (Self::Rows(RowSystem { factor, .. }) | Self::Dimensions(factor), _) => {
                let right = narrow(&mut gradient.iter().copied());
                let solved = factor.solve(&right, classes);
                solved.into_iter().map(f64::from).collect()
            }
        }
    }
}

impl RowSystem {
    fn new(gram: MatRef<'_, f64>, weights: &[f64], penalty: f64) -> Option<Self> {
        let own = |i: usize| weights[i] * gram.at(i, i);
        let active: Vec<usize> = (0..gram.rows())
            .filter(|&i| own(i) > NEGLIGIBLE * penalty)
            .collect();
        let roots: Vec<f64> = active.iter().map(|&i| weights[i].sqrt()).collect();
        let n = active.len();
        let mut system = vec![0f32; n * n];
        system
            .par_chunks_mut(n.max(1))
            .enumerate()
            .for_each(|(i, row)| {
                for (j, out) in row.iter_mut().enumerate().take(i + 1) {
                    *out = (roots[i] * roots[j] * gram.at(active[i], active[j])) as f32;
                }
                row[i] += penalty as f32;
            });
        Some(Self {
            factor: InverseFactor::new(system, n)?,
            penalty,
            active,
            roots,
        })
    }
}

fn over_dimensions(
    matrix: MatRef<'_, f64>,
    weights: &[f64],
    penalty: f64,
) -> Option<InverseFactor> {
    let dims = matrix.cols();
    let own = |i: usize| weights[i] * (0..dims).map(|j| matrix.at(i, j).powi(2)).sum::<f64>();
    let active: Vec<usize> = (0..matrix.rows())
        .into_par_iter()
        .filter(|&i| own(i) > NEGLIGIBLE * penalty)
        .collect();
    let mut gram = GramAccumulator::new(dims);
    let mut panel = Vec::new();
    for rows in active.chunks(ROWS) {
        let roots: Vec<f64> = rows.iter().map(|&i| weights[i].sqrt()).collect();
        let stride = apart(rows.len());
        panel.resize(dims * stride, 0f32);
        panel
            .par_chunks_exact_mut(stride)
            .enumerate()
            .for_each(|(j, column)| {
                for ((out, root), &i) in column.iter_mut().zip(&roots).zip(rows) {
                    *out = (root * matrix.at(i, j)) as f32;
                }
            });
        gram.add_strided(&panel, rows.len(), stride);
    }
    let mut system = gram.finish();
    let trace: f64 = system.iter().step_by(dims + 1).sum();
    // what products in singles leave uncertain is not worth following
    let shift = penalty.max(ROUNDING * trace);
    for diagonal in system.iter_mut().step_by(dims + 1) {
        *diagonal += shift;
    }
    InverseFactor::new(system, dims)
}

/// Each row's mean of `p (1 - p)` over classes.
pub(super) fn weights(residual: &[f64], classes: usize) -> Vec<f64> {
    residual
        .chunks_exact(classes)
        .map(|residual| {
            // at the label the residual is p - 1, elsewhere p
            let each = residual.iter().map(|r| r.abs() * (1.0 - r.abs()));
            each.sum::<f64>() / classes as f64
        })
        .collect()
}
