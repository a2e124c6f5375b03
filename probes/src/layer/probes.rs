//! The probes of one cut: penalties chosen, refitted, tested once.

use super::{Cut, Tested, Wanted, Work};
use crate::around::bits::bits;
use crate::fitting::Form;
use crate::outcome::{PathPoint, Refit};
use crate::test_set::outcome;
use crate::{ProbeError, ProbeOutcome, ProbeTask, SplitKind};

/// A task's rows with other labels.
pub(super) struct Further {
    pub task: usize,
    /// One label for each row of the layer.
    pub labels: Vec<u32>,
}

/// The probes of a cut, and the fits of further labels in their order.
pub(super) struct Probed {
    pub outcomes: Vec<ProbeOutcome>,
    pub further: Vec<Refit>,
}

/// Probes every task on the rows of a cut; `form` has them in the cut's order.
/// Further labels are fitted over the same rows, at the penalty that accuracy
/// chose for their task's own and as closely as fits that choose penalties.
pub(super) fn probe_cut(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[ProbeTask<'_>],
    split: SplitKind,
    by_cross_entropy: bool,
    further: &[Further],
) -> Result<Probed, ProbeError> {
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
    let mut others: Vec<Wanted<'_>> = Vec::with_capacity(further.len());
    for Further { task, labels } in further {
        let at = wanted[*task].at;
        others.push(Wanted {
            task: *task,
            labels,
            at,
        });
    }
    let others = match others.is_empty() {
        true => Vec::new(),
        false => work.refit_roughly(form, &space, cut, tasks, &others)?,
    };
    let mut surer_at = tasks.len();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for (number, (task, path)) in tasks.iter().zip(paths).enumerate() {
        let surer: Option<&Tested> = by_cross_entropy.then(|| {
            if surest[number] == wanted[number].at {
                &tested[number]
            } else {
                surer_at += 1;
                &tested[surer_at - 1]
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
    let further = further
        .iter()
        .zip(&others)
        .map(|(Further { task, labels }, tested)| tested.judged(tasks[*task].test, labels))
        .collect();
    Ok(Probed { outcomes, further })
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
