//! Bad input gets an error that says what and where.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{MultinomialProbe, ProbeError, ProbeParams, ProbeTask, probe_layer};
use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};

fn probe(data: &Synthetic, tasks: &[ProbeTask<'_>]) -> ProbeError {
    let params = ProbeParams::default().check().unwrap();
    probe_layer("fc1", &data.data(), &data.train, tasks, &params, &keys()).unwrap_err()
}

fn message(data: &Synthetic) -> String {
    probe(data, &data.tasks()).to_string()
}

fn small() -> Synthetic {
    synthetic(3, 2, 8, 1)
}

#[test]
fn activations_that_are_not_finite_name_their_place() {
    for (row, bad) in [(5, f32::NAN), (60, f32::INFINITY), (57, f32::NEG_INFINITY)] {
        for dims in [8, 200] {
            let mut data = synthetic(3, 2, dims, 1);
            data.activations[[row, 3]] = bad;
            let message = message(&data);
            for part in ["fc1", &format!("stimulus {row}"), "dimension 3"] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}

#[test]
fn an_infinity_in_a_dead_dimension_is_found() {
    let mut data = small();
    data.activations.column_mut(4).fill(0.0);
    data.activations[[61, 4]] = f32::INFINITY;
    assert!(message(&data).contains("dimension 4"));
}

#[test]
fn empty_layers_are_refused() {
    let mut data = small();
    data.activations = Array2::zeros((data.groups.len(), 0));
    assert!(matches!(
        probe(&data, &data.tasks()),
        ProbeError::EmptyLayer { dims: 0, .. }
    ));
}

#[test]
fn counts_that_differ_are_named() {
    let mut data = small();
    data.groups.pop();
    assert!(message(&data).contains("groups: 107 where the activations have 108"));
    let mut data = small();
    data.labels[1].pop();
    assert!(message(&data).contains("labels of feature texture: 107"));
}

#[test]
fn rows_are_checked() {
    let mut data = small();
    data.train.clear();
    assert!(message(&data).contains("the training set names no stimulus"));
    let mut data = small();
    data.tests[2].clear();
    assert!(message(&data).contains("feature color names no stimulus"));
    let mut data = small();
    data.train.push(108);
    assert!(message(&data).contains("names stimulus 108, the activations have 108"));
    let mut data = small();
    data.train.push(3);
    assert!(message(&data).contains("stimulus 3 is named twice"));
    let mut data = small();
    data.tests[0].push(3);
    let message = message(&data);
    assert!(
        message.contains("training and test set of feature shape"),
        "{message}"
    );
}

#[test]
fn labels_and_classes_are_checked() {
    let mut data = small();
    data.labels[0][2] = 3;
    assert!(message(&data).contains("feature shape: label 3 at stimulus 2, but there are 3"));
    let mut data = small();
    data.labels[1].fill(2);
    assert!(matches!(
        probe(&data, &data.tasks()),
        ProbeError::OneValue { classes: 1, .. }
    ));
    let data = small();
    let mut tasks = data.tasks();
    for classes in [4, usize::MAX] {
        tasks[0].classes = classes;
        let error = probe(&data, &tasks).to_string();
        assert!(
            error.contains("class 3 has no stimulus in the training rows"),
            "{error}"
        );
    }
    tasks[0].classes = 1;
    assert!(matches!(
        probe(&data, &tasks),
        ProbeError::OneValue { .. } | ProbeError::Label { .. }
    ));
}

#[test]
fn a_class_that_falls_wholly_into_selection_is_an_error() {
    // two groups only, one class in each: either one set aside takes a class
    let data = small();
    let groups: Vec<u32> = data.labels[2].iter().map(|&l| u32::from(l == 2)).collect();
    let labels = groups.clone();
    let data = Synthetic { groups, ..data };
    let task = ProbeTask {
        feature: "color",
        classes: 2,
        labels: &labels,
        test: &data.tests[0],
    };
    let error = probe(&data, &[task]);
    assert!(matches!(
        error,
        ProbeError::OneValue { .. } | ProbeError::MissingClass { .. }
    ));
}

#[test]
fn one_group_cannot_be_split() {
    let mut data = small();
    data.groups.fill(9);
    assert!(matches!(
        probe(&data, &data.tasks()),
        ProbeError::TooFewGroups { groups: 1 }
    ));
}

#[test]
fn the_estimator_refuses_the_same() {
    let records = Array2::from_shape_fn((6, 2), |(i, j)| (i * j) as f32);
    let fit = |targets: Vec<usize>, penalty: f64| {
        MultinomialProbe::params()
            .penalty(penalty)
            .fit(&Dataset::new(records.clone(), Array1::from_vec(targets)))
            .unwrap_err()
    };
    assert!(matches!(
        fit(vec![0, 1, 0, 1, 0, 1], -1.0),
        ProbeError::Penalty { .. }
    ));
    assert!(matches!(fit(vec![0; 6], 1.0), ProbeError::OneValue { .. }));
    assert!(matches!(
        fit(vec![0, 2, 0, 2, 0, 2], 1.0),
        ProbeError::MissingClass { class: 1, .. }
    ));
    let huge = fit(vec![0, usize::MAX, 0, 1, 0, 1], 1.0);
    assert!(
        matches!(huge, ProbeError::MissingClass { class: 2, .. }),
        "{huge}"
    );
    let none = MultinomialProbe::params()
        .fit(&Dataset::new(
            Array2::<f32>::zeros((0, 2)),
            Array1::from_vec(vec![]),
        ))
        .unwrap_err();
    assert!(matches!(none, ProbeError::EmptyLayer { rows: 0, .. }));
}
