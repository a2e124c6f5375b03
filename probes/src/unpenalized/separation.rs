//! Is there a decoder under which no row is wrong?

use crate::solve::Task;

/// A margin counts as 0 down to this share of the largest one below it. Activations
/// have 24 bits, so a tie is one to 6e-8 at best; a decoder that needed such a
/// margin would need logits of 14 and more elsewhere.
const TIE: f64 = 1e-6;

/// Whether a direction, given by the logits it adds to each row, rows x classes,
/// separates the classes: each row's own class gains at least as much as any
/// other, and some row's gains more.
///
/// Then no decoder is optimal: a step along it lowers some row's cross-entropy
/// and raises none, wherever one stands. If all gain more, separation is complete
/// and the cross-entropy falls to 0; if some gain as much, quasi-complete.
pub(super) fn separates(image: &[f64], task: Task<'_>) -> bool {
    let (mut least, mut most) = (f64::INFINITY, 0f64);
    for (row, &label) in image.chunks_exact(task.classes).zip(task.labels) {
        let label = label as usize;
        let own = row[label];
        for (class, z) in row.iter().enumerate() {
            if class != label {
                least = least.min(own - z);
                most = most.max(own - z);
            }
        }
    }
    most > 0.0 && least >= -TIE * most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_and_losses_do_not() {
        let task = Task {
            labels: &[0, 1],
            classes: 2,
        };
        assert!(separates(&[1.0, 0.0, 0.0, 2.0], task));
        assert!(separates(&[1.0, 0.0, 5.0, 5.0], task));
        assert!(!separates(&[1.0, 0.0, 5.0, 4.9], task));
        assert!(!separates(&[3.0, 3.0, 5.0, 5.0], task));
    }
}
