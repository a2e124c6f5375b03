//! From logits to V-information.

use crate::outcome::Bits;
use crate::score::read_logits;
use crate::work::Tested;
use crate::{ProbeError, ProbeTask, v_information};

/// A feature's bits by the fit whose penalty cross-entropy chose.
pub(crate) fn bits(
    task: &ProbeTask<'_>,
    train: &[usize],
    tested: &Tested,
) -> Result<Bits, ProbeError> {
    let labels = |rows: &[usize]| rows.iter().map(|&row| task.labels[row]).collect::<Vec<_>>();
    let test = labels(task.test);
    let logs: Vec<f64> = tested
        .logits
        .iter()
        .zip(&test)
        .map(|(logits, &label)| read_logits(logits, label).1)
        .collect();
    Ok(Bits {
        information: v_information(&labels(train), &test, &logs)?,
        refit: tested.judged(task.test, task.labels),
    })
}
