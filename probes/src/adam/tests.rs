//! Steps against PyTorch's, `tests/golden/probes_adam.py`, and whole grids.

use std::ops::ControlFlow;

use layerprobe_linalg::MatRef;
use layerprobe_streams::StreamKey;
use ndarray::Array2;
use serde_json::Value;

use super::columns::{Columns, Correction};
use super::goldens::{golden, list, numbers};
use super::linear::LinearProbes;
use super::*;
use crate::{LayerData, ProbeError, ProbeTask, Selection};

const DIMS: usize = 5;
const CLASSES: usize = 3;

/// Puts an outputs x inputs matrix and biases into every probe's columns.
fn put(columns: &mut Columns<f32>, classes: usize, weights: &[f64], biases: &[f64]) {
    let (outputs, stride) = (columns.outputs(), columns.stride());
    let inputs = weights.len() / classes;
    for (input, row) in columns.weights_mut().chunks_exact_mut(stride).enumerate() {
        for (output, place) in row[..outputs].iter_mut().enumerate() {
            let class = output % classes;
            let value = match input < inputs {
                true => weights[class * inputs + input],
                false => biases[class],
            };
            *place = value as f32;
        }
    }
}

#[test]
fn twelve_steps_agree_with_pytorch() {
    let cases = golden()["linear"].as_array().unwrap().clone();
    let number = |case: &Value, name: &str| case[name].as_f64().unwrap();
    let settings: Vec<(f64, f64)> = cases
        .iter()
        .map(|case| (number(case, "rate"), number(case, "decay")))
        .collect();
    let x: Vec<f32> = numbers(20 * DIMS, 1, 2.0)
        .iter()
        .map(|x| *x as f32)
        .collect();
    let labels: Vec<u32> = (0..20).map(|row| row * 7 % CLASSES as u32).collect();
    let key = StreamKey::from_seed(0);
    let mut probes = LinearProbes::<f32>::new(
        DIMS,
        vec![&labels; settings.len()],
        CLASSES,
        &settings,
        |_, _| key.at(0),
    );
    let (start, bias) = (numbers(DIMS * CLASSES, 10, 0.5), numbers(CLASSES, 11, 0.5));
    put(probes.columns_mut(), CLASSES, &start, &bias);
    for step in 0..12 {
        let rows: Vec<usize> = [0..8, 8..16, 16..20][step % 3].clone().collect();
        let x = &x[rows[0] * DIMS..][..rows.len() * DIMS];
        let losses = probes.losses(MatRef::row_major(x, rows.len(), DIMS), &rows);
        for (case, loss) in cases.iter().zip(losses) {
            let expected = list(&case["losses"])[step];
            assert!(
                (loss - expected).abs() < 2e-6 * (1.0 + expected),
                "{step}: {loss} {case}"
            );
        }
        probes.step(x, &rows, Correction::at(step as u64 + 1));
    }
    for (case, probe) in cases.iter().zip(0..) {
        let [weights, biases] = [0, 1].map(|part| list(&case["weights"][part]));
        for class in 0..CLASSES {
            for input in 0..=DIMS {
                let expected = match input < DIMS {
                    true => weights[class * DIMS + input],
                    false => biases[class],
                };
                let stride = probes.columns_mut().stride();
                let place = input * stride + probe * CLASSES + class;
                let found = f64::from(probes.columns_mut().weights_mut()[place]);
                assert!(
                    (found - expected).abs() < 2e-5,
                    "{found} for {expected} in {case}"
                );
            }
        }
    }
}

/// 60 stimuli of two features, one easy and one that is noise.
fn data() -> (Array2<f32>, Vec<u32>, Vec<u32>) {
    let mut noise = StreamKey::from_seed(3).at(0);
    let easy: Vec<u32> = (0..60).map(|row| row % 3).collect();
    let hard: Vec<u32> = (0..60).map(|_| noise.below(4) as u32).collect();
    let activations = Array2::from_shape_fn((60, 20), |(row, dim)| {
        let signal = 3.0 * f64::from(easy[row] as usize == dim);
        (signal + noise.normal()) as f32
    });
    (activations, easy, hard)
}

fn curves(grid: AdamGrid, tasks: &[&str]) -> Vec<FeatureCurves> {
    let (activations, easy, hard) = data();
    let (train, test): (Vec<usize>, Vec<usize>) = ((0..40).collect(), (40..60).collect());
    let tasks: Vec<ProbeTask<'_>> = tasks
        .iter()
        .map(|&feature| match feature {
            "easy" => (feature, 3, &easy),
            _ => (feature, 4, &hard),
        })
        .map(|(feature, classes, labels)| ProbeTask {
            feature,
            classes,
            labels,
            test: &test,
        })
        .collect();
    let data = LayerData {
        activations: activations.view(),
        groups: &easy,
        selection: Selection::Drawn,
        channels: None,
    };
    let found = train_grid(
        "fc1",
        &data,
        &train,
        &tasks,
        &grid.check().unwrap(),
        StreamKey::from_seed(1),
        &mut |_| ControlFlow::Continue(()),
    );
    match found.unwrap() {
        ControlFlow::Continue(curves) => curves,
        ControlFlow::Break(()) => panic!("nobody stopped it"),
    }
}

fn small() -> AdamGrid {
    AdamGrid {
        learning_rates: vec![1e-6, 1e-2, 1.0],
        weight_decays: vec![0.0, 1e-2],
        batch_size: 16,
        epochs: 12,
    }
}

#[test]
fn a_probe_is_the_same_whoever_sits_beside_it() {
    let whole = curves(small(), &["easy", "hard"]);
    let alone = curves(small(), &["hard"]);
    assert_eq!(whole[1], alone[0]);
    // more points than one student's columns
    let many = AdamGrid {
        learning_rates: vec![1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0],
        weight_decays: vec![0.0, 1e-3, 1e-2],
        ..small()
    };
    let many = curves(many, &["easy"]);
    let of = |found: &FeatureCurves, point: usize| found.curves.right[point * 12..][..12].to_vec();
    for (few, much) in [(0, 0), (2, 12), (3, 14), (4, 24), (5, 26)] {
        assert_eq!(of(&whole[0], few), of(&many[0], much), "{few}");
    }
}

#[test]
fn learning_shows_in_the_curves_and_not_before() {
    let found = curves(small(), &["easy", "hard"]);
    let easy = &found[0].curves;
    assert_eq!((easy.n_train, easy.n_test, easy.epochs), (40, 20, 12));
    // 1e-6 hardly moves in 36 steps, 1e-2 finds the signal
    assert_eq!(easy.right[0], easy.right[11]);
    assert!(easy.accuracy(2, 12) > 0.7, "{:?}", easy.right);
    assert!(easy.accuracy(2, 12) > easy.accuracy(0, 12));
    let best = choose(&[easy]).unwrap();
    assert!(best.mean >= easy.accuracy(2, 12));
    // class 0 has 14 of 40 training and 6 of 20 test stimuli
    assert!((found[0].chance - 0.3).abs() < 1e-12, "{}", found[0].chance);
}

#[test]
fn what_is_stopped_has_no_result() {
    let (activations, easy, _) = data();
    let data = LayerData {
        activations: activations.view(),
        groups: &easy,
        selection: Selection::Drawn,
        channels: None,
    };
    let (train, test): (Vec<usize>, Vec<usize>) = ((0..40).collect(), (40..60).collect());
    let task = ProbeTask {
        feature: "easy",
        classes: 3,
        labels: &easy,
        test: &test,
    };
    let grid = small().check().unwrap();
    let key = StreamKey::from_seed(1);
    let mut told = Vec::new();
    let mut stop = |epochs: usize| {
        told.push(epochs);
        match epochs < 3 {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    let found = train_grid("fc1", &data, &train, &[task], &grid, key, &mut stop);
    assert!(found.unwrap().is_break());
    told.dedup();
    assert_eq!(told, [0, 1, 2, 3]);

    let mut broken = activations.clone();
    broken[(41, 7)] = f32::NAN;
    let data = LayerData {
        activations: broken.view(),
        ..data
    };
    let mut on = |_| ControlFlow::Continue(());
    let error = train_grid("fc1", &data, &train, &[task], &grid, key, &mut on).unwrap_err();
    assert!(
        matches!(
            error,
            ProbeError::NotFinite {
                row: 41,
                dim: 7,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn threads_do_not_matter() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| curves(small(), &["easy", "hard"]))
    };
    assert_eq!(run(1), run(3));
}
