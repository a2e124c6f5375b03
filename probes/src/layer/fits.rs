//! Choosing penalties, and fits at the penalties chosen.

use crate::cut::Cut;
use crate::exact::make_again;
use crate::fitting::{
    ROUGH, fit_all, rough_logits, settle, shifted, side_by_side, status_from, unproven,
};
use crate::form::Form;
use crate::outcome::PathPoint;
use crate::score::{Score, score};
use crate::solve::{Fit, Panel, Path, Space, Stopping, Task};
use crate::work::{Tested, Work};
use crate::{ProbeError, ProbeTask};

/// Fits to random labels stop at so many times the tolerance of those that
/// choose penalties, after so many iterations at the latest, and leave the
/// penalties before the last at this gap.
const RANDOM: f64 = 10.0;
const RANDOM_ITERATIONS: usize = 50;
const RANDOM_ON_THE_WAY: f64 = 0.1;

/// How closely refits are solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closeness {
    /// To the tolerance of what is reported, proven on the activations.
    Proven,
    /// To the tolerance of fits that choose penalties, over the Gram matrix.
    Compared,
    /// As labels drawn at random need it, many at a time, which only show what
    /// such labels can reach. On six layers, 90 controls and 342 permutations,
    /// their mean accuracies moved by 0.001 and 0.0003 on average against fits to
    /// a tenth of this tolerance, less than a tenth of their spread.
    Random,
}

/// A fit that is wanted: a task's rows, with its own labels or others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Number of the task.
    pub task: usize,
    /// One label for each row of the layer.
    pub labels: &'a [u32],
    /// Place of the penalty on the path.
    pub at: usize,
}

impl Work<'_> {
    /// How well refits are solved.
    fn stopping(&self, closeness: Closeness) -> Stopping {
        let tolerance = match closeness {
            Closeness::Proven => self.params.tolerance(),
            Closeness::Compared => self.params.selection_tolerance(),
            Closeness::Random => RANDOM * self.params.selection_tolerance(),
        };
        let (way, most) = match closeness {
            Closeness::Proven | Closeness::Compared => (ROUGH, usize::MAX),
            Closeness::Random => (RANDOM_ON_THE_WAY, RANDOM_ITERATIONS),
        };
        Stopping {
            tolerance,
            on_the_way: way.max(tolerance),
            max_iterations: self.params.max_iterations().min(most),
            own_factors: closeness != Closeness::Random,
        }
    }

    /// Fits every task at every penalty on the first part of a cut and judges
    /// the fits on the second. `form` has the cut's rows in its order.
    pub fn paths(
        &self,
        form: &Form,
        cut: &Cut,
        tasks: &[ProbeTask<'_>],
    ) -> Result<Vec<Vec<PathPoint>>, ProbeError> {
        let rows = cut.order.len();
        let space = form
            .space(cut.used, rows)
            .map_err(|source| self.failed(source))?;
        let labels: Vec<Vec<u32>> = tasks
            .iter()
            .map(|task| cut.order.iter().map(|&row| task.labels[row]).collect())
            .collect();
        let wanted: Vec<Path<'_>> = tasks
            .iter()
            .zip(&labels)
            .map(|(task, labels)| Path {
                task: Task {
                    labels: &labels[..cut.used],
                    classes: task.classes,
                },
                penalties: self.params.penalties(),
                start: None,
            })
            .collect();
        let paths = fit_all(
            form,
            &space,
            (&self.data, &cut.order),
            &wanted,
            self.roughly(),
            self.params.solver(),
        )?;
        Ok(self.judge_paths(form, cut, tasks, &labels, &paths))
    }

    /// Judges every fit of every path on the selection rows.
    fn judge_paths(
        &self,
        form: &Form,
        cut: &Cut,
        tasks: &[ProbeTask<'_>],
        labels: &[Vec<u32>],
        paths: &[Vec<Fit>],
    ) -> Vec<Vec<PathPoint>> {
        let blocks: Vec<(&[f64], usize)> = tasks
            .iter()
            .zip(paths)
            .flat_map(|(task, path)| {
                path.iter()
                    .map(|fit| (fit.coefficients.as_slice(), task.classes))
            })
            .collect();
        let panel = Panel::beside(form.size(cut.used), &blocks);
        let logits = form.rest(cut.used, cut.order.len(), &panel);
        let mut start = 0;
        let mut points = Vec::with_capacity(tasks.len());
        for ((task, labels), path) in tasks.iter().zip(labels).zip(paths) {
            let mut along = Vec::with_capacity(path.len());
            for fit in path {
                let own = logits.columns(start, task.classes);
                start += task.classes;
                let rows = own.chunks_exact(task.classes);
                let Score {
                    accuracy,
                    cross_entropy,
                } = score(
                    rows.map(|row| shifted(row, &fit.intercept)),
                    &labels[cut.used..],
                );
                along.push(PathPoint {
                    penalty: fit.penalty,
                    accuracy,
                    cross_entropy,
                    iterations: fit.iterations,
                    certificate: fit.certificate,
                    status: unproven(status_from(fit.separable, fit.converged, self.data.scale)),
                });
            }
            points.push(along);
        }
        points
    }

    /// Fits on all rows of a cut and tests.
    pub fn refit(
        &self,
        form: &Form,
        space: &Space<'_>,
        cut: &Cut,
        tasks: &[ProbeTask<'_>],
        wanted: &[Wanted<'_>],
        closeness: Closeness,
    ) -> Result<Vec<Tested>, ProbeError> {
        let stopping = self.stopping(closeness);
        let labels: Vec<Vec<u32>> = wanted
            .iter()
            .map(|want| cut.order.iter().map(|&row| want.labels[row]).collect())
            .collect();
        let solved: Vec<Task<'_>> = wanted
            .iter()
            .zip(&labels)
            .map(|(want, labels)| Task {
                labels,
                classes: tasks[want.task].classes,
            })
            .collect();
        let paths: Vec<Path<'_>> = wanted
            .iter()
            .zip(&solved)
            .map(|(want, &task)| Path {
                task,
                penalties: &self.params.penalties()[..=want.at],
                start: None,
            })
            .collect();
        let solver = self.params.solver();
        let rows = (&self.data, cut.order.as_slice());
        let mut fits: Vec<Fit> = fit_all(form, space, rows, &paths, stopping, solver)?
            .into_iter()
            .filter_map(|mut path| path.pop())
            .collect();
        let test: Vec<&[usize]> = wanted.iter().map(|want| tasks[want.task].test).collect();
        let proven = closeness == Closeness::Proven;
        let logits = match proven {
            true => {
                let (data, order) = (&self.data, cut.order.as_slice());
                let mut weights = settle(form, space, data, order, &solved, &mut fits, stopping);
                let found = (fits.as_mut_slice(), &mut weights);
                make_again(form, data, order, &paths, found, stopping);
                self.tested_by(&weights, &solved, &test)
            }
            false => rough_logits(form, &self.data, &cut.order, &solved, &fits, &test),
        };
        let mut tested = Vec::with_capacity(wanted.len());
        for ((task, fit), logits) in solved.iter().zip(fits).zip(logits) {
            let rows = logits.chunks_exact(task.classes);
            let own = rows.map(|row| shifted(row, &fit.intercept)).collect();
            let converged = fit.certificate.relative_gap() <= self.params.tolerance();
            let status = status_from(fit.separable, converged, self.data.scale);
            tested.push(Tested {
                status: match proven {
                    true => status,
                    false => unproven(status),
                },
                logits: own,
                fit,
            });
        }
        Ok(tested)
    }

    /// The logits that weights, side by side, give to each task's own rows,
    /// rows x classes.
    fn tested_by(&self, weights: &Panel, tasks: &[Task<'_>], test: &[&[usize]]) -> Vec<Vec<f64>> {
        let mut rows: Vec<usize> = test.iter().copied().flatten().copied().collect();
        rows.sort_unstable();
        rows.dedup();
        let logits = self.data.project(&rows, &weights.data, weights.cols);
        side_by_side(tasks)
            .zip(test)
            .map(|(columns, test)| {
                let places = test
                    .iter()
                    .map(|row| rows.binary_search(row).unwrap_or_default());
                places
                    .flat_map(|place| &logits[place * weights.cols..][columns.clone()])
                    .copied()
                    .collect()
            })
            .collect()
    }
}
