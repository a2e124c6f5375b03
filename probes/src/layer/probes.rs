//! The probes of one cut: penalties chosen, refitted, tested once.

use super::{Cut, Tested, Wanted, Work};
use crate::around::bits::bits;
use crate::fitting::Form;
use crate::outcome::PathPoint;
use crate::test_set::outcome;
use crate::{ProbeError, ProbeOutcome, ProbeTask, SplitKind};

/// Probes every task on the rows of a cut; `form` has them in the cut's order.
pub(super) fn probe_cut(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[ProbeTask<'_>],
    split: SplitKind,
    by_cross_entropy: bool,
) -> Result<Vec<ProbeOutcome>, ProbeError> {
    let paths = work.paths(form, cut, tasks)?;
    let rows = cut.order.len();
    let space = form
        .space(rows, rows)
        .map_err(|source| work.failed(source))?;
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for (number, (task, path)) in tasks.iter().zip(&paths).enumerate() {
        wanted.push(Wanted {
            task: number,
            labels: task.labels,
            at: most_accurate(path),
        });
    }
    // the same penalty's fit serves both choices
    let surest: Vec<usize> = paths.iter().map(|path| least_surprised(path)).collect();
    if by_cross_entropy {
        for (number, &at) in surest.iter().enumerate() {
            if at != wanted[number].at {
                wanted.push(Wanted {
                    at,
                    ..wanted[number]
                });
            }
        }
    }
    let tested = work.refit(form, &space, cut, tasks, &wanted)?;
    let mut further = tasks.len();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for (number, (task, path)) in tasks.iter().zip(paths).enumerate() {
        let surer: Option<&Tested> = by_cross_entropy.then(|| {
            if surest[number] == wanted[number].at {
                &tested[number]
            } else {
                further += 1;
                &tested[further - 1]
            }
        });
        let mut found = outcome(
            work,
            task,
            split,
            &cut.order,
            path,
            (wanted[number].at, surest[number]),
            &tested[number],
        );
        if let Some(surer) = surer {
            found.bits = Some(bits(task, &cut.order, surer)?);
        }
        outcomes.push(found);
    }
    Ok(outcomes)
}

/// Place of the highest accuracy; penalties fall along the path, so the first
/// of equals is the largest.
fn most_accurate(points: &[PathPoint]) -> usize {
    let mut best = 0;
    for (place, point) in points.iter().enumerate() {
        if point.accuracy > points[best].accuracy {
            best = place;
        }
    }
    best
}

/// Place of the least cross-entropy, the first of equals.
fn least_surprised(points: &[PathPoint]) -> usize {
    let mut best = 0;
    for (place, point) in points.iter().enumerate() {
        if point.cross_entropy < points[best].cross_entropy {
            best = place;
        }
    }
    best
}
