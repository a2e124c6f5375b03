//! How far cross-entropy is from its infimum, without a penalty to lean on.
//!
//! Let `A = [1 X]`, rows `a_i`, logits `Z = A T`, `p_i = softmax(z_i)`, `e_y` the
//! unit vector of a row's class, and `L(T) = sum_i (lse(z_i) - <e_y, z_i>)`.
//!
//! *Dual points.* Let each row of `Q` lie in the simplex and `A^T (Q - Y) = 0`.
//! Gibbs' inequality, `lse(z) >= <q, z> + H(q)` for every `z`, gives for every `T'`
//!
//! ```text
//! L(T') >= sum_i H(q_i) + <q_i - e_y, z'_i> = sum_i H(q_i) + <A^T (Q - Y), T'> = sum_i H(q_i)
//! ```
//!
//! At `T` itself `lse(z) - <q, z> - H(q) = KL(q || p)`, so
//!
//! ```text
//! L(T) - inf L <= sum_i KL(q_i || p_i)
//! ```
//!
//! *Which one.* Newton's step `D` solves `H D = -A^T (P - Y)`, with
//! `H D = A^T [B_i d_i]`, `d_i = a_i^T D` and `B_i = diag p_i - p_i p_i^T`. Hence
//! `q_i = p_i + B_i d_i`, that is `q_ic = p_ic (1 + s_ic)` with
//! `s_ic = d_ic - sum_e p_ie d_ie`, has `A^T (Q - Y) = 0`. Its rows sum to 1, and
//! no entry is below 0 as long as every `s_ic >= -1`: as long as Newton's step
//! moves no logit far. The bound `sum p ((1 + s) ln (1 + s) - s)` is half the
//! squared Newton decrement, to second order, and needs no more than the step has
//! given already. Only the rounding of `A^T (Q - Y)` in doubles is left out.
//!
//! Where classes can be separated the bound holds of the infimum.

use crate::solve::Task;

/// The bound at a decoder whose rows have the residuals `p - e_y`, from the image
/// of Newton's step there, both rows x classes; none where the step goes too far
/// to tell.
pub(super) fn bound(residual: &[f64], step: &[f64], task: Task<'_>) -> Option<f64> {
    let k = task.classes;
    let mut total = 0.0;
    let rows = residual.chunks_exact(k).zip(step.chunks_exact(k));
    for ((r, d), &label) in rows.zip(task.labels) {
        let label = label as usize;
        // relative to the true class, whose residual does not count then
        let mean: f64 = r.iter().zip(d).map(|(r, x)| r * (x - d[label])).sum();
        for (class, (&r, &x)) in r.iter().zip(d).enumerate() {
            let p = if class == label { 1.0 + r } else { r };
            let s = x - d[label] - mean;
            if s.is_nan() || s < -1.0 {
                return None;
            }
            total += p * divergence(s);
        }
    }
    // a probability may be rounded to less than 0
    Some(total.max(0.0))
}

/// `(1 + s) ln (1 + s) - s`, which is never below 0.
fn divergence(s: f64) -> f64 {
    if s.abs() < 1e-3 {
        // the difference would cancel
        s * s * (0.5 - s * (1.0 / 6.0 - s * (1.0 / 12.0 - s / 20.0)))
    } else if s <= -1.0 {
        1.0
    } else {
        (1.0 + s) * s.ln_1p() - s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_meets_the_formula() {
        for s in [-9.99e-4f64, -1e-4, 1e-4, 9.99e-4] {
            let plain = (1.0 + s) * s.ln_1p() - s;
            let off = (divergence(s) - plain).abs();
            assert!(off < 1e-15 + 1e-9 * plain, "{s}: {off}");
        }
        assert_eq!(divergence(-1.0), 1.0);
    }

    #[test]
    fn a_step_that_goes_too_far_proves_nothing() {
        let task = Task {
            labels: &[0],
            classes: 2,
        };
        assert!(bound(&[-0.5, 0.5], &[0.1, -0.1], task).is_some());
        assert!(bound(&[-0.5, 0.5], &[9.0, -9.0], task).is_none());
    }
}
