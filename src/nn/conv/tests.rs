use proptest::prelude::*;
use serde::Deserialize;

use super::{ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput, ConvSpec};
use crate::nn::Real;
use crate::nn::ShapeError;
use crate::nn::goldens::{Sample, numbers, read, whole};
use crate::nn::layout::ImageLayout;
use crate::nn::real::Processor;

/// One block with all that goes in, in PyTorch's order.
#[derive(Debug)]
struct Case {
    spec: ConvSpec,
    height: usize,
    width: usize,
    images: Vec<f64>,
    weight: Vec<f64>,
    bias: Vec<f64>,
}

/// All that comes out, in PyTorch's order.
struct Results {
    output: Vec<f64>,
    images: Vec<f64>,
    weight: Vec<f64>,
    bias: Vec<f64>,
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

fn uncast<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

impl Case {
    fn n(&self) -> usize {
        self.images.len() / (self.spec.in_channels * self.height * self.width)
    }

    fn layout(&self, border: usize) -> ImageLayout {
        ImageLayout {
            height: self.height,
            width: self.width,
            channels: self.spec.in_channels,
            border,
        }
    }

    /// Forward and backward; `slopes` makes the output's gradient from its
    /// length.
    fn run<T: Real>(
        &self,
        processor: Processor,
        out_border: usize,
        slopes: impl Fn(usize) -> Vec<f64>,
    ) -> Results {
        let block =
            ConvBlock::on::<T>(processor, self.spec, self.height, self.width, out_border).unwrap();
        let images = self
            .layout(self.spec.padding)
            .batch_from_chw(&cast::<T>(&self.images));
        let (weight, bias) = (cast::<T>(&self.weight), cast::<T>(&self.bias));
        let input = ConvInput {
            images: &images,
            weight: &weight,
            bias: &bias,
        };
        let mut buffers = ConvBlockBuffers::default();
        let mut output = vec![T::ZERO; self.n() * block.out_len()];
        let mut winners = vec![0; self.n() * block.out_gradient_len()];
        block.forward(input, &mut buffers, &mut output, Some(&mut winners));
        let bordered = block.out_layout();
        let output = bordered.batch_to_chw(&output);

        let inner = ImageLayout {
            border: 0,
            ..bordered
        };
        let slopes = inner.batch_from_chw(&cast::<T>(&slopes(output.len())));
        // stale contents show what is not overwritten
        let stale = T::from_f64(7.0);
        let mut weight_gradient = vec![stale; weight.len()];
        let mut bias_gradient = vec![stale; bias.len()];
        let mut image_gradient = vec![stale; self.images.len()];
        block.backward(
            input,
            &winners,
            &slopes,
            &mut buffers,
            ConvGradient {
                weight: &mut weight_gradient,
                bias: &mut bias_gradient,
                images: Some(&mut image_gradient),
            },
        );
        Results {
            output: uncast(&output),
            images: uncast(&self.layout(0).batch_to_chw(&image_gradient)),
            weight: uncast(&weight_gradient),
            bias: uncast(&bias_gradient),
        }
    }

    /// The block by its definition, one output at a time, and which place of
    /// each window won: none where ReLU gives 0.
    fn by_definition(&self) -> (Vec<f64>, Vec<Option<usize>>) {
        let ConvSpec {
            in_channels,
            out_channels,
            kernel,
            stride,
            padding,
            ..
        } = self.spec;
        let after = |side: usize| ((side + 2 * padding - kernel) / stride).div_ceil(2);
        let (rows, columns) = (after(self.height), after(self.width));
        let convolved = |image: usize, out: usize, row: usize, column: usize| {
            let mut sum = self.bias[out];
            for channel in 0..in_channels {
                for ky in 0..kernel {
                    for kx in 0..kernel {
                        let y = (row * stride + ky).wrapping_sub(padding);
                        let x = (column * stride + kx).wrapping_sub(padding);
                        if y < self.height && x < self.width {
                            let at = (image * in_channels + channel) * self.height + y;
                            let weight = ((out * in_channels + channel) * kernel + ky) * kernel;
                            sum += self.images[at * self.width + x] * self.weight[weight + kx];
                        }
                    }
                }
            }
            sum
        };
        let (mut output, mut winners) = (Vec::new(), Vec::new());
        for image in 0..self.n() {
            for out in 0..out_channels {
                for row in 0..rows {
                    for column in 0..columns {
                        let window = [(0, 0), (0, 1), (1, 0), (1, 1)]
                            .map(|(dy, dx)| convolved(image, out, 2 * row + dy, 2 * column + dx));
                        let (mut best, mut winner) = (0.0, None);
                        for (place, value) in window.into_iter().enumerate() {
                            if value > best {
                                (best, winner) = (value, Some(place));
                            }
                        }
                        output.push(best);
                        winners.push(winner);
                    }
                }
            }
        }
        (output, winners)
    }

    fn output_by_definition(&self) -> Vec<f64> {
        self.by_definition().0
    }
}

#[derive(Deserialize)]
struct Golden {
    shape: [usize; 8],
    ties: bool,
    out_shape: Vec<usize>,
    output: Sample,
    images: Sample,
    weight: Sample,
    bias: Sample,
}

#[test]
fn agrees_with_pytorch_ties_included() {
    let cases: Vec<Golden> = read("engine_conv_block.json");
    assert_eq!(cases.len(), 7);
    for golden in cases {
        let [
            n,
            in_channels,
            out_channels,
            height,
            width,
            kernel,
            stride,
            padding,
        ] = golden.shape;
        let make = |n: usize, seed: u64| match golden.ties {
            true => whole(n, seed, -1.0, 1.0),
            false => numbers(n, seed, 1.0),
        };
        let case = Case {
            spec: ConvSpec {
                stride,
                padding,
                ..ConvSpec::new(in_channels, out_channels, kernel)
            },
            height,
            width,
            images: make(n * in_channels * height * width, 1),
            weight: make(out_channels * in_channels * kernel * kernel, 2),
            bias: make(out_channels, 3),
        };
        let slopes = |n: usize| numbers(n, 4, 1.0);
        let check = |results: Results, tolerance: f64, what: &str| {
            assert_eq!(
                results.output.len(),
                golden.out_shape.iter().product::<usize>()
            );
            for (name, error) in [
                ("output", golden.output.error(&results.output)),
                ("images", golden.images.error(&results.images)),
                ("weight", golden.weight.error(&results.weight)),
                ("bias", golden.bias.error(&results.bias)),
            ] {
                assert!(
                    error < tolerance,
                    "{name} of {:?} on {what}: relative error {error}",
                    golden.shape
                );
            }
        };
        check(
            case.run::<f64>(Processor::Portable, 0, slopes),
            1e-12,
            "f64",
        );
        for processor in Processor::available() {
            let results = case.run::<f32>(processor, 1, slopes);
            check(results, 1e-5, &format!("{processor:?}"));
        }
    }
}

/// A block of random shape.
fn any_case(ties: bool) -> impl Strategy<Value = Case> {
    (
        1..4usize,
        1..5usize,
        1..36usize,
        1..5usize,
        1..3usize,
        1..1000u64,
    )
        .prop_flat_map(move |(n, cin, cout, kernel, stride, seed)| {
            (0..kernel, 0..7usize, 0..7usize).prop_map(move |(padding, more_rows, more_columns)| {
                let least = (kernel + stride).saturating_sub(2 * padding).max(1);
                let (height, width) = (least + more_rows, least + more_columns);
                let make = |n: usize, seed: u64| match ties {
                    true => whole(n, seed, -1.0, 1.0),
                    false => numbers(n, seed, 1.0),
                };
                Case {
                    spec: ConvSpec {
                        stride,
                        padding,
                        ..ConvSpec::new(cin, cout, kernel)
                    },
                    height,
                    width,
                    images: make(n * cin * height * width, seed),
                    weight: make(cout * cin * kernel * kernel, seed + 1),
                    bias: make(cout, seed + 2),
                }
            })
        })
}

/// Compares some entries of the gradient of the sum of `slopes * output` with
/// central differences. Between two points with the same winners the block is a
/// straight line, so that the step adds no error; where a winner changes there
/// is a kink, and nothing to compare.
fn check_differences(
    case: &mut Case,
    of: fn(&mut Case) -> &mut Vec<f64>,
    gradient: &[f64],
    slopes: &[f64],
) -> Result<(), TestCaseError> {
    let step = 1e-6;
    let places = gradient.len().div_ceil(6);
    for at in (0..gradient.len()).step_by(places) {
        let value = of(case)[at];
        let mut at_value = |x: f64| {
            of(case)[at] = x;
            case.by_definition()
        };
        let (up, winners_up) = at_value(value + step);
        let (down, winners_down) = at_value(value - step);
        of(case)[at] = value;
        if winners_up != winners_down {
            continue;
        }
        let risen = up.iter().zip(&down).map(|(up, down)| up - down);
        let risen: f64 = risen.zip(slopes).map(|(risen, slope)| risen * slope).sum();
        let (slope, found) = (risen / (2.0 * step), gradient[at]);
        prop_assert!(found.is_finite(), "{found} at {at}");
        let tolerance = 1e-5 * (1.0 + slope.abs() + found.abs());
        prop_assert!(
            (slope - found).abs() <= tolerance,
            "{found} for {slope} at {at}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn output_is_that_of_the_definition(case in any_case(false), tied in any_case(true)) {
        for case in [case, tied] {
            let expected = case.output_by_definition();
            let found = case.run::<f64>(Processor::Portable, 2, |n| vec![1.0; n]).output;
            prop_assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-10, "{} and {}", a, b);
            }
        }
    }

    #[test]
    fn gradients_are_finite_differences(mut case in any_case(false)) {
        let slopes = |n: usize| numbers(n, 5, 1.0);
        let results = case.run::<f64>(Processor::Portable, 0, slopes);
        let slopes = slopes(results.output.len());
        check_differences(&mut case, |c| &mut c.images, &results.images, &slopes)?;
        check_differences(&mut case, |c| &mut c.weight, &results.weight, &slopes)?;
        check_differences(&mut case, |c| &mut c.bias, &results.bias, &slopes)?;
    }

    /// On whole numbers sums are exact: all vectors give the same bits, and
    /// the winner of a tie is the same.
    #[test]
    fn all_processors_agree_on_ties(case in any_case(true)) {
        let slopes = |n: usize| whole(n, 5, -2.0, 2.0);
        let expected = case.run::<f64>(Processor::Portable, 0, slopes);
        for processor in Processor::available() {
            let found = case.run::<f32>(processor, 1, slopes);
            prop_assert_eq!(&found.output, &expected.output);
            prop_assert_eq!(&found.images, &expected.images);
            prop_assert_eq!(&found.weight, &expected.weight);
            prop_assert_eq!(&found.bias, &expected.bias);
        }
    }
}

/// Whole blocks of channels and kernels of 3 x 3: what is computed by tiles.
fn any_case_of_tiles(ties: bool) -> impl Strategy<Value = Case> {
    let sizes = (1..4usize, 1..3usize, 1..3usize, 0..3usize);
    (sizes, 4..8usize, 4..8usize, 1..1000u64).prop_map(
        move |((n, ins, outs, padding), height, width, seed)| {
            let (cin, cout) = (32 * ins, 32 * outs);
            let make = |n: usize, seed: u64| match ties {
                true => whole(n, seed, -1.0, 1.0),
                false => numbers(n, seed, 1.0),
            };
            Case {
                spec: ConvSpec {
                    padding,
                    ..ConvSpec::new(cin, cout, 3)
                },
                height,
                width,
                images: make(n * cin * height * width, seed),
                weight: make(cout * cin * 9, seed + 1),
                bias: make(cout, seed + 2),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn tiles_give_the_definitions_output_and_gradients(mut case in any_case_of_tiles(false)) {
        let slopes = |n: usize| numbers(n, 5, 1.0);
        let results = case.run::<f64>(Processor::Portable, 1, slopes);
        let expected = case.output_by_definition();
        prop_assert_eq!(results.output.len(), expected.len());
        for (a, b) in results.output.iter().zip(&expected) {
            prop_assert!((a - b).abs() < 1e-10, "{} and {}", a, b);
        }
        let slopes = slopes(results.output.len());
        check_differences(&mut case, |c| &mut c.images, &results.images, &slopes)?;
        check_differences(&mut case, |c| &mut c.weight, &results.weight, &slopes)?;
        check_differences(&mut case, |c| &mut c.bias, &results.bias, &slopes)?;
    }

    /// Halves of whole numbers are exact, too: ties have the same winners.
    #[test]
    fn all_processors_agree_on_tiles_with_ties(case in any_case_of_tiles(true)) {
        let slopes = |n: usize| whole(n, 5, -2.0, 2.0);
        let expected = case.run::<f64>(Processor::Portable, 0, slopes);
        prop_assert_eq!(&expected.output, &case.output_by_definition());
        for processor in Processor::available() {
            let found = case.run::<f32>(processor, 1, slopes);
            prop_assert_eq!(&found.output, &expected.output);
            prop_assert_eq!(&found.images, &expected.images);
            prop_assert_eq!(&found.weight, &expected.weight);
            prop_assert_eq!(&found.bias, &expected.bias);
        }
    }
}

#[test]
fn the_first_of_equal_maxima_takes_the_whole_gradient() {
    let case = Case {
        spec: ConvSpec {
            stride: 1,
            padding: 0,
            ..ConvSpec::new(1, 1, 1)
        },
        height: 2,
        width: 4,
        images: vec![1.0, 3.0, 2.0, 2.0, 3.0, 3.0, 2.0, 2.0],
        weight: vec![1.0],
        bias: vec![0.0],
    };
    for processor in Processor::available() {
        let results = case.run::<f32>(processor, 0, |_| vec![5.0, 7.0]);
        assert_eq!(results.output, [3.0, 2.0]);
        assert_eq!(
            results.images,
            [0.0, 5.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            "{processor:?}"
        );
    }
}

#[test]
fn a_nan_wins_its_window() {
    for place in 0..4 {
        let mut images = vec![1.0; 4];
        images[place] = f64::NAN;
        let case = Case {
            spec: ConvSpec {
                stride: 1,
                padding: 0,
                ..ConvSpec::new(1, 1, 1)
            },
            height: 2,
            width: 2,
            images,
            weight: vec![1.0],
            bias: vec![0.0],
        };
        for processor in Processor::available() {
            let results = case.run::<f32>(processor, 0, |_| vec![1.0]);
            assert!(results.output[0].is_nan(), "{processor:?}, place {place}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let spec = ConvSpec::same3(5, 40);
    let case = Case {
        spec,
        height: 10,
        width: 12,
        images: numbers(11 * 5 * 10 * 12, 1, 1.0),
        weight: numbers(40 * 5 * 9, 2, 1.0),
        bias: numbers(40, 3, 1.0),
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let results =
            pool.install(|| case.run::<f32>(Processor::best(), 1, |n| numbers(n, 4, 1.0)));
        [results.output, results.images, results.weight, results.bias]
            .concat()
            .into_iter()
            .map(f64::to_bits)
            .collect::<Vec<_>>()
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn buffers_serve_other_blocks() {
    let mut shared = ConvBlockBuffers::default();
    // the same sizes in another geometry, then fewer channels
    for (stride, out_channels) in [(1, 40), (2, 40), (1, 3)] {
        let spec = ConvSpec {
            stride,
            padding: 1,
            ..ConvSpec::new(2, out_channels, 3)
        };
        let block = ConvBlock::new::<f32>(spec, 9, 9, 0).unwrap();
        let images = vec![0.5; 2 * block.in_len()];
        let (weight, bias) = (vec![0.1; out_channels * 18], vec![0.2; out_channels]);
        let input = ConvInput {
            images: &images,
            weight: &weight,
            bias: &bias,
        };
        let run = |buffers: &mut ConvBlockBuffers<f32>| {
            let mut output = vec![0.0; 2 * block.out_len()];
            let mut winners = vec![0; 2 * block.out_gradient_len()];
            block.forward(input, buffers, &mut output, Some(&mut winners));
            let slopes = vec![1.0; output.len()];
            let mut weight = weight.clone();
            let mut bias = bias.clone();
            let mut images = vec![0.0; 2 * block.in_gradient_len()];
            let gradient = ConvGradient {
                weight: &mut weight,
                bias: &mut bias,
                images: Some(&mut images),
            };
            block.backward(input, &winners, &slopes, buffers, gradient);
            [output, weight, bias, images]
        };
        assert_eq!(run(&mut shared), run(&mut ConvBlockBuffers::default()));
    }
}

/// The image would have 3 elements, counted by a `usize` that wraps.
#[test]
#[should_panic(expected = "larger than any memory")]
fn lengths_do_not_wrap() {
    let spec = ConvSpec::new(3, 1, 1);
    let block = ConvBlock::new::<f32>(spec, 274177, 67280421310721, 0).unwrap();
    let input = ConvInput {
        images: &[0.0; 3],
        weight: &[0.0; 3],
        bias: &[0.0],
    };
    block.forward::<f32>(input, &mut ConvBlockBuffers::default(), &mut [], None);
}

#[test]
fn impossible_shapes_are_refused() {
    let new = |spec, height, width| ConvBlock::new::<f32>(spec, height, width, 0).unwrap_err();
    let spec = ConvSpec::same3(3, 8);
    assert!(matches!(
        new(spec, 1, 8),
        ShapeError::TooSmall { height: 1, .. }
    ));
    assert_eq!(
        new(ConvSpec { stride: 0, ..spec }, 8, 8),
        ShapeError::Zero { what: "stride" }
    );
    assert_eq!(
        new(ConvSpec { padding: 3, ..spec }, 8, 8),
        ShapeError::Padding {
            padding: 3,
            window: 3,
            most: 2,
        }
    );
}
