//! The likelihood's curvature row by row and class by class.

use layerprobe_linalg::{GramAccumulator, InverseFactor, MatRef};

use super::newton::Task;
use super::space::Covariance;

/// Rows of the matrix taken up at once.
const ROWS: usize = 1024;
/// Rounding of products in singles, as a share of a system's trace.
const ROUNDING: f64 = 1e-9;
/// Least weight of a row, as a share of the mean: keeps the system's scaling
/// within the reach of singles where most rows are classified beyond doubt.
const LEAST: f64 = 1e-4;

/// A Newton system for each class at one place of one fit, factored: the
/// Hessian without what couples the classes.
///
/// Where a few rows carry the likelihood (small penalties, nearly separable
/// classes), one mean curvature for all rows and classes says little about
/// single directions, and the plain preconditioner takes hundreds of
/// iterations. This one takes each row's `p (1 - p)` and all eigenvalues as
/// they are. It stays useful when the place moves on: it only shapes
/// directions.
///
/// With `D = diag p (1 - p)` of a class, the system is `X^T D X + penalty` on
/// weights, and `penalty + D K = D^1/2 (penalty + D^1/2 K D^1/2) D^-1/2` on
/// coefficients of the rows.
pub(crate) struct ClassCurvature {
    classes: Vec<System>,
}

struct System {
    factor: InverseFactor,
    /// `D^1/2` where the system is over rows.
    roots: Option<Vec<f64>>,
}

impl ClassCurvature {
    /// Factors the systems; `residual` is `p - e_y`. None where rounding
    /// leaves one indefinite.
    pub fn new(
        covariance: Covariance<'_>,
        task: Task<'_>,
        residual: &[f64],
        penalty: f64,
    ) -> Option<Self> {
        let classes = (0..task.classes)
            .map(|class| {
                let roots = roots(task, residual, class);
                match covariance {
                    Covariance::Gram(gram) => over_rows(gram, roots, penalty),
                    Covariance::Matrix(matrix) => over_dimensions(matrix, &roots, penalty),
                }
            })
            .collect::<Option<_>>()?;
        Some(Self { classes })
    }

    /// The direction for a gradient, coefficients x classes. What all classes
    /// have in common is left out: nothing but the penalty depends on it.
    pub fn solve(&self, gradient: &[f64]) -> Vec<f64> {
        let k = self.classes.len();
        let mut direction = vec![0.0; gradient.len()];
        for (class, system) in self.classes.iter().enumerate() {
            let own = gradient.iter().skip(class).step_by(k);
            let solved = system.solve(own.copied().collect());
            for (out, x) in direction.iter_mut().skip(class).step_by(k).zip(solved) {
                *out = x;
            }
        }
        for row in direction.chunks_exact_mut(k) {
            let mean = row.iter().sum::<f64>() / k as f64;
            for x in row {
                *x -= mean;
            }
        }
        direction
    }
}

impl System {
    fn solve(&self, mut right: Vec<f64>) -> Vec<f64> {
        let scale = |values: &mut [f64], up: bool| {
            for (x, root) in values.iter_mut().zip(self.roots.iter().flatten()) {
                *x = if up { *x * root } else { *x / root };
            }
        };
        scale(&mut right, false);
        let right: Vec<f32> = right.iter().map(|&x| x as f32).collect();
        let solution = self.factor.solve(&right, 1).into_iter();
        let mut solution: Vec<f64> = solution.map(f64::from).collect();
        scale(&mut solution, true);
        solution
    }
}

fn over_rows(gram: MatRef<'_, f64>, roots: Vec<f64>, penalty: f64) -> Option<System> {
    let n = gram.rows();
    let mut system = vec![0.0; n * n];
    for (i, row) in system.chunks_exact_mut(n.max(1)).enumerate() {
        for (j, out) in row.iter_mut().enumerate().take(i + 1) {
            *out = roots[i] * roots[j] * gram.at(i, j);
        }
        row[i] += penalty;
    }
    Some(System {
        factor: InverseFactor::new(system, n)?,
        roots: Some(roots),
    })
}

fn over_dimensions(matrix: MatRef<'_, f64>, roots: &[f64], penalty: f64) -> Option<System> {
    let (rows, dims) = (matrix.rows(), matrix.cols());
    let mut gram = GramAccumulator::new(dims);
    let mut panel = Vec::new();
    for start in (0..rows).step_by(ROWS) {
        let roots = &roots[start..rows.min(start + ROWS)];
        panel.resize(dims * roots.len(), 0f32);
        for (j, column) in panel.chunks_exact_mut(roots.len()).enumerate() {
            for ((out, root), i) in column.iter_mut().zip(roots).zip(start..) {
                *out = (root * matrix.at(i, j)) as f32;
            }
        }
        gram.add(&panel, roots.len());
    }
    let mut system = gram.finish();
    let trace: f64 = system.iter().step_by(dims + 1).sum();
    // what products in singles leave uncertain is not worth following
    let shift = penalty.max(ROUNDING * trace);
    for diagonal in system.iter_mut().step_by(dims + 1) {
        *diagonal += shift;
    }
    Some(System {
        factor: InverseFactor::new(system, dims)?,
        roots: None,
    })
}

/// Square roots of each row's `p (1 - p)` of a class.
fn roots(task: Task<'_>, residual: &[f64], class: usize) -> Vec<f64> {
    let weights: Vec<f64> = residual
        .chunks_exact(task.classes)
        .zip(task.labels)
        .map(|(r, &label)| match label as usize == class {
            true => -r[class] * (1.0 + r[class]),
            false => r[class] * (1.0 - r[class]),
        })
        .collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    let least = (LEAST * mean).max(f64::MIN_POSITIVE);
    weights.iter().map(|w| w.max(least).sqrt()).collect()
}
