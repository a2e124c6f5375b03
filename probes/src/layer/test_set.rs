//! From logits to the numbers that are reported.
//!
//! linfa's `ConfusionMatrix` counts and divides in singles, keeps its entries to
//! itself, leaves out classes that do not occur, and turns two classes round. Tables
//! hold counts as whole numbers and shares as doubles, and each class keeps its place:
//! so it is counted here. `tests/metrics.rs` compares the two, entry by entry.

use super::probes::Chosen;
use crate::ProbeTask;
use crate::outcome::{PathPoint, Prediction, ProbeOutcome, SplitKind};
use crate::score::{log_probabilities, read_logits};
use crate::statistics::{cluster_bootstrap, majority_chance};
use crate::work::{Tested, Work};

/// Gathers everything about one feature's final fit and its test.
pub(super) fn outcome(
    work: &Work<'_>,
    task: &ProbeTask<'_>,
    split: SplitKind,
    train: &[usize],
    path: Vec<PathPoint>,
    chosen: Chosen,
    tested: &Tested,
) -> ProbeOutcome {
    let (groups, params) = (work.groups, work.params);
    let k = task.classes;
    let predictions: Vec<Prediction> = task
        .test
        .iter()
        .zip(&tested.logits)
        .map(|(&row, logits)| {
            let label = task.labels[row];
            let (predicted, log_probability) = read_logits(logits, label);
            Prediction {
                row,
                label,
                predicted,
                log_probability,
                log_probabilities: match work.log_probabilities {
                    true => log_probabilities(logits),
                    false => Vec::new(),
                },
            }
        })
        .collect();
    let mut confusion = vec![0u32; k * k];
    for p in &predictions {
        confusion[p.label as usize * k + p.predicted as usize] += 1;
    }
    let correct: Vec<bool> = predictions.iter().map(|p| p.label == p.predicted).collect();
    let clusters: Vec<u32> = task.test.iter().map(|&row| groups[row]).collect();
    let key = work.bootstrap.derive(task.feature);
    let n_test = predictions.len();
    let hits = correct.iter().filter(|&&right| right).count();
    let loss: f64 = predictions.iter().map(|p| p.log_probability).sum();
    let labels = |rows: &[usize]| rows.iter().map(|&row| task.labels[row]).collect::<Vec<_>>();
    ProbeOutcome {
        feature: task.feature.to_owned(),
        split,
        classes: k,
        accuracy: hits as f64 / n_test as f64,
        balanced_accuracy: balanced_accuracy(&confusion, k),
        cross_entropy: -loss / n_test as f64,
        interval: cluster_bootstrap(&correct, &clusters, params.resamples(), key),
        chance: majority_chance(labels(train), labels(task.test)),
        n_train: train.len(),
        n_test,
        penalty: params.penalties()[chosen.by_accuracy],
        penalty_by_cross_entropy: params.penalties()[chosen.by_cross_entropy],
        path,
        selection_tolerance: params.selection_tolerance(),
        iterations: tested.fit.all_iterations(),
        certificate: tested.fit.certificate,
        status: tested.status,
        tolerance: params.tolerance(),
        scaling: params.scaling(),
        confusion,
        predictions,
        bits: None,
    }
}

/// Mean of the classes' recalls, over the classes that occur.
fn balanced_accuracy(confusion: &[u32], classes: usize) -> f64 {
    let recalls: Vec<f64> = confusion
        .chunks_exact(classes)
        .enumerate()
        .filter_map(|(class, row)| {
            let total: u32 = row.iter().sum();
            (total > 0).then(|| f64::from(row[class]) / f64::from(total))
        })
        .collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_classes_do_not_count_in_the_balance() {
        // class 0: 3 of 4, class 1: 0 of 2, class 2 absent
        let confusion = [3, 1, 0, 1, 0, 1, 0, 0, 0];
        assert_eq!(balanced_accuracy(&confusion, 3), 0.375);
    }
}
