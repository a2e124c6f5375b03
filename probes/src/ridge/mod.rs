//! Ridge probes: how well a linear decoder reads a continuous property.
//!
//! The selection system is solved at every penalty, each by one Cholesky
//! factorization for all properties, over whichever side of the layer is
//! smaller. The refit is solved in the same way and then polished and proven
//! on the standardized activations themselves, as every other fit is.

mod polish;
mod r2;
mod system;
mod targets;

use crate::certificate::{Certificate, Status};
use crate::cut::Cut;
use crate::form::Form;
use crate::solve::Panel;
use crate::work::Work;
use crate::{Interval, ProbeError, RidgeTask, Solver};

use polish::{Column, Polished, polish};
use r2::{r2, r2_interval};
use system::{Factor, System};
pub(crate) use targets::Targets;

/// Factors in memory at once: each is as large as the Gram matrix.
pub(crate) const AT_ONCE: usize = 4;

/// One penalty's fit on the selection-training rows, judged on the selection
/// rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RidgePoint {
    /// The penalty.
    pub penalty: f64,
    /// R^2 on the selection rows.
    pub r2: f64,
}

/// How well a property can be read from one layer.
///
/// The fit minimizes `1/2 sum of squares + penalty / 2 * ||w||^2`, intercept
/// free: scikit-learn's `Ridge` with `alpha` the penalty.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeOutcome {
    /// The property.
    pub property: String,
    /// 1 - sum of squared errors on the test / that of always naming the
    /// training mean. 0 is chance; below it, the decoder is worse than the mean.
    /// Sine and cosine of a phase are summed before dividing.
    pub r2: f64,
    /// 95 % interval over resampled groups; none with one group, of which every resample
    /// is the same.
    pub interval: Option<Interval>,
    /// Training rows of the final fit.
    pub n_train: usize,
    /// Test rows.
    pub n_test: usize,
    /// Penalty with the highest R^2 on the selection rows (the largest of
    /// equals); the final fit's.
    pub penalty: f64,
    /// Every penalty's fit on the selection-training rows, largest first.
    pub path: Vec<RidgePoint>,
    /// Conjugate-gradient steps that the refit took after its factorization.
    pub iterations: usize,
    /// Objective, gap and gradient of the refit on the standardized
    /// activations, sine and cosine together.
    pub certificate: Certificate,
    /// How the refit ended, against the tolerance of the layer's probes.
    pub status: Status,
}

/// Chooses each property's penalty, refits and tests. `form` has the cut's rows
/// in its order; `targets` are the tasks', checked.
pub(crate) fn ridge_probes(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[RidgeTask<'_>],
    targets: &Targets,
) -> Result<Vec<RidgeOutcome>, ProbeError> {
    // systems are solved over the smaller side, whatever the other probes do
    let own;
    let form = match work.params.solver() {
        Solver::Linfa => {
            own = Form::of(&work.data, &cut.order, Solver::Batched);
            &own
        }
        Solver::Batched => form,
    };
    let paths = paths(work, form, cut, targets)?;
    let penalties: Vec<f64> = paths.iter().map(|path| best(path)).collect();
    let fits = refit(work, form, cut, targets, &penalties)?;
    Ok(tasks
        .iter()
        .zip(paths)
        .zip(penalties)
        .enumerate()
        .map(|(task, ((given, path), penalty))| {
            outcome(work, cut, targets, task, given, (path, penalty), &fits)
        })
        .collect())
}

/// The path's best penalty; they fall along it, so the first of equals is the
/// largest.
fn best(path: &[RidgePoint]) -> f64 {
    let first = path.first().copied();
    let better = |best: RidgePoint, next: &RidgePoint| match next.r2 > best.r2 {
        true => *next,
        false => best,
    };
    first.map_or(f64::NAN, |first| path.iter().fold(first, better).penalty)
}

/// R^2 on the selection rows at every penalty, for each task.
fn paths(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    targets: &Targets,
) -> Result<Vec<Vec<RidgePoint>>, ProbeError> {
    let (used, rows) = (cut.used, cut.order.len());
    let fitted = targets.of_rows(&cut.order[..used]);
    let judged = targets.of_rows(&cut.order[used..]);
    let (means, centered) = targets::centered(&fitted);
    let system = System::of(form, used, rows);
    let right = system.right(form, &centered);
    let (mut solved, mut least): (Vec<Panel>, f64) = (Vec::new(), 0.0);
    for &penalty in work.params.positive_penalties() {
        solved.push(factored(work, &system, penalty, &mut least)?.solve(&right));
    }
    let blocks: Vec<(&[f64], usize)> = solved.iter().map(|p| (&*p.data, p.cols)).collect();
    let beside = Panel::beside(system.size(), &blocks);
    let predicted = form.rest(used, rows, &beside);
    let mut paths = vec![Vec::new(); targets.tasks()];
    for (number, (&penalty, panel)) in work
        .params
        .positive_penalties()
        .iter()
        .zip(&solved)
        .enumerate()
    {
        let offsets = system.offsets(panel, &means);
        let start = number * targets.components();
        for (task, path) in paths.iter_mut().enumerate() {
            let errors = targets.columns(task).map(|column| {
                let found = predicted.columns(start + column, 1);
                r2::Component {
                    predicted: found.iter().map(|x| x + offsets[column]).collect(),
                    values: judged.columns(column, 1),
                    mean: means[column],
                }
            });
            let squares = r2::squares(&errors.collect::<Vec<_>>());
            path.push(RidgePoint {
                penalty,
                r2: r2(&squares),
            });
        }
    }
    Ok(paths)
}

fn factored(
    work: &Work<'_>,
    system: &System,
    penalty: f64,
    least: &mut f64,
) -> Result<Factor, ProbeError> {
    let factor = system.factor(penalty, least);
    factor.map_err(|source| work.failed(source))
}

/// The fits on all rows of the cut, in the order of the components.
struct Fits {
    means: Vec<f64>,
    columns: Vec<Polished>,
}

fn refit(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    targets: &Targets,
    penalties: &[f64],
) -> Result<Fits, ProbeError> {
    let rows = cut.order.len();
    let (means, centered) = targets::centered(&targets.of_rows(&cut.order));
    let system = System::of(form, rows, rows);
    let mut distinct = penalties.to_vec();
    distinct.sort_by(|a, b| b.total_cmp(a));
    distinct.dedup();
    let mut least = 0.0;
    let mut columns: Vec<Option<Polished>> = vec![None; targets.components()];
    for penalties_here in distinct.chunks(AT_ONCE) {
        let factors = penalties_here
            .iter()
            .map(|&penalty| factored(work, &system, penalty, &mut least))
            .collect::<Result<Vec<_>, _>>()?;
        let mut here = Vec::new();
        let mut wanted = Vec::new();
        for (task, penalty) in penalties.iter().enumerate() {
            let Some(factor) = penalties_here.iter().position(|p| p == penalty) else {
                continue;
            };
            for column in targets.columns(task) {
                here.push(column);
                wanted.push(Column {
                    values: centered.columns(column, 1),
                    penalty: *penalty,
                    factor: &factors[factor],
                });
            }
        }
        for (column, found) in here
            .into_iter()
            .zip(polish(work, form, &system, cut, &wanted))
        {
            columns[column] = Some(found);
        }
    }
    Ok(Fits {
        means,
        columns: columns.into_iter().flatten().collect(),
    })
}

fn outcome(
    work: &Work<'_>,
    cut: &Cut,
    targets: &Targets,
    number: usize,
    task: &RidgeTask<'_>,
    (path, penalty): (Vec<RidgePoint>, f64),
    fits: &Fits,
) -> RidgeOutcome {
    let columns: Vec<usize> = targets.columns(number).collect();
    let own: Vec<&Polished> = columns
        .iter()
        .map(|&column| &fits.columns[column])
        .collect();
    let width = work.data.scale.width();
    let blocks: Vec<(&[f64], usize)> = own.iter().map(|fit| (&*fit.weights, 1)).collect();
    let weights = Panel::beside(width, &blocks);
    let logits = Panel {
        rows: task.test.len(),
        cols: own.len(),
        data: work.data.project(task.test, &weights.data, own.len()),
    };
    let values = targets.of_rows(task.test);
    let components: Vec<r2::Component> = columns
        .iter()
        .zip(&own)
        .enumerate()
        .map(|(place, (&column, fit))| r2::Component {
            predicted: logits
                .columns(place, 1)
                .iter()
                .map(|x| x + fits.means[column] + fit.shift)
                .collect(),
            values: values.columns(column, 1),
            mean: fits.means[column],
        })
        .collect();
    let squares = r2::squares(&components);
    let clusters: Vec<u32> = task.test.iter().map(|&row| work.groups[row]).collect();
    let certificate = together(&own);
    let converged = certificate.relative_gap() <= work.params.tolerance();
    RidgeOutcome {
        property: task.property.to_owned(),
        r2: r2(&squares),
        interval: r2_interval(
            &squares,
            &clusters,
            work.params.resamples(),
            work.bootstrap.derive(task.property),
        ),
        n_train: cut.order.len(),
        n_test: task.test.len(),
        penalty,
        path,
        iterations: own.iter().map(|fit| fit.iterations).max().unwrap_or(0),
        certificate,
        status: crate::fitting::status_from(false, converged, work.data.scale),
    }
}

/// The sum of several fits' objectives and gaps.
fn together(fits: &[&Polished]) -> Certificate {
    let none = Certificate {
        objective: 0.0,
        gap: 0.0,
        gradient_norm: None,
    };
    fits.iter().fold(none, |sum, fit| Certificate {
        objective: sum.objective + fit.certificate.objective,
        gap: sum.gap + fit.certificate.gap,
        gradient_norm: [sum.gradient_norm, fit.certificate.gradient_norm]
            .into_iter()
            .flatten()
            .reduce(f64::max),
    })
}
