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
            fits_for_bits: Vec::new(),
        })
        .collect();
    let place = |penalty: f64| {
        let mut penalties = work.params.penalties().iter();
        penalties.position(|&p| p == penalty).unwrap_or_default()
    };
    let by_accuracy = |probe: &ProbeOutcome| Some(place(probe.penalty));
    // one fit serves both where they chose the same
    let by_bits = |probe: &ProbeOutcome| {
        let differs = probe.penalty_by_cross_entropy != probe.penalty;
        let asked = probe.bits.is_some() && differs;
        asked.then(|| place(probe.penalty_by_cross_entropy))
    };
    for start in (0..count).step_by(BATCH) {
        let numbers = (start, BATCH.min(count - start));
        let labels = tasks
            .iter()
            .map(|task| permuted_labels(task, work.groups, &cut.order, numbers, key))
            .collect::<Result<Vec<_>, _>>()?;
        let fitted = |chosen: &dyn Fn(&ProbeOutcome) -> Option<usize>| {
            let wanted: Vec<Wanted<'_>> = labels
                .iter()
                .zip(probes)
                .enumerate()
                .filter_map(|(task, (labels, probe))| Some((task, labels, chosen(probe)?)))
                .flat_map(|(task, labels, at)| {
                    labels.iter().map(move |labels| Wanted { task, labels, at })
                })
                .collect();
            if wanted.is_empty() {
                return Ok(Vec::new());
            }
            let tested = work.refit(form, &space, cut, tasks, &wanted, Closeness::Random)?;
            let judged = wanted.iter().zip(tested).map(|(want, tested)| {
                let test = tasks[want.task].test;
                (want.task, tested.judged(test, want.labels))
            });
            Ok::<_, ProbeError>(judged.collect::<Vec<_>>())
        };
        for (task, refit) in fitted(&by_accuracy)? {
            let probe = &probes[task];
            if probe.bits.is_some() && by_bits(probe).is_none() {
                nulls[task].fits_for_bits.push(refit);
            }
            nulls[task].fits.push(refit);
        }
        for (task, refit) in fitted(&by_bits)? {
            nulls[task].fits_for_bits.push(refit);
        }
    }
    Ok(nulls)
}
