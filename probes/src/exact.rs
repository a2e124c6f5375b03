//! Fits that a Gram matrix in singles leads astray.
//!
//! Sums of products in singles are off by about 1e-7 of `sqrt(K_ii K_jj)`. Where
//! some directions of a layer have a million times the variance of others, and the
//! penalty is smaller than what that leaves uncertain, the matrix plus the penalty
//! is no longer positive, and descending over it leads away from the optimum on the
//! data. Those few fits are made again in the principal directions of a Gram matrix
//! in doubles: there the leading ones, in which such a fit lies, are few enough for
//! a Hessian that couples all their classes.

use layerprobe_linalg::{Eigen, EigenError, MatRef, symmetric_eigen};

use crate::Workload;
use crate::fitting::{REFINEMENTS, certify_weights, closer, side_by_side, to_weights};
use crate::form::Form;
use crate::solve::{self, Curvature, Fit, Panel, Path, Space, Stopping, Task, product};
use crate::standardize::{PANEL, Standardized};

/// Most rows whose principal directions are taken: that takes ten seconds.
const MOST_ROWS: usize = 4096;

/// Variances below this share of the largest are nothing but rounding in doubles.
const RANK: f64 = 1e-16;

/// Rows in their principal directions.
struct Principal {
    /// Rows x directions.
    matrix: Vec<f64>,
    /// The squared length of each column, largest first.
    variances: Vec<f64>,
    /// The columns at unit length.
    vectors: Vec<f64>,
}

impl Principal {
    /// Of a Gram matrix, n x n.
    fn of(gram: &[f64], n: usize) -> Result<Self, EigenError> {
        let Eigen { values, vectors } = symmetric_eigen(gram, n)?;
        let least = RANK * values.first().copied().unwrap_or(0.0);
        let rank = values.partition_point(|&value| value > least);
        let lengths: Vec<f64> = values[..rank].iter().map(|value| value.sqrt()).collect();
        let rows = vectors.chunks_exact(n.max(1));
        let vectors: Vec<f64> = rows.flat_map(|row| &row[..rank]).copied().collect();
        let scaled = vectors.chunks_exact(rank.max(1));
        let scaled = scaled.flat_map(|row| row.iter().zip(&lengths).map(|(x, l)| x * l));
        Ok(Self {
            matrix: scaled.collect(),
            variances: values[..rank].to_vec(),
            vectors,
        })
    }

    /// A decoder's coefficients over rows, rows x classes, by which its weights are
    /// `X^T C`.
    fn over_rows(&self, coefficients: &[f64], classes: usize) -> Vec<f64> {
        let rank = self.variances.len();
        let mut own = Panel {
            rows: rank,
            cols: classes,
            data: coefficients.to_vec(),
        };
        for (row, variance) in own.data.chunks_exact_mut(classes).zip(&self.variances) {
            let length = variance.sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
        let n = self.vectors.len().checked_div(rank).unwrap_or(0);
        product(MatRef::row_major(&self.vectors, n, rank), &own).data
    }
}

/// Whether fits to a layer may be made again.
pub(crate) fn may_run(work: &Workload<'_>) -> bool {
    work.train <= MOST_ROWS && Form::over_rows(work.dims, work.train, work.solver)
}

/// Bytes that this takes beside the rows' form, for `columns` classes over all fits:
/// while the layer is read, but for weights, and between.
pub(crate) fn bytes(work: &Workload<'_>, columns: u64) -> (u64, u64) {
    let (n, panel) = (work.train as u64, work.dims.min(PANEL) as u64 + 16);
    let hessians = work.classes.iter().map(|&classes| {
        let leading = Curvature::leading(work.train, classes.max(2));
        let unknowns = Curvature::size(leading, classes.max(2)) as u64;
        let rows = 8 * n * (leading as u64 + 1) * (1 + work.threads.max(1) as u64);
        24 * unknowns * unknowns + rows
    });
    let solving = 16 * n * n + hessians.max().unwrap_or(0) + 128 * n * columns;
    let reading = 8 * n * n + (8 * n * panel).max(8 * n * n);
    (reading, solving.max(48 * n * n))
}

/// Each task's columns of a panel.
fn columns_of(panel: &Panel, tasks: &[Task<'_>]) -> Vec<Vec<f64>> {
    side_by_side(tasks)
        .map(|own| panel.columns(own.start, own.len()))
        .collect()
}

/// Makes those of `fits` again that are not proven and may be for want of
/// precision, each along its path, and keeps what came nearer: in `fits`, and in
/// its columns of `weights`. Without principal directions they stay as they are.
pub(crate) fn make_again(
    form: &Form,
    data: &Standardized<'_>,
    order: &[usize],
    paths: &[Path<'_>],
    (fits, weights): (&mut [Fit], &mut Panel),
    stopping: Stopping,
) {
    if order.len() > MOST_ROWS || !matches!(form, Form::Gram { .. }) {
        return;
    }
    let unproven = |fit: &Fit| fit.certificate.relative_gap() > stopping.tolerance;
    let wanting: Vec<usize> = (0..fits.len())
        .filter(|&at| fits[at].penalty > 0.0 && unproven(&fits[at]))
        .collect();
    if wanting.is_empty() {
        return;
    }
    let n = order.len();
    let Ok(rows) = Principal::of(&data.gram::<f64>(order), n) else {
        return;
    };
    let view = MatRef::row_major(&rows.matrix, n, rows.variances.len());
    let space = Space::principal(view, &rows.variances);
    let own: Vec<Path<'_>> = wanting.iter().map(|&at| paths[at]).collect();
    let tasks: Vec<Task<'_>> = own.iter().map(|path| path.task).collect();
    let solved = solve::solve(&space, &own, stopping);
    let mut again: Vec<Fit> = solved.into_iter().filter_map(|mut p| p.pop()).collect();
    let over_rows = |fits: &[Fit]| -> Vec<Fit> {
        let with = |(fit, task): (&Fit, &Task<'_>)| Fit {
            coefficients: rows.over_rows(&fit.coefficients, task.classes),
            ..fit.clone()
        };
        fits.iter().zip(&tasks).map(with).collect()
    };
    let mut better = to_weights(form, data, order, &tasks, &over_rows(&again));
    let closer = closer(stopping);
    for left in (0..=REFINEMENTS).rev() {
        let images = certify_weights(data, order, &tasks, &better, &mut again);
        if left == 0 || !again.iter().any(unproven) {
            break;
        }
        let before: Vec<Vec<f64>> = again.iter().map(|fit| fit.coefficients.clone()).collect();
        let exact = columns_of(&images, &tasks);
        solve::refine(
            &space,
            &tasks,
            &mut again.iter_mut().collect::<Vec<_>>(),
            exact,
            closer,
        );
        // what a step adds is small and so is its rounding, which would be that of
        // the whole if weights were made anew
        let steps: Vec<Fit> = again
            .iter()
            .zip(before)
            .map(|(fit, before)| {
                let both = fit.coefficients.iter().zip(before);
                let coefficients = both.map(|(after, before)| after - before).collect();
                Fit {
                    coefficients,
                    ..fit.clone()
                }
            })
            .collect();
        let step = to_weights(form, data, order, &tasks, &over_rows(&steps));
        for (weight, step) in better.data.iter_mut().zip(&step.data) {
            *weight += step;
        }
    }
    let again = over_rows(&again);
    let mut start = 0;
    for ((at, task), found) in wanting.into_iter().zip(tasks).zip(again) {
        if found.certificate.gap < fits[at].certificate.gap {
            let to = paths[..at].iter().map(|path| path.task.classes).sum();
            weights.put(to, &better, start..start + task.classes);
            fits[at] = found.after(&fits[at]);
        }
        start += task.classes;
    }
}
