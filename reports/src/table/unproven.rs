//! Fits that end without proof.

use std::collections::BTreeSet;

use super::row::ResultRow;

/// Whether a fit with this status ended without the proof that it is optimal. None
/// is told by an empty status (nothing was fitted, or a table of an earlier version
/// does not say), none was promised by a fixed budget.
pub(super) fn lacks_proof(status: &str) -> bool {
    !matches!(status, "" | "converged" | "fixed_budget" | "degenerate")
}

/// The number of fits among single runs' rows whose solver ended without the
/// proof that they are optimal: probes, their refits for bits, ridge probes. A
/// fit that several rows tell of counts once.
///
/// ```
/// use layerprobe_reports::{ResultRow, unproven_fits};
///
/// let row = |metric: &str, penalty| ResultRow {
///     metric: metric.into(),
///     penalty: Some(penalty),
///     status: "max_iterations".into(),
///     ..ResultRow::default()
/// };
/// let rows = [row("accuracy", 1.0), row("v_information", 1.0), row("v_information", 10.0)];
/// assert_eq!(unproven_fits(&rows), 2);
/// ```
pub fn unproven_fits<'a>(rows: impl IntoIterator<Item = &'a ResultRow>) -> usize {
    let fits: BTreeSet<_> = rows
        .into_iter()
        .filter(|row| matches!(&*row.metric, "accuracy" | "v_information" | "r2"))
        .filter(|row| row.is_unconverged() && row.n_runs.is_none_or(|n| n == 1))
        .map(|row| {
            let place = (&row.condition, row.step, &row.layer, &row.view, row.repeat);
            let penalty = row.penalty.map(f64::to_bits);
            let probe = (&row.feature, &row.probe, &row.protocol, penalty);
            (place, probe, &row.split_kind, &row.variant)
        })
        .collect();
    fits.len()
}
