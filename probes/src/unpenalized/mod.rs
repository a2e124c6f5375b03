//! Fits without a penalty: plain cross-entropy, intercept free.
//!
//! Where a decoder separates the classes, completely or quasi-completely
//! (Albert & Anderson 1984), the likelihood has no maximum: weights grow without
//! end. Such a fit ends as [`Status::Separable`](crate::Status::Separable), and
//! what it gives is the fit at the penalty [`ANCHOR`]: its optimum is unique, it
//! does not depend on where an iteration was stopped, and its direction is near
//! that of the widest margin, which the penalized optimum tends to as the penalty
//! falls (Rosset, Zhu & Hastie 2004).
//!
//! Elsewhere Newton's method starts from that fit and ends with a proof
//! ([`bound`]). Of equally good decoders, which there are where dimensions depend
//! on each other, it gives the one with the smallest sum of squared weights, each
//! in units of its dimension's deviation (in wide layers: as the dimensions are
//! scaled). A layer of d dimensions and n training stimuli is wide where 4 d > 3 n;
//! none is with linfa.
//!
//! A layer that the fit at [`ANCHOR`] does not separate is left there, unproven, where
//! it needs more than [`MOST_UNKNOWNS`] or has more than [`MOST_DIMENSIONS`]. A wide one
//! may have more dimensions, but no more training stimuli than that, and no more than
//! [`MOST_NUMBERS`].

mod basis;
mod bound;
mod likelihood;
mod newton;
mod separation;

use layerprobe_linalg::{EigenError, MatRef};

use crate::form::Form;
use crate::solve::{Fit, Panel, Path, Precision, Space, Stopping, Task};
use crate::standardize::Standardized;
use crate::{Certificate, Workload};

use basis::Basis;
use likelihood::judge;
use newton::{Ending, Newton};
use separation::separates;

/// The penalty whose fit every unpenalized one starts from.
pub(crate) const ANCHOR: f64 = 1e-3;

/// Penalties on the way to [`ANCHOR`] where none is asked for.
const DECADES: [f64; 4] = [1e3, 1e2, 1e1, 1e-1];

/// Most unknowns that Newton's method solves for: the rank of the rows, with the
/// intercept, times classes but one.
pub(crate) const MOST_UNKNOWNS: usize = 6000;

/// Most dimensions of a layer whose rank is determined; of a wide one, most training
/// stimuli.
pub(crate) const MOST_DIMENSIONS: usize = 2048;

/// Most numbers of a wide layer, which are held in doubles for it.
pub(crate) const MOST_NUMBERS: usize = 1 << 24;

/// The penalties a path walks down in truth, largest first: those above 0 that
/// are wanted, and [`ANCHOR`] where 0 is. `only_last` says that nothing but the
/// path's last fit is wanted.
pub(crate) fn walk(path: &[f64], only_last: bool) -> Vec<f64> {
    let Some((&0.0, wanted)) = path.split_last() else {
        return path.to_vec();
    };
    let mut walk: Vec<f64> = wanted
        .iter()
        .copied()
        .filter(|&penalty| penalty > 0.0 && (penalty >= ANCHOR || !only_last))
        .collect();
    if walk.is_empty() {
        walk.extend(DECADES);
    }
    walk.push(ANCHOR);
    walk.sort_by(|a, b| b.total_cmp(a));
    walk.dedup();
    walk
}

/// The fits of a path, given those of its [`walk`]: the one at 0 is made here.
pub(crate) fn complete(
    form: &Form,
    space: &Space<'_>,
    (data, order): (&Standardized<'_>, &[usize]),
    Path {
        task, penalties, ..
    }: &Path<'_>,
    walked: Vec<Fit>,
    stopping: Stopping,
) -> Result<Vec<Fit>, EigenError> {
    let at = |penalty: f64| walked.iter().find(|fit| fit.penalty == penalty);
    let (Some(&0.0), Some(start)) = (penalties.last(), at(ANCHOR)) else {
        return Ok(walked);
    };
    let rows = &order[..space.rows()];
    let free = fit(form, space, (data, rows), *task, start.clone(), stopping)?;
    let fits = penalties.iter().filter_map(|&penalty| match penalty > 0.0 {
        true => at(penalty).cloned(),
        false => Some(free.clone()),
    });
    Ok(fits.collect())
}

/// One fit without a penalty, from the one at [`ANCHOR`]. `rows` are those of
/// `space`.
fn fit(
    form: &Form,
    space: &Space<'_>,
    (data, rows): (&Standardized<'_>, &[usize]),
    task: Task<'_>,
    start: Fit,
    stopping: Stopping,
) -> Result<Fit, EigenError> {
    let k = task.classes;
    let raw = space.image_of(&start.coefficients, k, Precision::Double);
    let image = with_intercept(&raw, &start.intercept);
    let here = Fit {
        penalty: 0.0,
        converged: false,
        certificate: certificate(task, &image),
        ..start
    };
    let separable = |fit: Fit| Fit {
        separable: true,
        ..fit
    };
    if separates(&image, task) {
        return Ok(separable(here));
    }
    let basis = match form {
        Form::Primal { matrix, width } => {
            let used = MatRef::row_major(matrix, space.rows(), *width);
            (*width <= MOST_DIMENSIONS).then(|| Basis::of_columns(used))
        }
        Form::Gram { .. } => {
            let width = data.scale.width();
            let small = rows.len() <= MOST_DIMENSIONS && rows.len() * width <= MOST_NUMBERS;
            small.then(|| Basis::of_rows(data.dense(rows), width))
        }
    };
    let Some(basis) = basis.transpose()? else {
        return Ok(here);
    };
    if basis.size() * (k - 1) > MOST_UNKNOWNS {
        return Ok(here);
    }
    let mut newton = Newton::new(&basis, task, &image);
    let found = match newton.run(stopping) {
        Ending::Separable => return Ok(separable(here)),
        Ending::Lost if newton.objective() >= here.certificate.objective => return Ok(here),
        Ending::Lost => None,
        Ending::Proven(gap) => Some(gap),
    };
    let (image, coefficients) = (newton.image(), basis.coefficients(newton.place(), k));
    // the intercept that gives this image with those coefficients
    let raw = space.image_of(&coefficients, k, Precision::Double);
    let intercept = (0..k)
        .map(|class| {
            let both = image.iter().zip(&raw).skip(class).step_by(k);
            both.map(|(z, x)| z - x).sum::<f64>() / space.rows().max(1) as f64
        })
        .collect();
    let mut certificate = certificate(task, image);
    certificate.gap = found.map_or(certificate.gap, |gap| gap.min(certificate.gap));
    Ok(Fit {
        coefficients,
        intercept,
        iterations: here.iterations + newton.iterations(),
        converged: certificate.relative_gap() <= stopping.tolerance,
        certificate,
        ..here
    })
}

/// Fits beside those asked for that are kept where 0 is among the penalties.
pub(crate) fn on_the_way(penalties: &[f64]) -> usize {
    match penalties.contains(&0.0) {
        true => 1 + DECADES.len(),
        false => 0,
    }
}

/// Bytes that one fit without a penalty takes at most beside its data's form; 0
/// where none is asked for, or the layer is too large for more than the fit at
/// [`ANCHOR`].
pub(crate) fn bytes(work: &Workload<'_>) -> u64 {
    let (n, w) = (work.train, work.dims);
    let over_rows = Form::over_rows(w, n, work.solver);
    let side = if over_rows { n } else { w };
    let held = n * w <= MOST_NUMBERS || !over_rows;
    if !work.penalties.contains(&0.0) || side > MOST_DIMENSIONS || !held {
        return 0;
    }
    let most = work.classes.iter().copied().max().unwrap_or(0).max(2);
    let unknowns = ((side + 1) * (most - 1)).min(MOST_UNKNOWNS);
    let [n, w, side, most, unknowns] = [n, w, side, most, unknowns].map(|x| x as u64);
    let basis = 8 * n * w + 16 * n * (side + 1) + 56 * side * side;
    basis + 8 * unknowns * unknowns + 2048 * unknowns + 64 * n * most
}

/// The certificate of a fit whose weights were taken to the data, where they
/// lose `loss` and `gradient_norm` is left: the optimum is no lower than the fit's
/// own certificate says.
pub(crate) fn carried(before: Certificate, loss: f64, gradient_norm: f64) -> Certificate {
    let lowest = (before.objective - before.gap).max(0.0);
    Certificate {
        objective: loss,
        gap: (loss - lowest).max(before.gap.min(loss)),
        gradient_norm: Some(gradient_norm),
    }
}

/// What is known of any decoder: no cross-entropy is below 0.
fn certificate(task: Task<'_>, image: &[f64]) -> Certificate {
    let mut residual = Panel::zeros(task.labels.len(), task.classes);
    let loss = judge(task, image, &mut residual.data);
    Certificate {
        objective: loss,
        gap: loss,
        gradient_norm: None,
    }
}

fn with_intercept(raw: &[f64], intercept: &[f64]) -> Vec<f64> {
    let rows = raw.chunks_exact(intercept.len().max(1));
    rows.flat_map(|row| row.iter().zip(intercept).map(|(z, b)| z + b))
        .collect()
}
