use proptest::prelude::*;
use serde::Deserialize;

use super::goldens::{Sample, numbers, read};
use super::{Activation, Linear, LinearGradient, cross_entropy};

#[derive(Deserialize)]
struct Golden {
    labels: Vec<u32>,
    scale: f64,
    hidden: Sample,
    loss: f64,
    x: Sample,
    weight: Sample,
    bias: Sample,
}

#[test]
fn linear_and_loss_agree_with_pytorch() {
    let golden: Golden = read("engine_linear_loss.json");
    let linear = Linear {
        inputs: 10,
        outputs: 4,
        activation: Activation::Relu,
    };
    let (x, weight) = (numbers(60, 1, 1.0), numbers(40, 2, 1.0));
    let bias = numbers(4, 3, 1.0);
    let mut hidden = vec![0.0; 24];
    linear.forward(&x, &weight, &bias, &mut hidden);
    assert!(golden.hidden.error(&hidden) < 1e-12);

    let scaled: Vec<f64> = hidden.iter().map(|h| h * golden.scale).collect();
    let mut slopes = vec![0.0; 24];
    let loss = cross_entropy(&scaled, &golden.labels, 4, &mut slopes);
    assert!((loss - golden.loss).abs() < 1e-12 * golden.loss);
    for slope in &mut slopes {
        *slope *= golden.scale;
    }
    let (mut dx, mut dw, mut db) = (vec![7.0; 60], vec![7.0; 40], vec![7.0; 4]);
    let gradient = LinearGradient {
        weight: &mut dw,
        bias: &mut db,
        input: Some(&mut dx),
    };
    linear.backward(&x, &weight, &hidden, &mut slopes, gradient);
    assert!(golden.x.error(&dx) < 1e-12);
    assert!(golden.weight.error(&dw) < 1e-12);
    assert!(golden.bias.error(&db) < 1e-12);
}

#[test]
fn cross_entropy_is_right_for_huge_logits() {
    let logits = [1000.0f32, 0.0, -1000.0];
    let mut slopes = [0.0; 3];
    assert_eq!(cross_entropy(&logits, &[0], 3, &mut slopes), 0.0);
    assert_eq!(cross_entropy(&logits, &[2], 3, &mut slopes), 2000.0);
    assert_eq!(slopes, [1.0, 0.0, -1.0]);
}

proptest! {
    #[test]
    fn loss_gradient_is_a_finite_difference(n in 1..5usize, classes in 2..6usize, seed in 1..1000u64) {
        let logits = numbers(n * classes, seed, 4.0);
        let labels: Vec<u32> = (0..n).map(|i| ((i + seed as usize) % classes) as u32).collect();
        let mut slopes = vec![0.0; logits.len()];
        cross_entropy(&logits, &labels, classes, &mut slopes);
        let mut unused = slopes.clone();
        for at in 0..logits.len() {
            let mut moved = |by: f64| {
                let mut logits = logits.clone();
                logits[at] += by;
                cross_entropy(&logits, &labels, classes, &mut unused)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            prop_assert!((slope - slopes[at]).abs() < 1e-8);
        }
    }

    #[test]
    fn linear_gradients_are_finite_differences(n in 1..4usize, inputs in 1..7usize, outputs in 1..5usize, relu: bool, seed in 1..1000u64) {
        let activation = if relu { Activation::Relu } else { Activation::LeakyRelu(0.3) };
        let linear = Linear { inputs, outputs, activation };
        let all = [
            numbers(n * inputs, seed, 1.0),
            numbers(outputs * inputs, seed + 1, 1.0),
            numbers(outputs, seed + 2, 1.0),
        ];
        let slopes = numbers(n * outputs, seed + 3, 1.0);
        let objective = |all: &[Vec<f64>; 3]| {
            let mut y = vec![0.0; n * outputs];
            linear.forward(&all[0], &all[1], &all[2], &mut y);
            (y.iter().zip(&slopes).map(|(y, s)| y * s).sum::<f64>(), y)
        };
        let (_, y) = objective(&all);
        let mut found = all.clone().map(|values| vec![7.0; values.len()]);
        let [x, weight, bias] = &mut found;
        let gradient = LinearGradient { weight, bias, input: Some(x) };
        linear.backward(&all[0], &all[1], &y, &mut slopes.clone(), gradient);
        // away from the kink of ReLU only
        prop_assume!(y.iter().all(|y| *y == 0.0 || y.abs() > 1e-4));
        for tensor in 0..3 {
            for at in 0..all[tensor].len() {
                let moved = |by: f64| {
                    let mut all = all.clone();
                    all[tensor][at] += by;
                    objective(&all)
                };
                let (up, y_up) = moved(1e-6);
                let (down, y_down) = moved(-1e-6);
                if y_up.iter().zip(&y_down).any(|(a, b)| (*a > 0.0) != (*b > 0.0)) {
                    continue;
                }
                let slope = (up - down) / 2e-6;
                prop_assert!((slope - found[tensor][at]).abs() < 1e-7);
            }
        }
    }
}
