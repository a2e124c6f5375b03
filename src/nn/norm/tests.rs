use proptest::prelude::*;

use super::{BatchNorm, NormBackward, NormBuffers, NormParameters, NormTraining};
use crate::nn::goldens::numbers;
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::{Activation, InputGradient, Real};

/// A batch norm with all that goes in, images without borders.
#[derive(Clone, Debug)]
struct Case {
    norm: BatchNorm,
    x: Vec<f64>,
    scale: Vec<f64>,
    shift: Vec<f64>,
    residual: Option<Vec<f64>>,
}

/// One of the tensors of a case; a residual may be missing.
type Part = fn(&mut Case) -> Option<&mut Vec<f64>>;

/// Values inside a border of zeros, as another type.
fn bordered<T: Real>(layout: ImageLayout, values: &[f64]) -> Vec<T> {
    let mut out = Vec::new();
    for image in values.chunks_exact(layout.inner_len()) {
        let mut to = vec![T::ZERO; layout.len()];
        let width = layout.width * layout.channels;
        for (row, from) in image.chunks_exact(width).enumerate() {
            for (to, &from) in to[layout.row_start(row)..].iter_mut().zip(from) {
                *to = T::from_f64(from);
            }
        }
        out.extend(to);
    }
    out
}

fn inside<T: Real>(layout: ImageLayout, values: &[T]) -> Vec<f64> {
    let mut out = Vec::new();
    for image in values.chunks_exact(layout.len()) {
        for row in 0..layout.height {
            let row = &image[layout.row_start(row)..][..layout.width * layout.channels];
            out.extend(row.iter().map(|x| x.to_f64()));
        }
    }
    out
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

struct Results {
    output: Vec<f64>,
    /// Gradients of x, scale, shift and residual.
    gradients: [Vec<f64>; 4],
    running: [Vec<f64>; 2],
}

impl Case {
    fn train<T: Real>(&self, slopes: &[f64]) -> Results {
        let norm = &self.norm;
        let channels = norm.input.channels;
        let x = bordered::<T>(norm.input, &self.x);
        let (scale, shift) = (cast::<T>(&self.scale), cast::<T>(&self.shift));
        let mut running = [vec![T::ZERO; channels], vec![T::ONE; channels]];
        let [running_mean, running_variance] = &mut running;
        let outer = norm.input.with_border(3);
        let residual = self.residual.as_ref().map(|r| bordered::<T>(outer, r));
        let n = self.x.len() / norm.input.inner_len();
        let mut output = vec![T::ZERO; n * norm.out_layout().len()];
        let mut buffers = NormBuffers::default();
        norm.forward_train(
            &x,
            NormTraining {
                scale: &scale,
                shift: &shift,
                running_mean,
                running_variance,
            },
            residual.as_ref().map(|values| Images {
                values,
                layout: outer,
            }),
            &mut buffers,
            &mut output,
        );
        let mut gradient = cast::<T>(slopes);
        let (mut ds, mut dh) = (vec![T::ONE; channels], vec![T::ONE; channels]);
        let mut dr = vec![T::ONE; gradient.len()];
        norm.backward(
            &x,
            NormBackward {
                scale: &scale,
                output: &output,
                gradient: &mut gradient,
                scale_gradient: &mut ds,
                shift_gradient: &mut dh,
                residual: match self.residual {
                    Some(_) => InputGradient::Add(&mut dr),
                    None => InputGradient::Unwanted,
                },
            },
            &mut buffers,
        );
        let back = |values: Vec<T>| values.iter().map(|x| x.to_f64()).collect::<Vec<_>>();
        let residual = back(dr).into_iter().map(|x| x - 1.0).collect();
        Results {
            output: inside(norm.out_layout(), &output),
            gradients: [back(gradient), back(ds), back(dh), residual],
            running: running.map(back),
        }
    }

    /// The definition, with the batch's mean and biased variance.
    fn by_definition(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let channels = self.norm.input.channels;
        let count = (self.x.len() / channels) as f64;
        let of = |channel: usize| self.x.iter().skip(channel).step_by(channels);
        let mean: Vec<f64> = (0..channels)
            .map(|channel| of(channel).sum::<f64>() / count)
            .collect();
        let variance: Vec<f64> = (0..channels)
            .map(|channel| {
                let squares = of(channel).map(|x| (x - mean[channel]).powi(2));
                squares.sum::<f64>() / count
            })
            .collect();
        let mut output: Vec<f64> = (0..self.x.len())
            .map(|at| {
                let channel = at % channels;
                let deviation = (variance[channel] + self.norm.epsilon).sqrt();
                let residual = self.residual.as_ref().map_or(0.0, |r| r[at]);
                (self.x[at] - mean[channel]) / deviation * self.scale[channel]
                    + self.shift[channel]
                    + residual
            })
            .collect();
        self.norm.activation.forward(&mut output);
        (output, mean, variance)
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (1..4usize, 1..6usize, 1..6usize, 1..40usize);
    let rest = (0..3usize, 0..3usize, any::<bool>(), 1..1000u64);
    let activation = prop_oneof![
        Just(Activation::None),
        Just(Activation::Relu),
        Just(Activation::LeakyRelu(0.2)),
    ];
    (sizes, rest, activation).prop_map(|((n, height, width, channels), rest, activation)| {
        let (border, out_border, with_residual, seed) = rest;
        let input = ImageLayout {
            height,
            // more than one number, so that there is a variance
            width: width + 1,
            channels,
            border,
        };
        let len = n * input.inner_len();
        Case {
            norm: BatchNorm::new(input, out_border, activation),
            x: numbers(len, seed, 2.0).iter().map(|x| x + 3.0).collect(),
            scale: numbers(channels, seed + 1, 1.0),
            shift: numbers(channels, seed + 2, 1.0),
            residual: with_residual.then(|| numbers(len, seed + 3, 1.0)),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn output_and_running_statistics_are_those_of_the_definition(case in any_case()) {
        let (output, mean, variance) = case.by_definition();
        let count = (case.x.len() / mean.len()) as f64;
        let results = case.train::<f64>(&vec![1.0; case.x.len()]);
        for (a, b) in results.output.iter().zip(&output) {
            prop_assert!((a - b).abs() < 1e-9, "{} and {}", a, b);
        }
        for channel in 0..mean.len() {
            let [running_mean, running_variance] = &results.running;
            prop_assert!((running_mean[channel] - 0.1 * mean[channel]).abs() < 1e-12);
            let unbiased = variance[channel] * count / (count - 1.0);
            prop_assert!((running_variance[channel] - 0.9 - 0.1 * unbiased).abs() < 1e-12);
        }
        // eval mode with the batch's own statistics gives the same
        let parameters = NormParameters {
            scale: &case.scale, shift: &case.shift, mean: &mean, variance: &variance,
        };
        let layout = case.norm.input;
        let n = case.x.len() / layout.inner_len();
        let mut found = vec![0.0; n * case.norm.out_layout().len()];
        let residual = case.residual.as_ref().map(|r| Images {
            values: r, layout: layout.with_border(0),
        });
        case.norm.forward_eval(&bordered(layout, &case.x), parameters, residual, &mut found);
        for (a, b) in inside(case.norm.out_layout(), &found).iter().zip(&output) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn gradients_are_finite_differences(case in any_case()) {
        let slopes = numbers(case.x.len(), 5, 1.0);
        let results = case.train::<f64>(&slopes);
        let all: [Part; 4] = [
            |case| Some(&mut case.x),
            |case| Some(&mut case.scale),
            |case| Some(&mut case.shift),
            |case| case.residual.as_mut(),
        ];
        for (of, gradient) in all.into_iter().zip(&results.gradients) {
            for at in (0..gradient.len()).step_by(gradient.len().div_ceil(6)) {
                let moved = |by: f64| {
                    let mut case = case.clone();
                    let values = of(&mut case)?;
                    values[at] += by;
                    Some(case.by_definition().0)
                };
                let (Some(up), Some(down)) = (moved(1e-6), moved(-1e-6)) else { continue };
                // the kink of an output lies between
                let mut pairs = up.iter().zip(&down);
                let bent = pairs.any(|(a, b)| (*a > 0.0) != (*b > 0.0));
                if bent && case.norm.activation != Activation::None {
                    continue;
                }
                let risen = up.iter().zip(&down).map(|(up, down)| up - down);
                let risen: f64 = risen.zip(&slopes).map(|(risen, slope)| risen * slope).sum();
                let slope = risen / 2e-6;
                let tolerance = 1e-5 * (1.0 + slope.abs());
                prop_assert!(
                    (slope - gradient[at]).abs() <= tolerance,
                    "{} for {} at {}", gradient[at], slope, at
                );
            }
        }
    }

    #[test]
    fn single_precision_is_near(case in any_case()) {
        let slopes = numbers(case.x.len(), 5, 1.0);
        let (wide, narrow) = (case.train::<f64>(&slopes), case.train::<f32>(&slopes));
        let near = |a: &[f64], b: &[f64]| {
            let scale = a.iter().fold(1.0, |s: f64, x| s.max(x.abs()));
            let near = a.iter().zip(b).filter(|(a, b)| (*a - *b).abs() <= 3e-5 * scale);
            // a sum near 0 may fall on either side of ReLU's kink
            b.iter().all(|b| b.is_finite()) && near.count() + 1 >= a.len()
        };
        prop_assert!(near(&wide.output, &narrow.output));
        prop_assert!(near(&wide.running[1], &narrow.running[1]));
    }
}

#[test]
fn a_large_mean_does_not_drown_the_variance() {
    let input = ImageLayout {
        height: 20,
        width: 30,
        channels: 3,
        border: 0,
    };
    let case = Case {
        norm: BatchNorm::new(input, 0, Activation::None),
        x: numbers(4 * input.len(), 1, 1.0)
            .iter()
            .map(|x| f64::from((x + 1000.0) as f32))
            .collect(),
        scale: vec![1.0; 3],
        shift: vec![0.0; 3],
        residual: None,
    };
    let (_, _, variance) = case.by_definition();
    let results = case.train::<f32>(&vec![1.0; case.x.len()]);
    let count = (case.x.len() / 3) as f64;
    for (found, variance) in results.running[1].iter().zip(variance) {
        let expected = 0.9 + 0.1 * variance * count / (count - 1.0);
        assert!((found - expected).abs() < 1e-5 * expected);
    }
}

/// The image would have one element, counted by a `usize` that wraps.
#[test]
#[should_panic(expected = "larger than any memory")]
fn lengths_do_not_wrap() {
    let input = ImageLayout {
        height: 274177,
        width: 67280421310721,
        channels: 1,
        border: 0,
    };
    let parameters = NormParameters {
        scale: &[1.0],
        shift: &[0.0],
        mean: &[0.0],
        variance: &[1.0],
    };
    let norm = BatchNorm::new(input, 0, Activation::None);
    norm.forward_eval(&[0.0f32], parameters, None, &mut [0.0]);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let input = ImageLayout {
        height: 6,
        width: 7,
        channels: 20,
        border: 1,
    };
    let len = 9 * input.inner_len();
    let case = Case {
        norm: BatchNorm::new(input, 1, Activation::Relu),
        x: numbers(len, 1, 1.0),
        scale: numbers(20, 2, 1.0),
        shift: numbers(20, 3, 1.0),
        residual: Some(numbers(len, 4, 1.0)),
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let results = pool.install(|| case.train::<f32>(&numbers(len, 5, 1.0)));
        let mut all = results.output;
        for more in results.gradients.into_iter().chain(results.running) {
            all.extend(more);
        }
        all.into_iter().map(f64::to_bits).collect::<Vec<_>>()
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}
