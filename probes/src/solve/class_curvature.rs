//! The likelihood's curvature row by row and class by class.

use layerprobe_linalg::{GramAccumulator, InverseFactor, MatRef};
use rayon::prelude::*;

use super::newton::Task;
use super::space::Covariance;

/// Rows of the matrix taken up at once.
const ROWS: usize = 1024;
/// Rounding of products in singles, as a share of a system's trace.
const ROUNDING: f64 = 1e-9;
/// A row's curvature, as a share of the penalty, below which it takes no part
/// in what rows share: it moves no logit by much.
const NEGLIGIBLE: f64 = 0.3;

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

enum System {
    Dimensions(InverseFactor),
    Rows(RowSystem),
}

/// A system over rows, split into those that matter and the others, which it
/// takes one by one.
struct RowSystem {
    active: Vec<usize>,
    /// `D^1/2` of the active rows.
    roots: Vec<f64>,
    factor: InverseFactor,
    /// `D` of the active rows.
    weights: Vec<f64>,
    penalty: f64,
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
                let weights = weights(task, residual, class);
                match covariance {
                    Covariance::Gram(gram) => {
                        RowSystem::new(gram, &weights, penalty).map(System::Rows)
                    }
                    Covariance::Matrix(matrix) => over_dimensions(matrix, &weights, penalty),
                }
            })
            .collect::<Option<_>>()?;
        Some(Self { classes })
    }

    /// The direction for a gradient, coefficients x classes; `image` gives the
    /// logits of coefficients. What all classes have in common is left out:
    /// nothing but the penalty depends on it.
    pub fn solve(&self, gradient: &[f64], image: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
        let k = self.classes.len();
        let column = |values: &[f64], class: usize| -> Vec<f64> {
            values.iter().skip(class).step_by(k).copied().collect()
        };
        let mut alone = vec![0.0; gradient.len()];
        for (class, system) in self.classes.iter().enumerate() {
            if let System::Rows(system) = system {
                system.solve_alone(gradient, &mut alone, class, k);
            }
        }
        let felt = match self.classes.first() {
            Some(System::Rows(_)) => image(&alone),
            _ => Vec::new(),
        };
        let solved: Vec<Vec<f64>> = self
            .classes
            .par_iter()
            .enumerate()
            .map(|(class, system)| match system {
                System::Dimensions(factor) => {
                    let right: Vec<f32> =
                        column(gradient, class).iter().map(|&x| x as f32).collect();
                    factor.solve(&right, 1).into_iter().map(f64::from).collect()
                }
                System::Rows(system) => system.solve(
                    &column(gradient, class),
                    column(&alone, class),
                    &column(&felt, class),
                ),
            })
            .collect();
        let mut direction = vec![0.0; gradient.len()];
        for (i, row) in direction.chunks_exact_mut(k).enumerate() {
            let mean = solved.iter().map(|column| column[i]).sum::<f64>() / k as f64;
            for (x, column) in row.iter_mut().zip(&solved) {
                *x = column[i] - mean;
            }
        }
        direction
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
            weights: active.iter().map(|&i| weights[i]).collect(),
            penalty,
            active,
            roots,
        })
    }

    /// Puts the solution on all rows but the active ones into a class's
    /// column.
    fn solve_alone(&self, gradient: &[f64], alone: &mut [f64], class: usize, k: usize) {
        for (x, g) in alone.chunks_exact_mut(k).zip(gradient.chunks_exact(k)) {
            x[class] = g[class] / self.penalty;
        }
        for &i in &self.active {
            alone[i * k + class] = 0.0;
        }
    }

    /// The whole solution, given its part on the other rows and the logits of
    /// that part.
    fn solve(&self, gradient: &[f64], alone: Vec<f64>, felt: &[f64]) -> Vec<f64> {
        let rows = || self.active.iter().zip(self.roots.iter().zip(&self.weights));
        let right: Vec<f32> = rows()
            .map(|(&i, (root, weight))| ((gradient[i] - weight * felt[i]) / root) as f32)
            .collect();
        let mut solution = alone;
        for ((&i, (root, _)), x) in rows().zip(self.factor.solve(&right, 1)) {
            solution[i] = root * f64::from(x);
        }
        solution
    }
}

fn over_dimensions(matrix: MatRef<'_, f64>, weights: &[f64], penalty: f64) -> Option<System> {
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
        panel.resize(dims * rows.len(), 0f32);
        panel
            .par_chunks_exact_mut(rows.len())
            .enumerate()
            .for_each(|(j, column)| {
                for ((out, root), &i) in column.iter_mut().zip(&roots).zip(rows) {
                    *out = (root * matrix.at(i, j)) as f32;
                }
            });
        gram.add(&panel, rows.len());
    }
    let mut system = gram.finish();
    let trace: f64 = system.iter().step_by(dims + 1).sum();
    // what products in singles leave uncertain is not worth following
    let shift = penalty.max(ROUNDING * trace);
    for diagonal in system.iter_mut().step_by(dims + 1) {
        *diagonal += shift;
    }
    InverseFactor::new(system, dims).map(System::Dimensions)
}

/// Each row's `p (1 - p)` of a class.
fn weights(task: Task<'_>, residual: &[f64], class: usize) -> Vec<f64> {
    residual
        .chunks_exact(task.classes)
        .zip(task.labels)
        .map(|(r, &label)| match label as usize == class {
            true => -r[class] * (1.0 + r[class]),
            false => r[class] * (1.0 - r[class]),
        })
        .collect()
}
