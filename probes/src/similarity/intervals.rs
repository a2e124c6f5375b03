use crate::statistics::quantile;

/// The 2.5 % and 97.5 % quantiles; none of nothing.
pub(super) fn percentiles(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some((quantile(&sorted, 0.025), quantile(&sorted, 0.975)))
}
