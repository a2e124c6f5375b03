//! All features of a layer solved together, each walking down its own
//! penalty path.
//!
//! The objective of one fit is
//! `sum over rows of cross-entropy + penalty / 2 * ||W||^2`, intercept free.
//!
//! Method: in each iteration every unfinished fit contributes its gradient to
//! one product with the data, which gives both its certified gap and, after
//! preconditioning, a search direction with its image. The objective is then
//! minimized exactly over that direction, the last step, the decoder's own
//! length and the intercepts (a locally optimal preconditioned conjugate
//! gradient): that needs images only, no product. The preconditioner is the
//! inverse of `curvature * X^T X + penalty`, with the leading eigenpairs of
//! `X^T X` exact and the rest a constant; it follows the likelihood's mean
//! curvature, so it fits separable classes (where the curvature falls with
//! the penalty) as well as strongly penalized ones. Going down the path, the
//! next fit starts from the plane of the last two.
//!
//! Products run in singles. A fit that rounding holds up starts anew from an
//! image in doubles; one that converges slowly gets a factored Newton system
//! over rows (`row_curvature`), or the whole Hessian where that is small
//! (`curvature`).

mod abreast;
mod block_sums;
mod curvature;
mod directions;
mod fit;
mod lane;
mod newton;
mod panel;
mod row_curvature;
mod shares;
mod softmax;
mod space;
mod span;
mod vector;

use rayon::prelude::*;

use abreast::Abreast;
pub(crate) use curvature::{Curvature, SMALL};
use directions::{Going, step};
pub(crate) use fit::{Fit, Start};
use lane::Verdict;
pub(crate) use lane::{Lane, MIDDLING};
pub(crate) use newton::{Search, Task};
pub(crate) use panel::{Panel, product};
pub(crate) use shares::{most_systems, share};
pub(crate) use softmax::{Logits, bytes_of_sums};
pub(crate) use space::{LEADING, Precision, Space};

/// When a fit has converged and when it is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopping {
    /// Certified gap over objective.
    pub tolerance: f64,
    /// The same for all penalties of a path but its last.
    pub on_the_way: f64,
    /// Iterations at one penalty.
    pub max_iterations: usize,
    /// Whether fits that converge slowly get large factors of their own. Where
    /// many are only compared with each other, those cost more than they save.
    pub own_factors: bool,
}

/// A task and the penalties it is fitted at, largest first.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    pub task: Task<'a>,
    pub penalties: &'a [f64],
    /// Where the first fit begins, if not at 0.
    pub start: Option<&'a Start>,
}

/// Relative gap that the running image in singles tells surely enough.
const TOLD_BY_SINGLES: f64 = 1e-4;

/// Fits every task at every penalty of the path (largest first). The
/// certificates are computed in doubles, but for tolerances that need none.
///
/// Where only a path's last fit is wanted, `on_the_way` may be loose: going
/// down the path in rough steps takes far fewer iterations than one long leap.
pub(crate) fn solve(space: &Space<'_>, wanted: &[Path<'_>], stopping: Stopping) -> Vec<Vec<Fit>> {
    let mut paths = run(space, wanted, stopping, space.precision());
    let mut spent = vec![0; paths.len()];
    if stopping.on_the_way > stopping.tolerance {
        for (path, spent) in paths.iter_mut().zip(&mut spent) {
            let way = path.drain(..path.len().saturating_sub(1));
            *spent = way.map(|fit| fit.iterations).sum();
        }
    }
    if stopping.tolerance < TOLD_BY_SINGLES {
        let tasks: Vec<Task<'_>> = wanted.iter().map(|path| path.task).collect();
        certify(space, &tasks, &mut paths, stopping.tolerance);
        polish(space, &tasks, &mut paths, stopping);
    }
    for (path, spent) in paths.iter_mut().zip(spent) {
        for fit in path {
            fit.on_the_way += spent;
        }
    }
    paths
}

fn run(
    space: &Space<'_>,
    wanted: &[Path<'_>],
    stopping: Stopping,
    precision: Precision,
) -> Vec<Vec<Fit>> {
    let mut lanes: Vec<Lane<'_>> = wanted
        .iter()
        .map(|path| {
            let (task, size) = (path.task, space.size());
            let start = path.start.map(|start| {
                let image = space.image_of(&start.coefficients, task.classes, precision);
                (start.clone(), image)
            });
            let mut lane = Lane::new(task, path.penalties, size, start, precision);
            lane.may_factor = stopping.own_factors;
            lane
        })
        .collect();
    for lane in &mut lanes {
        if let Some(penalty) = lane.penalty() {
            lane.settle(space, penalty, true);
        }
    }
    walk(space, &mut lanes, stopping);
    lanes.into_iter().map(|lane| lane.fits).collect()
}

/// Takes every lane to the end of its path.
fn walk(space: &Space<'_>, lanes: &mut [Lane<'_>], stopping: Stopping) {
    while lanes.iter().any(|lane| lane.penalty().is_some()) {
        share(space, lanes);
        for precision in [Precision::Single, Precision::Double] {
            let mut batch: Vec<(f64, &mut Lane<'_>)> = lanes
                .iter_mut()
                .filter(|lane| lane.precision == precision && !lane.rests)
                .filter_map(|lane| lane.penalty().map(|penalty| (penalty, lane)))
                .collect();
            if !batch.is_empty() {
                iterate(space, &mut batch, stopping, precision);
            }
        }
    }
}

/// One product for all lanes of the batch; lanes within tolerance go on to
/// their next penalty, the others take a step.
fn iterate(
    space: &Space<'_>,
    batch: &mut [(f64, &mut Lane<'_>)],
    stopping: Stopping,
    precision: Precision,
) {
    let abreast = Abreast::contrasts(batch.iter().map(|(_, lane)| lane.task.classes));
    let gradients = gradients(space, batch, &abreast, precision);
    let going: Vec<Going<'_, '_>> = batch
        .par_iter_mut()
        .zip(gradients)
        .filter_map(|((penalty, lane), (g, g_image))| {
            let k = lane.task.classes;
            let certificate = lane.certificate(space, *penalty, &g, &g_image);
            let tolerance = match lane.on_last() {
                true => stopping.tolerance,
                false => stopping.on_the_way,
            };
            match lane.judge(&certificate, tolerance, stopping.max_iterations) {
                Verdict::GoOn => {}
                Verdict::WantsNewStart => {
                    let image = match lane.anchored {
                        true => lane.image.clone(),
                        false => space.image_of(&lane.coefficients, k, Precision::Double),
                    };
                    lane.start_anew(space, *penalty, image);
                    return None;
                }
                Verdict::WantsDoubles => {
                    lane.precision = Precision::Double;
                    refresh(space, lane, *penalty);
                    return None;
                }
                Verdict::Exhausted => {
                    lane.finish(space, certificate, tolerance);
                    return None;
                }
                Verdict::Arrived if lane.anchored || tolerance >= TOLD_BY_SINGLES => {
                    lane.finish(space, certificate, tolerance);
                    return None;
                }
                Verdict::Arrived => {
                    // the running image has drifted by singles' rounding, and
                    // one computed anew in singles would be no nearer
                    refresh(space, lane, *penalty);
                    let certificate = inspect(space, lane, *penalty);
                    let confirmed = certificate.relative_gap() <= tolerance;
                    if confirmed || lane.is_lost() {
                        lane.finish(space, certificate, tolerance);
                        return None;
                    }
                    if lane.precision != precision {
                        return None;
                    }
                }
            }
            Some(Going {
                penalty: *penalty,
                lane,
                gradient: (g, g_image),
            })
        })
        .collect();
    step(space, going, precision);
}

/// Goes on from fits whose images are given as the data themselves have them.
/// A Gram matrix's rounding then shapes the way, but not where it ends.
pub(crate) fn refine(
    space: &Space<'_>,
    tasks: &[Task<'_>],
    fits: &mut [&mut Fit],
    images: Vec<Vec<f64>>,
    stopping: Stopping,
) {
    let penalties: Vec<[f64; 1]> = fits.iter().map(|fit| [fit.penalty]).collect();
    let mut lanes: Vec<Lane<'_>> = tasks
        .iter()
        .zip(&penalties)
        .zip(fits.iter().zip(images))
        .map(|((&task, path), (fit, image))| {
            let start = Some((fit.start(), image));
            let mut lane = Lane::new(task, path, space.size(), start, space.precision());
            lane.anchored = true;
            lane.settle(space, fit.penalty, false);
            lane
        })
        .collect();
    walk(space, &mut lanes, stopping);
    for (fit, lane) in fits.iter_mut().zip(lanes) {
        for better in lane.fits {
            **fit = better.after(fit);
        }
    }
}

/// Every lane's gradient, with its image where inner products need it.
fn gradients(
    space: &Space<'_>,
    batch: &[(f64, &mut Lane<'_>)],
    abreast: &Abreast,
    precision: Precision,
) -> Vec<(Vec<f64>, Vec<f64>)> {
    let residuals = batch.iter().map(|(_, lane)| lane.residual.as_slice());
    let mut coefficients = space.gradient(abreast.panel(space.rows(), residuals), precision);
    let decoders = batch.iter().map(|(_, lane)| lane.coefficients.as_slice());
    let own = abreast.panel(space.size(), decoders);
    let penalties = abreast.spread(batch.iter().map(|(penalty, _)| *penalty));
    let width = coefficients.cols.max(1);
    for (g, c) in coefficients
        .data
        .chunks_exact_mut(width)
        .zip(own.data.chunks_exact(width))
    {
        for ((g, c), penalty) in g.iter_mut().zip(c).zip(&penalties) {
            *g += penalty * c;
        }
    }
    let image = match space.needs_image() {
        true => space.image(&coefficients, precision),
        false => Panel::default(),
    };
    let images = abreast.apart(&image);
    abreast
        .apart(&coefficients)
        .into_iter()
        .zip(images)
        .collect()
}

/// Recomputes a lane's image in doubles and solves its intercept there.
fn refresh(space: &Space<'_>, lane: &mut Lane<'_>, penalty: f64) {
    if !lane.anchored {
        lane.image = space.image_of(&lane.coefficients, lane.task.classes, Precision::Double);
    }
    lane.settle(space, penalty, false);
}

/// A lane's certificate, where its image stands.
fn inspect(space: &Space<'_>, lane: &mut Lane<'_>, penalty: f64) -> crate::Certificate {
    let precision = lane.precision;
    let abreast = Abreast::contrasts([lane.task.classes]);
    let found = gradients(space, &[(penalty, &mut *lane)], &abreast, precision).pop();
    let (gradient, image) = found.unwrap_or_default();
    lane.certificate(space, penalty, &gradient, &image)
}

/// Recomputes every certificate in doubles, all fits in one batch.
pub(crate) fn certify(
    space: &Space<'_>,
    tasks: &[Task<'_>],
    paths: &mut [Vec<Fit>],
    tolerance: f64,
) {
    let mut lanes: Vec<(f64, Lane<'_>)> = Vec::new();
    for (task, path) in tasks.iter().zip(paths.iter()) {
        for fit in path {
            let start = Some((fit.start(), Vec::new()));
            let lane = Lane::new(*task, &[], 0, start, Precision::Double);
            lanes.push((fit.penalty, lane));
        }
    }
    let abreast = Abreast::whole(lanes.iter().map(|(_, lane)| lane.task.classes));
    let decoders = lanes.iter().map(|(_, lane)| lane.coefficients.as_slice());
    let images = space.image(&abreast.panel(space.size(), decoders), Precision::Double);
    let images = abreast.apart(&images);
    let mut batch: Vec<(f64, &mut Lane<'_>)> = lanes
        .iter_mut()
        .map(|(penalty, lane)| (*penalty, lane))
        .collect();
    batch
        .par_iter_mut()
        .zip(images)
        .for_each(|((penalty, lane), image)| {
            lane.image = image;
            lane.settle(space, *penalty, false);
        });
    let gradients = gradients(space, &batch, &abreast, Precision::Double);
    let fits = paths.iter_mut().flatten();
    for ((fit, (penalty, lane)), (g, image)) in fits.zip(&batch).zip(gradients) {
        fit.certificate = lane.certificate(space, *penalty, &g, &image);
        fit.intercept.clone_from(&lane.intercept);
        fit.converged = fit.certificate.relative_gap() <= tolerance;
    }
}

/// Goes on in doubles from every fit that doubles found wanting.
fn polish(space: &Space<'_>, tasks: &[Task<'_>], paths: &mut [Vec<Fit>], stopping: Stopping) {
    let mut wanting: Vec<(Task<'_>, &mut Fit)> = Vec::new();
    for (&task, path) in tasks.iter().zip(paths.iter_mut()) {
        for fit in path {
            if !fit.converged && fit.iterations < stopping.max_iterations {
                wanting.push((task, fit));
            }
        }
    }
    if wanting.is_empty() {
        return;
    }
    let starts: Vec<([f64; 1], Start)> = wanting
        .iter()
        .map(|(_, fit)| ([fit.penalty], fit.start()))
        .collect();
    let again: Vec<Path<'_>> = wanting
        .iter()
        .zip(&starts)
        .map(|((task, _), (penalties, start))| Path {
            task: *task,
            penalties,
            start: Some(start),
        })
        .collect();
    let fits = run(space, &again, stopping, Precision::Double);
    for ((_, fit), path) in wanting.into_iter().zip(fits) {
        for better in path {
            *fit = better.after(fit);
        }
    }
}

#[cfg(test)]
mod tests {
    use layerprobe_linalg::MatRef;

    use super::*;

    #[test]
    fn iterations_on_the_way_are_counted_apart() {
        let data: Vec<f64> = (0..200)
            .map(|i| f64::from(i * i * 7 % 23) / 5.0 - 2.0)
            .collect();
        let labels: Vec<u32> = (0..40).map(|row| row * row % 11 % 3).collect();
        let space = Space::primal(MatRef::row_major(&data, 40, 5)).unwrap();
        let fit = |max_iterations| {
            let path = Path {
                task: Task {
                    labels: &labels,
                    classes: 3,
                },
                penalties: &[1e3, 1e2, 1e1, 1.0, 0.1],
                start: None,
            };
            let stopping = Stopping {
                tolerance: 1e-8,
                on_the_way: 1e-2,
                max_iterations,
                own_factors: true,
            };
            solve(&space, &[path], stopping).concat().remove(0)
        };
        let free = fit(1000);
        assert!(free.converged && free.on_the_way > 0 && free.iterations > 1);
        assert_eq!(free.all_iterations(), free.on_the_way + free.iterations);
        // the limit is one penalty's
        let tight = fit(free.iterations);
        assert!(tight.all_iterations() > free.iterations);
        assert!(tight.converged, "{:?}", tight.certificate);
    }
}
