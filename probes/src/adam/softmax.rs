use super::real::Real;

/// The place of the largest logit, the first of equals.
pub(crate) fn top<T: Real>(logits: &[T]) -> usize {
    let mut best = 0;
    for (place, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = place;
        }
    }
    best
}

/// Puts in the place of the logits of several probes, `classes` each, the
/// slopes of the batch's mean cross-entropy: `(softmax - one hot) / rows`, the
/// true class of a row and probe being `label`'s. Rows are `stride` apart; what
/// is behind the last probe's logits becomes 0.
pub(crate) fn residuals<T: Real>(
    logits: &mut [T],
    stride: usize,
    probes: usize,
    classes: usize,
    label: impl Fn(usize, usize) -> u32,
) {
    let rows = logits.len() / stride;
    let width = probes * classes;
    for row in logits.chunks_exact_mut(stride) {
        let (used, padding) = row.split_at_mut(width);
        for logits in used.chunks_exact_mut(classes) {
            let most = logits.iter().fold(T::neg_infinity(), |a, &b| a.max(b));
            for logit in logits.iter_mut() {
                *logit -= most;
            }
        }
        padding.fill(T::ZERO);
    }
    T::exp_all(logits);
    let share = T::cast(1.0 / rows as f64);
    for (row, logits) in logits.chunks_exact_mut(stride).enumerate() {
        let (used, padding) = logits.split_at_mut(width);
        for (probe, terms) in used.chunks_exact_mut(classes).enumerate() {
            let total = terms.iter().fold(T::ZERO, |a, &b| a + b);
            let scale = share / total;
            for term in terms.iter_mut() {
                *term *= scale;
            }
            terms[label(row, probe) as usize] -= share;
        }
        padding.fill(T::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_are_softmax_minus_the_true_class() {
        // two probes of three classes, a column of padding
        let logits = [1.0, 2.0, -500.0, 1e9, 0.0, 0.0, 7.0];
        let mut found = [&logits[..], &logits[..]].concat();
        residuals(&mut found, 7, 2, 3, |row, _| [1, 0][row]);
        let p = 1.0 / (1.0 + 1f64.exp());
        for (row, label) in found.chunks_exact(7).zip([1, 0]) {
            let mut expected = [p, 1.0 - p, 0.0, 1.0, 0.0, 0.0, 0.0];
            expected[label] -= 1.0;
            expected[3 + label] -= 1.0;
            for (found, expected) in row.iter().zip(expected) {
                assert!((found - expected / 2.0).abs() < 1e-15, "{row:?}");
            }
        }
    }

    #[test]
    fn the_first_of_the_largest_is_on_top() {
        assert_eq!(top(&[0.0, 3.0, 3.0, 1.0]), 1);
        assert_eq!(top::<f32>(&[]), 0);
    }
}
