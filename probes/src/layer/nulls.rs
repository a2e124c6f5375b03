//! Refits to permuted labels over the layer's own Gram matrix.

use super::{Closeness, Cut, Wanted, Work};
use crate::around::permuted_labels;
use crate::fitting::Form;
use crate::{PermutationNull, ProbeError, ProbeOutcome, ProbeTask, Repeats};

/// Permutations solved at once: enough columns for full products, few enough
/// that memory does not grow with the number asked for.
pub(crate) const BATCH: usize = 20;

/// Fits permuted labels at the penalties of `probes`, the tasks' own outcomes
/// on this cut.
pub(super) fn permutation_nulls(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[ProbeTask<'_>],
    probes: &[ProbeOutcome],
    Repeats { key, count }: Repeats,
) -> Result<Vec<PermutationNull>, ProbeError> {
    let rows = cut.order.len();
    let space = form
        .space(rows, rows)
        .map_err(|source| work.failed(source))?;
    let mut nulls: Vec<PermutationNull> = tasks
        .iter()
        .map(|task| PermutationNull {
            feature: task.feature.to_owned(),
            fits: Vec::with_capacity(count),
        })
        .collect();
    for start in (0..count).step_by(BATCH) {
        let numbers = (start, BATCH.min(count - start));
        let labels = tasks
            .iter()
            .map(|task| permuted_labels(task, work.groups, &cut.order, numbers, key))
            .collect::<Result<Vec<_>, _>>()?;
        let penalties = work.params.penalties();
        let wanted: Vec<Wanted<'_>> = labels
            .iter()
            .zip(probes)
            .enumerate()
            .flat_map(|(task, (labels, probe))| {
                let at = penalties.iter().position(|&p| p == probe.penalty);
                let at = at.unwrap_or_default();
                labels.iter().map(move |labels| Wanted { task, labels, at })
            })
            .collect();
        let tested = work.refit(form, &space, cut, tasks, &wanted, Closeness::Random)?;
        for (want, tested) in wanted.iter().zip(tested) {
            let test = tasks[want.task].test;
            nulls[want.task].fits.push(tested.judged(test, want.labels));
        }
    }
    Ok(nulls)
}
