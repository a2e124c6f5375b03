use proptest::prelude::*;
use serde::Deserialize;

use super::{Perceptron, PerceptronBatch, PerceptronError, PerceptronSpec};
use crate::nn::Real;
use crate::nn::goldens::{Sample, numbers, read};
use crate::nn::real::Processor;

fn spec(inputs: usize, hidden: &[usize], outputs: usize, slope: f64) -> PerceptronSpec {
    PerceptronSpec {
        inputs,
        hidden: hidden.to_vec(),
        outputs,
        slope,
    }
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|value| T::from_f64(*value)).collect()
}

/// Uniform within one over the root of the inputs, as in the golden script.
fn parameters(spec: &PerceptronSpec) -> Vec<Vec<f64>> {
    let mut bound = 1.0;
    let shapes = spec.shapes().into_iter().enumerate();
    shapes
        .map(|(number, shape)| {
            if let [_, inputs] = shape[..] {
                bound = 1.0 / (inputs as f64).sqrt();
            }
            numbers(shape.iter().product(), 10 + number as u64, bound)
        })
        .collect()
}

/// Bits, and as targets the first of them (if asked for) and the XOR of the
/// two that follow.
fn examples(spec: &PerceptronSpec, count: usize) -> (Vec<f64>, Vec<f64>) {
    let bits = numbers(count * spec.inputs, 1, 1.0).into_iter();
    let x: Vec<f64> = bits.map(|x| f64::from(u8::from(x > 0.0))).collect();
    let targets = x.chunks_exact(spec.inputs).flat_map(|x| {
        let both = [x[0], (x[1] - x[2]).abs()];
        both[2 - spec.outputs..].to_vec()
    });
    let targets = targets.collect();
    (x, targets)
}

struct Trained<T> {
    network: Perceptron<T>,
    batch: PerceptronBatch<T>,
}

impl<T: Real> Trained<T> {
    fn new(processor: Processor, spec: &PerceptronSpec, count: usize) -> Self {
        let (x, targets) = examples(spec, count);
        let parameters: Vec<Vec<T>> = parameters(spec).iter().map(|p| cast(p)).collect();
        Self {
            network: Perceptron::on(processor, spec, &parameters).unwrap(),
            batch: PerceptronBatch::on(processor, spec, &cast(&x), &cast(&targets)).unwrap(),
        }
    }
}

#[derive(Deserialize)]
struct Golden {
    widths: Vec<usize>,
    slope: f64,
    examples: usize,
    rate: f64,
    losses: Vec<f64>,
    after: Vec<After>,
}

#[derive(Deserialize)]
struct After {
    step: usize,
    parameters: Vec<Sample>,
}

#[derive(Deserialize)]
struct Goldens {
    single: Vec<Golden>,
    double: Vec<Golden>,
}

impl Golden {
    /// Trains along for at most so many steps; losses are held to `of_loss`,
    /// parameters to `of_step` after 20 steps, and to ten times that later.
    fn check<T: Real>(&self, processor: Processor, most: usize, of_loss: f64, of_step: f64) {
        let [inputs, hidden @ .., outputs] = &self.widths[..] else {
            panic!("{:?}", self.widths)
        };
        let spec = spec(*inputs, hidden, *outputs, self.slope);
        let Trained {
            mut network,
            mut batch,
        } = Trained::<T>::new(processor, &spec, self.examples);
        let mut losses = self.losses.iter();
        let last = self.after.iter().map(|after| after.step).max().unwrap();
        for step in 1..=last.min(most) {
            network.descend(&mut batch, self.rate);
            if step <= 20 || step % 20 == 0 {
                let (found, expected) = (batch.loss(), losses.next().unwrap());
                assert!(
                    (found - expected).abs() < of_loss,
                    "{step}: {found} {expected}"
                );
            }
            for after in self.after.iter().filter(|after| after.step == step) {
                let most = if step <= 20 { of_step } else { 10.0 * of_step };
                for (sample, found) in after.parameters.iter().zip(network.parameters()) {
                    let found: Vec<f64> = found.iter().map(|p| p.to_f64()).collect();
                    let error = sample.error(&found);
                    assert!(error < most, "{processor:?} {step}: {error}");
                }
            }
        }
    }
}

#[test]
fn descent_agrees_with_pytorch() {
    let goldens: Goldens = read("perceptron.json");
    for (place, processor) in Processor::available().into_iter().enumerate() {
        // without vectors a thousand steps take a minute
        let most = if place == 0 { 1000 } else { 20 };
        for golden in &goldens.single {
            golden.check::<f32>(processor, most, 2e-6, 1e-6);
        }
    }
    for golden in &goldens.double {
        golden.check::<f64>(Processor::Portable, 60, 1e-12, 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What a step of rate 1 takes away is the gradient of the loss.
    #[test]
    fn steps_are_finite_differences(
        inputs in 3..40usize,
        hidden in prop::collection::vec(1..40usize, 1..4),
        outputs in 1..3usize,
        count in 1..20usize,
        at in 0..1000usize,
    ) {
        let spec = spec(inputs, &hidden, outputs, 0.3);
        let start = parameters(&spec);
        let loss = |parameters: &[Vec<f64>]| {
            let Trained { mut batch, .. } = Trained::<f64>::new(Processor::Portable, &spec, count);
            let network = Perceptron::on(Processor::Portable, &spec, parameters).unwrap();
            network.forward(&mut batch);
            let signs: Vec<bool> = (0..hidden.len())
                .flat_map(|layer| batch.hidden(layer))
                .map(|unit| unit > 0.0)
                .collect();
            (batch.loss(), signs)
        };
        let Trained { mut network, mut batch } = Trained::<f64>::new(Processor::Portable, &spec, count);
        network.descend(&mut batch, 1.0);
        for (tensor, after) in network.parameters().iter().enumerate() {
            let place = at % after.len();
            let moved = |by: f64| {
                let mut parameters = start.clone();
                parameters[tensor][place] += by;
                loss(&parameters)
            };
            let ((up, signs_up), (down, signs_down)) = (moved(1e-6), moved(-1e-6));
            // the kink of a unit lies between
            if signs_up != signs_down {
                continue;
            }
            let slope = start[tensor][place] - after[place];
            prop_assert!((slope - (up - down) / 2e-6).abs() < 1e-8, "{tensor} {place}");
        }
    }

    /// Widths that fill no panel and examples that fill no tile, on every
    /// processor there is.
    #[test]
    fn single_precision_follows_double(
        inputs in 3..70usize,
        hidden in prop::collection::vec(1..70usize, 1..4),
        outputs in 1..3usize,
        count in 1..30usize,
    ) {
        let spec = spec(inputs, &hidden, outputs, 0.1);
        for processor in Processor::available() {
            let mut exact = Trained::<f64>::new(Processor::Portable, &spec, count);
            let mut found = Trained::<f32>::new(processor, &spec, count);
            for _ in 0..10 {
                exact.network.descend(&mut exact.batch, 0.1);
                found.network.descend(&mut found.batch, 0.1);
                let units = (0..hidden.len()).flat_map(|layer| {
                    let exact = exact.batch.hidden(layer);
                    found.batch.hidden(layer).into_iter().map(f64::from).zip(exact)
                });
                let units: Vec<(f64, f64)> = units.collect();
                for (found, exact) in &units {
                    prop_assert!((found - exact).abs() < 1e-4);
                }
                prop_assert!((found.batch.loss() - exact.batch.loss()).abs() < 1e-5);
                // rounding put a unit on the other side of its kink, where
                // the slopes, and so the steps, are others
                if units.iter().any(|(found, exact)| (*found > 0.0) != (*exact > 0.0)) {
                    break;
                }
                let pairs = found.network.parameters().into_iter().zip(exact.network.parameters());
                for (found, exact) in pairs {
                    for (found, exact) in found.iter().zip(exact) {
                        prop_assert!((f64::from(*found) - exact).abs() < 1e-5);
                    }
                }
            }
        }
    }
}

#[test]
fn parameters_come_back_as_they_were_given() {
    let spec = spec(9, &[20, 33], 2, 0.1);
    let given: Vec<Vec<f32>> = parameters(&spec).iter().map(|p| cast(p)).collect();
    for processor in Processor::available() {
        let network = Perceptron::on(processor, &spec, &given).unwrap();
        assert_eq!(network.parameters(), given);
    }
}

#[test]
fn right_answers_are_counted_by_output() {
    let spec = spec(1, &[1], 2, 1.0);
    // logits x and 0.5 - x
    let parameters = [vec![1.0], vec![0.0], vec![1.0, -1.0], vec![0.0, 0.5]];
    let network = Perceptron::new(&spec, &parameters).unwrap();
    let targets = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
    let mut batch = PerceptronBatch::new(&spec, &[2.0, 1.0, -1.0], &targets).unwrap();
    network.forward(&mut batch);
    assert_eq!(batch.logits(), [2.0, -1.5, 1.0, -0.5, -1.0, 1.5]);
    assert_eq!((batch.right(0), batch.right(1)), (3, 2));
    let terms = [-2.0, -1.5, -1.0, 0.5, -1.0, -1.5].map(|z: f64| z.exp().ln_1p());
    assert!((batch.loss() - terms.iter().sum::<f64>() / 3.0).abs() < 1e-15);
}

#[test]
fn what_does_not_fit_is_named() {
    let good = spec(2, &[3], 1, 0.01);
    let zeros: Vec<Vec<f32>> = good
        .shapes()
        .iter()
        .map(|s| vec![0.0; s.iter().product()])
        .collect();
    let refused = |spec: &PerceptronSpec, parameters: &[Vec<f32>]| {
        let error = Perceptron::new(spec, parameters).map(|_| ()).unwrap_err();
        error.to_string()
    };
    assert!(refused(&spec(2, &[], 1, 0.01), &zeros).contains("hidden layers"));
    assert!(refused(&spec(2, &[3, 0], 1, 0.01), &zeros).contains("hidden layers"));
    assert!(refused(&spec(2, &[3], 1, 0.0), &zeros).contains("slope of 0"));
    assert!(refused(&good, &zeros[..3]).contains("3 tensors of parameters; 2 layers have 4"));
    let mut short = zeros.clone();
    short[2].pop();
    assert!(refused(&good, &short).contains("tensor 2 of the parameters has 2"));
    // 2^61 x 8 entries, counted by a `usize` that wraps, are none
    let wide = spec(1 << 61, &[8], 1, 0.01);
    let wrapped = [vec![], vec![0.0; 8], vec![0.0; 8], vec![0.0]];
    assert!(refused(&wide, &wrapped).contains("tensor 0 of the parameters has 0"));
    let batch = |x: &[f32], y: &[f32]| PerceptronBatch::new(&good, x, y).map(|_| ());
    assert!(matches!(
        batch(&[], &[]),
        Err(PerceptronError::Examples { .. })
    ));
    assert!(batch(&[0.0, 1.0, 0.0], &[1.0]).is_err());
    assert!(batch(&[0.0, 1.0], &[1.0, 0.0]).is_err());
    let error = batch(&[0.0, 1.0], &[1.5]).unwrap_err().to_string();
    assert!(error.contains("target 1.5 at place 0"), "{error}");
    assert!(batch(&[0.0, 1.0], &[f32::NAN]).is_err());
}

#[test]
fn the_papers_step_takes_78_million_operations() {
    let spec = spec(32, &[256, 128, 64, 64], 1, 0.01);
    let layers = 32 * 256 + 256 * 128 + 128 * 64 + 64 * 64 + 64;
    assert_eq!(spec.operations(256), 2 * 256 * (3 * layers - 32 * 256));
    assert_eq!(spec.operations(256), 77_692_928);
}
