use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::nn::goldens::{numbers, read};

#[derive(Deserialize)]
struct Golden {
    optimizers: BTreeMap<String, Vec<Vec<f64>>>,
    rates: BTreeMap<String, Vec<f64>>,
}

fn single(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|x| x as f32).collect()
}

#[test]
fn twenty_steps_agree_with_pytorch() {
    let adam = AdamParams {
        beta1: 0.8,
        beta2: 0.95,
        epsilon: 1e-6,
        weight_decay: 0.3,
    };
    let plain = SgdParams::default();
    let decayed = SgdParams {
        weight_decay: 0.3,
        ..plain
    };
    let momentum = |params: SgdParams| SgdParams {
        momentum: 0.9,
        ..params
    };
    let dampened = SgdParams {
        dampening: 0.4,
        ..momentum(plain)
    };
    let nesterov = SgdParams {
        nesterov: true,
        ..momentum(decayed)
    };
    let all = [
        ("adam", OptimizerParams::Adam(adam)),
        ("adamw", OptimizerParams::AdamW(adam)),
        ("gradient_descent", OptimizerParams::Sgd(plain)),
        ("decayed", OptimizerParams::Sgd(decayed)),
        ("momentum", OptimizerParams::Sgd(momentum(decayed))),
        ("dampened", OptimizerParams::Sgd(dampened)),
        ("nesterov", OptimizerParams::Sgd(nesterov)),
    ];
    let golden: Golden = read("optimizers.json");
    assert_eq!(golden.optimizers.len(), all.len());
    for (name, params) in all {
        let expected = &golden.optimizers[name];
        assert_eq!(expected.len(), 20);
        let mut parameter = single(numbers(7, 1, 1.0));
        let mut optimizer = Optimizer::new(params.check().unwrap(), [7]);
        for (step, expected) in expected.iter().enumerate() {
            let gradients = [single(numbers(7, 10 + step as u64, 2.0))];
            optimizer.step([parameter.as_mut_slice()], &gradients, 0.05);
            for (found, expected) in parameter.iter().zip(expected) {
                let error = (f64::from(*found) - expected).abs();
                assert!(error < 1e-6, "{name}, step {step}: off by {error}");
            }
        }
        assert_eq!(optimizer.steps(), 20);
    }
}

#[test]
fn learning_rates_agree_with_pytorch() {
    let step = Schedule::Step {
        every: 6,
        factor: 0.2,
    };
    let cosine = Schedule::Cosine {
        steps: 20,
        last: 0.01,
    };
    let all = [
        ("step", 0, step),
        ("cosine", 0, cosine),
        ("warm constant", 4, Schedule::Constant),
        ("warm step", 4, step),
        ("warm cosine", 4, cosine),
    ];
    let golden: Golden = read("optimizers.json");
    assert_eq!(golden.rates.len(), all.len());
    for (name, warmup, schedule) in all {
        let rate = LearningRate::new(0.3, warmup, schedule).unwrap();
        for (step, expected) in golden.rates[name].iter().enumerate() {
            let found = rate.at(step as u64);
            assert!(
                (found - expected).abs() < 1e-12,
                "{name}, step {step}: {found}"
            );
        }
    }
    let constant = LearningRate::constant(0.3).unwrap();
    assert_eq!((constant.at(0), constant.at(9999)), (0.3, 0.3));
}

#[test]
fn what_is_out_of_range_is_named() {
    let adam = AdamParams::default();
    let sgd = SgdParams::default();
    let message = |params: OptimizerParams| params.check().unwrap_err().to_string();
    let bad = [
        (AdamParams { beta1: 1.0, ..adam }, "beta1 is 1"),
        (
            AdamParams {
                beta2: -0.1,
                ..adam
            },
            "beta2 is -0.1",
        ),
        (
            AdamParams {
                epsilon: 0.0,
                ..adam
            },
            "epsilon is 0",
        ),
        (
            AdamParams {
                weight_decay: f64::INFINITY,
                ..adam
            },
            "weight decay is inf",
        ),
    ];
    for (params, text) in bad {
        assert!(message(OptimizerParams::Adam(params)).contains(text));
        assert!(message(OptimizerParams::AdamW(params)).contains(text));
    }
    let bad = [
        (
            SgdParams {
                momentum: 1.0,
                ..sgd
            },
            "momentum is 1",
        ),
        (
            SgdParams {
                dampening: f64::NAN,
                ..sgd
            },
            "dampening is NaN",
        ),
        (
            SgdParams {
                weight_decay: -1.0,
                ..sgd
            },
            "weight decay is -1",
        ),
        (
            SgdParams {
                nesterov: true,
                ..sgd
            },
            "momentum above 0",
        ),
    ];
    for (params, text) in bad {
        assert!(message(OptimizerParams::Sgd(params)).contains(text));
    }

    let message = |base, warmup, schedule| {
        let rate = LearningRate::new(base, warmup, schedule);
        rate.unwrap_err().to_string()
    };
    let cosine = |last| Schedule::Cosine { steps: 9, last };
    let step = |every, factor| Schedule::Step { every, factor };
    assert!(message(0.0, 0, Schedule::Constant).contains("learning rate is 0"));
    assert!(message(f64::NAN, 0, Schedule::Constant).contains("learning rate is NaN"));
    assert!(message(0.1, 9, cosine(0.0)).contains("warm-up of 9 steps leaves nothing of the 9"));
    assert!(message(0.1, 0, cosine(0.2)).contains("at most the first"));
    assert!(message(0.1, 0, step(0, 0.1)).contains("number of steps"));
    assert!(message(0.1, 0, step(1, 1.5)).contains("factor is 1.5"));
}

proptest! {
    /// What is kept is all there is: an optimizer restored in the middle takes
    /// the same steps.
    #[test]
    fn a_restored_optimizer_goes_on(which in 0..4usize, before in 0..4u64, seed in 1..1000u64) {
        let sgd = SgdParams { momentum: 0.9, dampening: 0.5, ..SgdParams::default() };
        let params = [
            OptimizerParams::Adam(AdamParams { weight_decay: 0.1, ..AdamParams::default() }),
            OptimizerParams::AdamW(AdamParams { weight_decay: 0.1, ..AdamParams::default() }),
            OptimizerParams::Sgd(sgd),
            OptimizerParams::Sgd(SgdParams::default()),
        ][which].check().unwrap();
        let gradients = |step: u64| [single(numbers(5, seed + step, 1.0)), single(numbers(3, seed + step, 2.0))];
        let mut values = gradients(77);
        let mut optimizer = Optimizer::new(params, [5, 3]);
        let step = |optimizer: &mut Optimizer, values: &mut [Vec<f32>; 2], step| {
            optimizer.step(values.iter_mut().map(Vec::as_mut_slice), &gradients(step), 0.01);
        };
        for i in 0..before {
            step(&mut optimizer, &mut values, i);
        }
        let mut other = Optimizer::new(params, [5, 3]);
        let kept = optimizer.kept().map(|(_, tensors)| tensors.to_vec()).collect();
        other.restore(optimizer.steps(), kept);
        let mut others = values.clone();
        for i in before..before + 3 {
            step(&mut optimizer, &mut values, i);
            step(&mut other, &mut others, i);
        }
        prop_assert_eq!(values, others);
    }
}
