//! What selection, refit and single fits share: the choice of solver, and the
//! certificate on the activations themselves.

use std::ops::Range;

use crate::certificate::{Certificate, Status};
use crate::form::Form;
use crate::linfa_logistic_solver::fit_path;
use crate::solve::{self, Fit, Panel, Path, Search, Space, Stopping, Task};
use crate::standardize::{Standardized, Standardizer};
use crate::{ProbeError, Solver, unpenalized};

/// Most times a fit goes on from its exact logits.
pub(crate) const REFINEMENTS: usize = 3;
/// The share of the tolerance that it then aims at.
const CLOSER: f64 = 0.3;

/// Relative gap at which a fit leaves a penalty on its way down to the one it is
/// wanted at.
pub(crate) const ROUGH: f64 = 1e-2;

/// Fits every task along its penalties with the solver asked for; those without
/// a penalty in their own way. The rows of `data` are in `order`, those of
/// `space` first.
pub(crate) fn fit_all(
    form: &Form,
    space: &Space<'_>,
    (data, order): (&Standardized<'_>, &[usize]),
    wanted: &[Path<'_>],
    stopping: Stopping,
    solver: Solver,
) -> Result<Vec<Vec<Fit>>, ProbeError> {
    let only_last = stopping.on_the_way > stopping.tolerance;
    let walks: Vec<Vec<f64>> = wanted
        .iter()
        .map(|path| unpenalized::walk(path.penalties, only_last))
        .collect();
    let walked: Vec<Path<'_>> = wanted
        .iter()
        .zip(&walks)
        .map(|(&path, penalties)| Path { penalties, ..path })
        .collect();
    let paths = fit_penalized(form, space, &walked, stopping, solver)?;
    let failed = |source| ProbeError::Factorization {
        layer: data.layer.to_owned(),
        source,
    };
    paths
        .into_iter()
        .zip(wanted)
        .map(|(walked, path)| {
            unpenalized::complete(form, space, (data, order), path, walked, stopping)
                .map_err(failed)
        })
        .collect()
}

/// Fits every task along its penalties, all above 0.
fn fit_penalized(
    form: &Form,
    space: &Space<'_>,
    wanted: &[Path<'_>],
    stopping: Stopping,
    solver: Solver,
) -> Result<Vec<Vec<Fit>>, ProbeError> {
    match (solver, form) {
        (Solver::Linfa, Form::Primal { matrix, width }) => {
            let mut paths = wanted
                .iter()
                .map(
                    |Path {
                         task, penalties, ..
                     }| {
                        // every fit starts anew: the way to the last is not needed
                        let skipped = match stopping.on_the_way > stopping.tolerance {
                            true => penalties.len().saturating_sub(1),
                            false => 0,
                        };
                        fit_path(
                            &matrix[..space.rows() * width],
                            *width,
                            *task,
                            &penalties[skipped..],
                            stopping.max_iterations,
                        )
                    },
                )
                .collect::<Result<Vec<_>, _>>()?;
            let tasks: Vec<Task<'_>> = wanted.iter().map(|path| path.task).collect();
            solve::certify(space, &tasks, &mut paths, stopping.tolerance);
            Ok(paths)
        }
        _ => Ok(solve::solve(space, wanted, stopping)),
    }
}

/// A row's logits, intercepts added.
pub(crate) fn shifted(logits: &[f64], intercept: &[f64]) -> Vec<f64> {
    logits.iter().zip(intercept).map(|(z, b)| z + b).collect()
}

/// How a fit ended.
pub(crate) fn status_from(separable: bool, converged: bool, scale: &Standardizer) -> Status {
    match (scale.width(), separable, converged) {
        (0, ..) => Status::Degenerate,
        (_, true, _) => Status::Separable,
        (_, _, true) => Status::Converged,
        (_, _, false) => Status::MaxIterations,
    }
}

/// The same of a fit that nothing but singles, or a Gram matrix of theirs, speaks
/// for.
pub(crate) fn unproven(status: Status) -> Status {
    match status {
        Status::Converged | Status::MaxIterations => Status::FixedBudget,
        _ => status,
    }
}

/// Takes fits to the data themselves: their weights, and their certificates
/// computed there. Where a Gram matrix's rounding leaves a gap above tolerance,
/// the fit goes on from its exact logits.
pub(crate) fn settle(
    form: &Form,
    space: &Space<'_>,
    data: &Standardized<'_>,
    order: &[usize],
    tasks: &[Task<'_>],
    fits: &mut [Fit],
    stopping: Stopping,
) -> Panel {
    let mut weights = to_weights(form, data, order, tasks, fits);
    let mut images = certify_weights(data, order, tasks, &weights, fits);
    let closer = closer(stopping);
    for _ in 0..REFINEMENTS {
        let (mut own, mut wanting, mut exact) = (Vec::new(), Vec::new(), Vec::new());
        for ((columns, &task), fit) in side_by_side(tasks).zip(tasks).zip(fits.iter_mut()) {
            if fit.penalty > 0.0
                && fit.certificate.relative_gap() > stopping.tolerance
                && fit.iterations < stopping.max_iterations
            {
                own.push(task);
                wanting.push(fit);
                exact.push(images.columns(columns.start, columns.len()));
            }
        }
        if wanting.is_empty() || matches!(form, Form::Primal { .. }) {
            break;
        }
        solve::refine(space, &own, &mut wanting, exact, closer);
        weights = to_weights(form, data, order, tasks, fits);
        images = certify_weights(data, order, tasks, &weights, fits);
    }
    weights
}

/// How closely fits are solved that go on from their exact logits.
pub(crate) fn closer(stopping: Stopping) -> Stopping {
    Stopping {
        tolerance: CLOSER * stopping.tolerance,
        ..stopping
    }
}

/// The columns of each task's classes where all stand side by side.
pub(crate) fn side_by_side(tasks: &[Task<'_>]) -> impl Iterator<Item = Range<usize>> {
    tasks.iter().scan(0, |next, task| {
        let start = *next;
        *next += task.classes;
        Some(start..*next)
    })
}

/// The decoders' coefficients, side by side.
fn coefficients(form: &Form, order: &[usize], tasks: &[Task<'_>], fits: &[Fit]) -> Panel {
    let blocks: Vec<(&[f64], usize)> = fits
        .iter()
        .zip(tasks)
        .map(|(fit, task)| (fit.coefficients.as_slice(), task.classes))
        .collect();
    Panel::beside(form.size(order.len()), &blocks)
}

/// The decoders as weights on standardized dimensions, side by side.
pub(crate) fn to_weights(
    form: &Form,
    data: &Standardized<'_>,
    order: &[usize],
    tasks: &[Task<'_>],
    fits: &[Fit],
) -> Panel {
    let panel = coefficients(form, order, tasks, fits);
    match form {
        Form::Primal { .. } => panel,
        Form::Gram { .. } => Panel {
            rows: data.scale.width(),
            cols: panel.cols,
            data: data.back_project(order, &panel.data, panel.cols),
        },
    }
}

/// The logits that each fit gives to its own list of rows, rows x classes, by
/// products in singles: for fits that only choose or compare. Neighbors with
/// equal lists go together.
pub(crate) fn rough_logits(
    form: &Form,
    data: &Standardized<'_>,
    order: &[usize],
    tasks: &[Task<'_>],
    fits: &[Fit],
    rows: &[&[usize]],
) -> Vec<Vec<f64>> {
    let mut logits = Vec::with_capacity(fits.len());
    let mut start = 0;
    for together in rows.chunk_by(|a, b| a == b) {
        let own = start..start + together.len();
        start = own.end;
        let (fits, tasks) = (&fits[own.clone()], &tasks[own]);
        let panel = coefficients(form, order, tasks, fits);
        let mut weights: Vec<f32> = panel.data.iter().map(|&x| x as f32).collect();
        if let Form::Gram { .. } = form {
            weights = data.back_project(order, &weights, panel.cols);
        }
        let rows = together.first().copied().unwrap_or_default();
        let all = data.project(rows, &weights, panel.cols);
        let mut first = 0;
        for task in tasks {
            let own = all.chunks_exact(panel.cols.max(1));
            let own = own.flat_map(|row| &row[first..first + task.classes]);
            logits.push(own.map(|&z| f64::from(z)).collect());
            first += task.classes;
        }
    }
    logits
}

/// Recomputes each final fit's certificate from the standardized activations
/// themselves, with the intercept solved there; returns the images.
pub(crate) fn certify_weights(
    data: &Standardized<'_>,
    order: &[usize],
    tasks: &[Task<'_>],
    weights: &Panel,
    fits: &mut [Fit],
) -> Panel {
    let cols = weights.cols;
    let images = Panel {
        rows: order.len(),
        cols,
        data: data.project(order, &weights.data, cols),
    };
    let mut residuals = Vec::with_capacity(tasks.len());
    let mut losses = Vec::with_capacity(tasks.len());
    let mut start = 0;
    for (&task, fit) in tasks.iter().zip(fits.iter_mut()) {
        let mut residual = vec![0.0; order.len() * task.classes];
        let found = Search {
            task,
            penalty: fit.penalty,
            base: &images.columns(start, task.classes),
            directions: &[],
            gram: &[],
            linear: &[],
        }
        .minimize(&mut fit.intercept, &mut residual, 0.0);
        start += task.classes;
        residuals.push(residual);
        losses.push(found.loss);
    }
    let blocks: Vec<(&[f64], usize)> = residuals
        .iter()
        .zip(tasks)
        .map(|(residual, task)| (residual.as_slice(), task.classes))
        .collect();
    let residuals = Panel::beside(order.len(), &blocks);
    let gradients = Panel {
        rows: weights.rows,
        cols,
        data: data.back_project(order, &residuals.data, cols),
    };
    let mut start = 0;
    for ((task, fit), loss) in tasks.iter().zip(fits).zip(losses) {
        let w = weights.columns(start, task.classes);
        let g = gradients.columns(start, task.classes);
        let (mut norm, mut slope, mut top) = (0.0, 0.0, 0f64);
        for (w, g) in w.iter().zip(&g) {
            let g = g + fit.penalty * w;
            norm += w * w;
            slope += g * g;
            top = top.max(g.abs());
        }
        for class in start..start + task.classes {
            let sum: f64 = residuals.data.iter().skip(class).step_by(cols).sum();
            top = top.max(sum.abs());
        }
        fit.certificate = match fit.penalty > 0.0 {
            true => Certificate {
                objective: loss + 0.5 * fit.penalty * norm,
                gap: slope / (2.0 * fit.penalty),
                gradient_norm: Some(top),
            },
            false => unpenalized::carried(fit.certificate, loss, top),
        };
        start += task.classes;
    }
    images
}
