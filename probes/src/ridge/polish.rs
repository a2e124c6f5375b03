//! From a factorization's answer to a proven one on the activations.

use super::system::{Factor, System};
use crate::Certificate;
use crate::cut::Cut;
use crate::form::Form;
use crate::ridge::targets::centered;
use crate::solve::Panel;
use crate::standardize::Standardized;
use crate::work::Work;

/// Most conjugate-gradient steps. The factorization leaves the rounding of a
/// Gram matrix; where one or two do not mend it, the penalty lies far below
/// that rounding.
const STEPS: usize = 60;

/// One component to fit.
pub(super) struct Column<'a> {
    /// Centered values of the cut's rows.
    pub values: Vec<f64>,
    pub penalty: f64,
    pub factor: &'a Factor,
}

/// One component's fit.
#[derive(Clone, Debug)]
pub(super) struct Polished {
    /// One a varying dimension, on the standardized activations.
    pub weights: Vec<f64>,
    /// The intercept, above the target's mean.
    pub shift: f64,
    pub iterations: usize,
    pub certificate: Certificate,
}

/// Solves each component by its factor, then by conjugate gradients on the
/// standardized activations with the factor as preconditioner, until every
/// certified gap is within tolerance.
///
/// The gap is bounded in two ways, and the smaller taken: by
/// `||gradient||^2 / (2 penalty)` and, where `w = X^T c`, by
/// `1/2 ||residual + penalty c||^2`. With `r` that vector the gradient is
/// `X^T r` and the gap `1/2 r^T X (X^T X + penalty)^-1 X^T r`, and no
/// eigenvalue of the matrix between is above 1.
pub(super) fn polish(
    work: &Work<'_>,
    form: &Form,
    system: &System,
    cut: &Cut,
    columns: &[Column<'_>],
) -> Vec<Polished> {
    let operator = Operator {
        data: &work.data,
        rows: &cut.order,
        over_stimuli: system.over_stimuli(),
        penalties: columns.iter().map(|column| column.penalty).collect(),
    };
    let blocks: Vec<(&[f64], usize)> = columns.iter().map(|c| (&*c.values, 1)).collect();
    let targets = Panel::beside(cut.order.len(), &blocks);
    let right = system.right(form, &targets);
    let mut unknowns = preconditioned(columns, &right);
    let mut state = State::of(&operator, &unknowns, &targets);
    let mut iterations = vec![0; columns.len()];
    let mut last: Option<(Panel, Vec<f64>)> = None;
    for _ in 0..STEPS.min(work.params.max_iterations()) {
        let open: Vec<bool> = state
            .certificates
            .iter()
            .map(|certificate| certificate.relative_gap() > work.params.tolerance())
            .collect();
        if !open.contains(&true) {
            break;
        }
        let slope = preconditioned(columns, &state.residual);
        let sizes = dots(&state.residual, &slope);
        let direction = match &last {
            None => slope,
            Some((before, earlier)) => {
                let kept: Vec<f64> = (0..columns.len())
                    .map(|k| match open[k] && earlier[k] > 0.0 {
                        true => sizes[k] / earlier[k],
                        false => 0.0,
                    })
                    .collect();
                sum(&slope, before, &kept)
            }
        };
        let bent = dots(&direction, &operator.apply(&direction));
        let slopes = dots(&state.residual, &direction);
        let steps: Vec<f64> = (0..columns.len())
            .map(|k| match open[k] && bent[k] > 0.0 {
                true => -slopes[k] / bent[k],
                false => 0.0,
            })
            .collect();
        unknowns = sum(&unknowns, &direction, &steps);
        for (count, _) in iterations.iter_mut().zip(&open).filter(|(_, open)| **open) {
            *count += 1;
        }
        last = Some((direction, sizes));
        state = State::of(&operator, &unknowns, &targets);
    }
    (0..columns.len())
        .map(|k| Polished {
            weights: state.weights.columns(k, 1),
            shift: state.shifts[k],
            iterations: iterations[k],
            certificate: state.certificates[k],
        })
        .collect()
}

/// The linear map of the system, by the activations themselves.
struct Operator<'a> {
    data: &'a Standardized<'a>,
    rows: &'a [usize],
    over_stimuli: bool,
    penalties: Vec<f64>,
}

impl Operator<'_> {
    fn weights(&self, coefficients: &Panel) -> Panel {
        Panel {
            rows: self.data.scale.width(),
            cols: coefficients.cols,
            data: self
                .data
                .back_project(self.rows, &coefficients.data, coefficients.cols),
        }
    }

    fn image(&self, weights: &Panel) -> Panel {
        Panel {
            rows: self.rows.len(),
            cols: weights.cols,
            data: self.data.project(self.rows, &weights.data, weights.cols),
        }
    }

    fn apply(&self, unknowns: &Panel) -> Panel {
        let image = match self.over_stimuli {
            true => centered(&self.image(&self.weights(unknowns))).1,
            false => self.weights(&centered(&self.image(unknowns)).1),
        };
        sum(&image, unknowns, &self.penalties)
    }
}

/// Where the fits stand.
struct State {
    weights: Panel,
    shifts: Vec<f64>,
    /// Of the system: what is left of it at the unknowns.
    residual: Panel,
    certificates: Vec<Certificate>,
}

impl State {
    fn of(operator: &Operator<'_>, unknowns: &Panel, targets: &Panel) -> Self {
        let penalties = &operator.penalties;
        let weights = match operator.over_stimuli {
            true => operator.weights(unknowns),
            false => unknowns.clone(),
        };
        let minus = vec![-1.0; targets.cols];
        let (means, errors) = centered(&sum(&operator.image(&weights), targets, &minus));
        let gradient = sum(&operator.weights(&errors), &weights, penalties);
        let residual = match operator.over_stimuli {
            true => sum(&errors, unknowns, penalties),
            false => gradient.clone(),
        };
        let (losses, norms) = (dots(&errors, &errors), dots(&weights, &weights));
        let (steep, left) = (dots(&gradient, &gradient), dots(&residual, &residual));
        let certificates = (0..targets.cols)
            .map(|k| {
                let bound = steep[k] / (2.0 * penalties[k]);
                let column = gradient.data.iter().skip(k).step_by(targets.cols);
                Certificate {
                    objective: 0.5 * (losses[k] + penalties[k] * norms[k]),
                    gap: match operator.over_stimuli {
                        true => bound.min(0.5 * left[k]),
                        false => bound,
                    },
                    gradient_norm: Some(column.fold(0.0, |top: f64, g| top.max(g.abs()))),
                }
            })
            .collect();
        Self {
            shifts: means.iter().map(|mean| -mean).collect(),
            weights,
            residual,
            certificates,
        }
    }
}

/// Each column solved by its own factor.
fn preconditioned(columns: &[Column<'_>], right: &Panel) -> Panel {
    let solved: Vec<Panel> = columns
        .iter()
        .enumerate()
        .map(|(k, column)| {
            column.factor.solve(&Panel {
                rows: right.rows,
                cols: 1,
                data: right.columns(k, 1),
            })
        })
        .collect();
    let blocks: Vec<(&[f64], usize)> = solved.iter().map(|p| (&*p.data, 1)).collect();
    Panel::beside(right.rows, &blocks)
}

/// Inner products of columns.
fn dots(a: &Panel, b: &Panel) -> Vec<f64> {
    let mut dots = vec![0.0; a.cols];
    for (x, y) in rows_of(a).zip(rows_of(b)) {
        for ((dot, x), y) in dots.iter_mut().zip(x).zip(y) {
            *dot += x * y;
        }
    }
    dots
}

/// `a + b * factors`, a factor a column.
fn sum(a: &Panel, b: &Panel, factors: &[f64]) -> Panel {
    let mut sum = a.clone();
    for (x, y) in sum.data.chunks_exact_mut(a.cols.max(1)).zip(rows_of(b)) {
        for ((x, y), factor) in x.iter_mut().zip(y).zip(factors) {
            *x += factor * y;
        }
    }
    sum
}

fn rows_of(panel: &Panel) -> impl Iterator<Item = &[f64]> {
    panel.data.chunks_exact(panel.cols.max(1))
}
