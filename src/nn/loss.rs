use super::Real;

/// The mean softmax cross-entropy of a batch, in nats, with its gradient.
///
/// `loss = -1/n sum_i log softmax(logits_i)[labels_i]`, computed with the
/// row's maximum taken off, so that no scale of logits overflows. The gradient
/// `(softmax - one hot) / n` is written to `gradient`, `[n, classes]` as the
/// logits.
///
/// # Panics
/// If the lengths do not fit, or a label is not below `classes`.
pub fn cross_entropy<T: Real>(
    logits: &[T],
    labels: &[u32],
    classes: usize,
    gradient: &mut [T],
) -> f64 {
    let n = labels.len();
    assert_eq!(logits.len(), n * classes, "length of the logits");
    assert_eq!(gradient.len(), logits.len(), "length of the gradient");
    let scale = T::from_f64(1.0 / n as f64);
    let mut loss = 0.0;
    let rows = logits
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes));
    for ((row, slopes), &label) in rows.zip(labels) {
        let label = label as usize;
        assert!(label < classes, "label {label} of {classes} classes");
        let top = row
            .iter()
            .copied()
            .reduce(|a, b| if b > a { b } else { a })
            .unwrap_or(T::ZERO);
        let mut sum = T::ZERO;
        for (slope, &logit) in slopes.iter_mut().zip(row) {
            *slope = (logit - top).exp();
            sum += *slope;
        }
        loss += (sum.ln() - (row[label] - top)).to_f64();
        for slope in slopes.iter_mut() {
            *slope = *slope / sum * scale;
        }
        slopes[label] = slopes[label] - scale;
    }
    loss / n as f64
}

/// The place of a row's largest logit, the first of equals; 0 for an empty
/// row.
pub fn argmax<T: Real>(row: &[T]) -> usize {
    let mut best = 0;
    for (at, value) in row.iter().enumerate().skip(1) {
        if *value > row[best] {
            best = at;
        }
    }
    best
}
