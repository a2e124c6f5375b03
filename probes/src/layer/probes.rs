//! The probes of one cut: penalties chosen, refitted, tested once; or fitted at
//! penalties chosen elsewhere, beside others that they are compared with.

use super::drawn::Further;
use super::fits::{Closeness, Wanted};
use super::test_set::outcome;
use crate::around::bits::bits;
use crate::cut::Cut;
use crate::form::Form;
use crate::outcome::{PathPoint, Refit};
use crate::work::{Tested, Work};
use crate::{ProbeError, ProbeOutcome, ProbeTask, SplitKind};

/// The places of a task's penalties on the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    pub by_accuracy: usize,
    pub by_cross_entropy: usize,
}

/// The probes of a cut, and the fits of further labels in their order.
pub(super) struct Probed {
    pub outcomes: Vec<ProbeOutcome>,
    pub further: Vec<Refit>,
}

/// Chooses every task's penalties on the selection rows of a cut and probes it
/// there; `form` has the cut's rows in its order. With what was chosen.
pub(super) fn probe_cut(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[ProbeTask<'_>],
    split: SplitKind,
    by_cross_entropy: bool,
) -> Result<(Vec<ProbeOutcome>, Vec<Chosen>), ProbeError> {
    let paths = work.paths(form, cut, tasks)?;
    let rows = cut.order.len();
    let space = form
        .space(rows, rows)
        .map_err(|source| work.failed(source))?;
    let chosen: Vec<Chosen> = paths
        .iter()
        .map(|path| Chosen {
            by_accuracy: most_accurate(path),
            by_cross_entropy: least_surprised(path),
        })
        .collect();
    let tasks_and_chosen = || tasks.iter().zip(&chosen).enumerate();
    let mut wanted: Vec<Wanted<'_>> = tasks_and_chosen()
        .map(|(number, (task, chosen))| Wanted {
            task: number,
            labels: task.labels,
            at: chosen.by_accuracy,
        })
        .collect();
    if by_cross_entropy {
        // the same penalty's fit serves both choices
        let apart = tasks_and_chosen()
            .filter(|(_, (_, chosen))| chosen.by_cross_entropy != chosen.by_accuracy);
        wanted.extend(apart.map(|(number, (task, chosen))| Wanted {
            task: number,
            labels: task.labels,
            at: chosen.by_cross_entropy,
        }));
    }
    let tested = work.refit(form, &space, cut, tasks, &wanted, Closeness::Proven)?;
    let mut surer_at = tasks.len();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for (number, ((task, path), &chosen)) in tasks.iter().zip(paths).zip(&chosen).enumerate() {
        let surer: Option<&Tested> = by_cross_entropy.then(|| {
            if chosen.by_cross_entropy == chosen.by_accuracy {
                &tested[number]
            } else {
                surer_at += 1;
                &tested[surer_at - 1]
            }
        });
        let own = &tested[number];
        let mut found = outcome(work, task, split, &cut.order, path, chosen, own);
        if let Some(surer) = surer {
            found.bits = Some(bits(task, &cut.order, surer)?);
        }
        outcomes.push(found);
    }
    Ok((outcomes, chosen))
}

/// Probes every task, and further labels, on all rows of a cut at the penalties
/// chosen on another.
pub(super) fn compare_at(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[ProbeTask<'_>],
    split: SplitKind,
    chosen: &[Chosen],
    further: &[Further],
) -> Result<Probed, ProbeError> {
    let rows = cut.order.len();
    let space = form
        .space(rows, rows)
        .map_err(|source| work.failed(source))?;
    let own = tasks.iter().enumerate().map(|(task, own)| Wanted {
        task,
        labels: own.labels,
        at: chosen[task].by_accuracy,
    });
    let own: Vec<Wanted<'_>> = own.collect();
    let own = work.refit(form, &space, cut, tasks, &own, Closeness::Compared)?;
    let others = further.iter().map(|Further { task, labels }| Wanted {
        task: *task,
        labels,
        at: chosen[*task].by_accuracy,
    });
    let others: Vec<Wanted<'_>> = others.collect();
    let others = work.refit(form, &space, cut, tasks, &others, Closeness::Random)?;
    let outcomes = tasks.iter().zip(&own).zip(chosen);
    let outcomes = outcomes.map(|((task, tested), &chosen)| {
        outcome(work, task, split, &cut.order, Vec::new(), chosen, tested)
    });
    let further = further.iter().zip(others);
    let further =
        further.map(|(Further { task, labels }, tested)| tested.judged(tasks[*task].test, labels));
    Ok(Probed {
        outcomes: outcomes.collect(),
        further: further.collect(),
    })
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
