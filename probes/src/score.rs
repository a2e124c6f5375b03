//! What logits say: the class they name, its probability, and how often they are right.

/// Accuracy and mean cross-entropy (nats) on some rows.
pub(crate) struct Score {
    pub accuracy: f64,
    pub cross_entropy: f64,
}

/// The most probable class (the lowest of equals) and the true class'
/// log-probability.
pub(crate) fn read_logits(logits: &[f64], label: u32) -> (u32, f64) {
    let (best, top, total) = normalizer(logits);
    (best as u32, logits[label as usize] - top - total)
}

/// The log-probability of each class.
pub(crate) fn log_probabilities(logits: &[f64]) -> Vec<f32> {
    let (_, top, total) = normalizer(logits);
    logits.iter().map(|z| (z - top - total) as f32).collect()
}

/// The place of the largest logit (the lowest of equals), that logit, and the
/// logarithm of the sum of exponentials above it.
fn normalizer(logits: &[f64]) -> (usize, f64, f64) {
    let mut best = 0;
    for (class, z) in logits.iter().enumerate() {
        if *z > logits[best] {
            best = class;
        }
    }
    let top = logits[best];
    let total: f64 = logits.iter().map(|z| (z - top).exp()).sum();
    (best, top, total.ln())
}

/// Scores rows of logits against their labels.
pub(crate) fn score(rows: impl Iterator<Item = Vec<f64>>, labels: &[u32]) -> Score {
    let (mut hits, mut loss) = (0usize, 0.0);
    for (logits, &label) in rows.zip(labels) {
        let (predicted, log_probability) = read_logits(&logits, label);
        hits += usize::from(predicted == label);
        loss -= log_probability;
    }
    let n = labels.len().max(1) as f64;
    Score {
        accuracy: hits as f64 / n,
        cross_entropy: loss / n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_and_huge_logits_are_read() {
        assert_eq!(read_logits(&[1.0, 1.0, 0.0], 1).0, 0);
        assert_eq!(read_logits(&[2000.0, 0.0], 1), (0, -2000.0));
        assert_eq!(read_logits(&[0.0, 0.0], 0).1, -(2f64.ln()));
    }

    #[test]
    fn probabilities_of_all_classes_sum_to_one() {
        for logits in [[1.0, -3.0, 0.5], [2000.0, 1999.0, 0.0]] {
            let all = log_probabilities(&logits);
            let sum: f64 = all.iter().map(|&l| f64::from(l).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{all:?}");
            for (class, &own) in all.iter().enumerate() {
                assert_eq!(own, read_logits(&logits, class as u32).1 as f32);
            }
        }
    }
}
