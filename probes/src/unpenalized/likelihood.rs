use crate::solve::{Logits, Task};

/// The cross-entropy of logits, rows x classes; leaves `p - e_y` in `residual`.
pub(super) fn judge(task: Task<'_>, image: &[f64], residual: &mut [f64]) -> f64 {
    let mut logits = Logits::new(task.labels, task.classes, image, &[]);
    let sums = logits.evaluate(&[], &vec![0.0; task.classes]);
    logits.residuals(residual);
    sums.loss
}
