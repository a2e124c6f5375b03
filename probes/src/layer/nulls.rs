//! Refits to permuted labels over the layer's own Gram matrix.

use super::fits::{Closeness, Wanted};
use super::probes::Chosen;
use crate::around::Permutable;
use crate::around::bits::bits;
use crate::cut::Cut;
use crate::form::Form;
use crate::outcome::{Bits, Refit};
use crate::work::Work;
use crate::{PermutationNull, ProbeError, ProbeTask, Repeats};

/// Permutations solved at once: enough columns for full products, few enough
/// that memory does not grow with the number asked for.
pub(crate) const BATCH: usize = 20;

/// What is asked of permuted labels.
pub(super) struct Asked<'a> {
    /// One a task.
    pub permutable: &'a [Permutable<'a>],
    /// The penalties that the tasks' own probes on this cut have chosen.
    pub chosen: &'a [Chosen],
    /// Whether they have V-information.
    pub bits: bool,
}

/// A permutation's fit of a task, and what it seems to know where that is asked.
struct Permuted {
    task: usize,
    refit: Refit,
    bits: Option<Bits>,
}

/// Fits permuted labels at the penalties chosen for the true ones.
pub(super) fn permutation_nulls(
    work: &Work<'_>,
    form: &Form,
    cut: &Cut,
    tasks: &[ProbeTask<'_>],
    asked: &Asked<'_>,
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
    // one fit serves both where they chose the same
    let by_bits = |chosen: &Chosen| {
        let differs = chosen.by_cross_entropy != chosen.by_accuracy;
        (asked.bits && differs).then_some(chosen.by_cross_entropy)
    };
    for start in (0..count).step_by(BATCH) {
        let numbers = (start, BATCH.min(count - start));
        let labels: Vec<Vec<Vec<u32>>> = asked
            .permutable
            .iter()
            .map(|own| own.labels(&cut.order, numbers, key))
            .collect();
        let fitted = |at: &dyn Fn(&Chosen) -> Option<usize>| {
            let wanted: Vec<Wanted<'_>> = labels
                .iter()
                .zip(asked.chosen)
                .enumerate()
                .filter_map(|(task, (labels, chosen))| Some((task, labels, at(chosen)?)))
                .flat_map(|(task, labels, at)| {
                    labels.iter().map(move |labels| Wanted { task, labels, at })
                })
                .collect();
            if wanted.is_empty() {
                return Ok(Vec::new());
            }
            let tested = work.refit(form, &space, cut, tasks, &wanted, Closeness::Random)?;
            let judged = wanted.iter().zip(tested).map(|(want, tested)| {
                let permuted = ProbeTask {
                    labels: want.labels,
                    ..tasks[want.task]
                };
                // by the permuted labels' own frequencies: groups differ in size
                let bits = asked.bits.then(|| bits(&permuted, &cut.order, &tested));
                Ok(Permuted {
                    task: want.task,
                    refit: tested.judged(permuted.test, want.labels),
                    bits: bits.transpose()?,
                })
            });
            judged.collect::<Result<Vec<_>, ProbeError>>()
        };
        for Permuted { task, refit, bits } in fitted(&|chosen| Some(chosen.by_accuracy))? {
            let serves_both = asked.chosen.get(task).is_some_and(|c| by_bits(c).is_none());
            let null = &mut nulls[task];
            null.fits_for_bits.extend(bits.filter(|_| serves_both));
            null.fits.push(refit);
        }
        for Permuted { task, bits, .. } in fitted(&by_bits)? {
            nulls[task].fits_for_bits.extend(bits);
        }
    }
    Ok(nulls)
}
