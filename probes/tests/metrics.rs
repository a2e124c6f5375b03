//! What probes count on their test stimuli, against linfa's metrics.
#![allow(clippy::unwrap_used)]

mod common;

use common::{keys, synthetic};
use layerprobe_probes::{ProbeOutcome, ProbeParams, probe_layer};
use linfa::metrics::{ConfusionMatrix, ToConfusionMatrix};
use ndarray::Array1;

fn measured(classes: usize) -> Vec<ProbeOutcome> {
    // few exemplars and dimensions: many stimuli are taken for others
    let data = synthetic(classes, 2, 12, 5);
    let params = ProbeParams {
        penalties: vec![1.0, 1e2],
        resamples: 20,
        ..ProbeParams::default()
    };
    let params = params.check().unwrap();
    let (train, tasks) = (&data.train, data.tasks());
    probe_layer("fc1", &data.data(), train, &tasks, &params, &keys()).unwrap()
}

/// linfa's matrix of a probe's test: a row for each true class.
fn of_linfa(outcome: &ProbeOutcome) -> ConfusionMatrix<usize> {
    let said = outcome.predictions.iter();
    let (labels, predicted): (Vec<usize>, Vec<usize>) = said
        .map(|p| (p.label as usize, p.predicted as usize))
        .unzip();
    let (labels, predicted) = (Array1::from(labels), Array1::from(predicted));
    labels.confusion_matrix(&predicted).unwrap()
}

/// The names of its classes and its entries, which linfa gives only in print.
fn printed(matrix: &ConfusionMatrix<usize>) -> (Vec<usize>, Vec<Vec<u32>>) {
    let text = format!("{matrix:?}");
    let numbers = |line: &str| -> Vec<u32> {
        let cells = line.split('|').skip(1);
        cells.map(|cell| cell.trim().parse().unwrap()).collect()
    };
    let mut lines = text.trim().lines().map(numbers);
    let names = lines.next().unwrap();
    (
        names.into_iter().map(|name| name as usize).collect(),
        lines.collect(),
    )
}

#[test]
fn confusions_and_accuracies_are_those_of_linfa() {
    // linfa turns two classes round
    for (classes, names) in [(4, vec![0, 1, 2, 3]), (2, vec![1, 0])] {
        for outcome in measured(classes) {
            let matrix = of_linfa(&outcome);
            let (found, entries) = printed(&matrix);
            assert_eq!(found, names);
            let mut off = 0;
            for (&label, entries) in names.iter().zip(&entries) {
                for (&predicted, &count) in names.iter().zip(entries) {
                    let ours = outcome.confusion[label * classes + predicted];
                    assert_eq!(ours, count, "{} {label} {predicted}", outcome.feature);
                    off += if label == predicted { 0 } else { count };
                }
            }
            // a probe without mistakes would not show which side is the true one
            assert!(off > 0, "{}", outcome.feature);
            // linfa's are singles
            let near = |ours: f64, theirs: f32| (ours - f64::from(theirs)).abs() < 1e-6;
            assert!(near(outcome.accuracy, matrix.accuracy()), "{matrix:?}");
            if classes > 2 {
                // the mean over classes; of two classes linfa gives the first's
                assert!(
                    near(outcome.balanced_accuracy, matrix.recall()),
                    "{matrix:?}"
                );
            }
        }
    }
}
