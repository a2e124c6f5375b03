use proptest::prelude::*;

use super::{Conv, ConvBackward, ConvBuffers, fold_norm};
use crate::nn::goldens::{numbers, whole};
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::real::Processor;
use crate::nn::{Activation, ConvInput, ConvSpec, InputGradient, NormParameters, Real, ShapeError};

/// One convolution with all that goes in, in PyTorch's order.
#[derive(Clone, Debug)]
struct Case {
    spec: ConvSpec,
    input: ImageLayout,
    activation: Activation,
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
        self.images.len() / self.input.inner_len()
    }

    fn out_sides(&self) -> [usize; 2] {
        [self.input.height, self.input.width].map(|side| self.spec.out_side(side).unwrap())
    }

    /// Forward and backward; `slopes` makes the output's gradient from its
    /// length, `before` is what the images' gradient is added to.
    fn run<T: Real>(
        &self,
        processor: Processor,
        out_border: usize,
        slopes: impl Fn(usize) -> Vec<f64>,
        before: Option<f64>,
    ) -> Results {
        let conv = Conv::on::<T>(
            processor,
            self.spec,
            self.input,
            out_border,
            self.activation,
        )
        .unwrap();
        let images = self.input.batch_from_chw(&cast::<T>(&self.images));
        let (weight, bias) = (cast::<T>(&self.weight), cast::<T>(&self.bias));
        let input = ConvInput {
            images: &images,
            weight: &weight,
            bias: &bias,
        };
        let mut buffers = ConvBuffers::default();
        let mut output = vec![T::ZERO; self.n() * conv.out_layout().len()];
        conv.forward(input, None, &mut buffers, &mut output);
        let found = conv.out_layout().batch_to_chw(&output);

        let slopes = conv
            .out_layout()
            .with_border(0)
            .batch_from_chw(&cast::<T>(&slopes(found.len())));
        // stale contents show what is not overwritten
        let stale = T::from_f64(7.0);
        let mut weight_gradient = vec![stale; weight.len()];
        let mut bias_gradient = vec![stale; bias.len()];
        let mut image_gradient = vec![before.map_or(stale, T::from_f64); self.images.len()];
        let images = match before {
            Some(_) => InputGradient::Add(&mut image_gradient),
            None => InputGradient::Write(&mut image_gradient),
        };
        conv.backward(
            input,
            ConvBackward {
                output: &output,
                out_gradient: &slopes,
                weight: &mut weight_gradient,
                bias: &mut bias_gradient,
                images,
            },
            &mut buffers,
        );
        Results {
            output: uncast(&found),
            images: uncast(&self.input.with_border(0).batch_to_chw(&image_gradient)),
            weight: uncast(&weight_gradient),
            bias: uncast(&bias_gradient),
        }
    }

    /// The convolution by its definition, one output at a time.
    fn output_by_definition(&self) -> Vec<f64> {
        let spec = &self.spec;
        let [rows, columns] = self.out_sides();
        let (height, width) = (self.input.height, self.input.width);
        let mut output = Vec::new();
        for image in 0..self.n() {
            for out in 0..spec.out_channels {
                let group = out / spec.out_group();
                for row in 0..rows {
                    for column in 0..columns {
                        let mut sum = self.bias.get(out).copied().unwrap_or(0.0);
                        for channel in 0..spec.in_group() {
                            for ky in 0..spec.kernel {
                                for kx in 0..spec.kernel {
                                    let y = (row * spec.stride + ky * spec.dilation)
                                        .wrapping_sub(spec.padding);
                                    let x = (column * spec.stride + kx * spec.dilation)
                                        .wrapping_sub(spec.padding);
                                    if y >= height || x >= width {
                                        continue;
                                    }
                                    let of = image * spec.in_channels
                                        + group * spec.in_group()
                                        + channel;
                                    let weight = (out * spec.in_group() + channel) * spec.kernel;
                                    sum += self.images[(of * height + y) * width + x]
                                        * self.weight[(weight + ky) * spec.kernel + kx];
                                }
                            }
                        }
                        output.push(sum);
                    }
                }
            }
        }
        self.activation.forward(&mut output);
        output
    }
}

fn any_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::None),
        Just(Activation::Relu),
        Just(Activation::LeakyRelu(0.2)),
    ]
}

/// A convolution of random shape.
fn any_case(ties: bool) -> impl Strategy<Value = Case> {
    let sizes = (1..4usize, 1..5usize, 1..36usize, 1..5usize, 1..4usize);
    let rest = (1..4usize, 1..4usize, any::<bool>(), 1..1000u64);
    (sizes, rest, any_activation()).prop_flat_map(move |(sizes, rest, activation)| {
        let (n, in_group, out_group, kernel, stride) = sizes;
        let (dilation, groups, biased, seed) = rest;
        let reach = dilation * (kernel - 1) + 1;
        (0..reach, 0..9usize, 0..9usize, 0..3usize).prop_map(
            move |(padding, more_rows, more_columns, more_border)| {
                let spec = ConvSpec {
                    stride,
                    padding,
                    dilation,
                    groups,
                    ..ConvSpec::new(groups * in_group, groups * out_group, kernel)
                };
                let least = reach.saturating_sub(2 * padding).max(1);
                let input = ImageLayout {
                    height: least + more_rows,
                    width: least + more_columns,
                    channels: spec.in_channels,
                    border: padding + more_border,
                };
                let make = |n: usize, seed: u64| match ties {
                    true => whole(n, seed, -1.0, 1.0),
                    false => numbers(n, seed, 1.0),
                };
                Case {
                    spec,
                    input,
                    activation,
                    images: make(n * input.inner_len(), seed),
                    weight: make(spec.weight_len(), seed + 1),
                    bias: make(if biased { spec.out_channels } else { 0 }, seed + 2),
                }
            },
        )
    })
}

/// Compares some entries of the gradient of the sum of `slopes * output` with
/// central differences. Between two points with outputs of the same signs the
/// convolution is a straight line, so that the step adds no error; where a sign
/// changes there is the kink of an activation, and nothing to compare.
fn check_differences(
    case: &mut Case,
    of: fn(&mut Case) -> &mut Vec<f64>,
    gradient: &[f64],
    slopes: &[f64],
) -> Result<(), TestCaseError> {
    let step = 1e-6;
    for at in (0..gradient.len()).step_by(gradient.len().div_ceil(6).max(1)) {
        let value = of(case)[at];
        let mut at_value = |x: f64| {
            of(case)[at] = x;
            case.output_by_definition()
        };
        let (up, down) = (at_value(value + step), at_value(value - step));
        of(case)[at] = value;
        let mut pairs = up.iter().zip(&down);
        if case.activation != Activation::None && pairs.any(|(a, b)| (*a > 0.0) != (*b > 0.0)) {
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
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn output_is_that_of_the_definition(case in any_case(false)) {
        let expected = case.output_by_definition();
        let found = case.run::<f64>(Processor::Portable, 2, |n| vec![1.0; n], None).output;
        prop_assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(&expected) {
            prop_assert!((a - b).abs() < 1e-10, "{} and {}", a, b);
        }
    }

    #[test]
    fn gradients_are_finite_differences(mut case in any_case(false)) {
        let slopes = |n: usize| numbers(n, 5, 1.0);
        let results = case.run::<f64>(Processor::Portable, 0, slopes, None);
        let slopes = slopes(results.output.len());
        check_differences(&mut case, |c| &mut c.images, &results.images, &slopes)?;
        check_differences(&mut case, |c| &mut c.weight, &results.weight, &slopes)?;
        check_differences(&mut case, |c| &mut c.bias, &results.bias, &slopes)?;
    }

    /// On whole numbers sums are exact: all vectors give the same bits, and
    /// adding to a gradient is the same as adding afterwards.
    #[test]
    fn all_processors_agree_on_whole_numbers(mut case in any_case(true)) {
        if case.activation != Activation::None {
            case.activation = Activation::Relu;
        }
        let slopes = |n: usize| whole(n, 5, -2.0, 2.0);
        let expected = case.run::<f64>(Processor::Portable, 0, slopes, None);
        let added: Vec<f64> = expected.images.iter().map(|x| x + 3.0).collect();
        for processor in Processor::available() {
            let found = case.run::<f32>(processor, 1, slopes, Some(3.0));
            prop_assert_eq!(&found.output, &expected.output);
            prop_assert_eq!(&found.images, &added);
            prop_assert_eq!(&found.weight, &expected.weight);
            prop_assert_eq!(&found.bias, &expected.bias);
        }
    }

    #[test]
    fn folded_norm_and_residual_are_those_of_separate_steps(case in any_case(false)) {
        let channels = case.spec.out_channels;
        let [scale, shift, mean] = [7, 8, 9].map(|seed| numbers(channels, seed, 1.0));
        let variance: Vec<f64> = numbers(channels, 10, 1.0).iter().map(|x| x + 1.5).collect();
        let norm = NormParameters { scale: &scale, shift: &shift, mean: &mean, variance: &variance };
        let (mut weight, mut bias) = (case.weight.clone(), vec![0.0; channels]);
        fold_norm(&case.spec, &case.weight, &case.bias, norm, 0.1, &mut weight, &mut bias);
        let conv = Conv::new::<f64>(case.spec, case.input, 0, case.activation).unwrap();
        let images = case.input.batch_from_chw(&case.images);
        let outer = conv.out_layout().with_border(2);
        let residual = numbers(case.n() * conv.out_layout().len(), 11, 1.0);
        let mut output = vec![0.0; residual.len()];
        conv.forward(
            ConvInput { images: &images, weight: &weight, bias: &bias },
            Some(Images { values: &outer.batch_from_chw(&residual), layout: outer }),
            &mut ConvBuffers::default(),
            &mut output,
        );
        let linear = Case { activation: Activation::None, ..case.clone() };
        let area = conv.out_layout().height * conv.out_layout().width;
        let mut expected = linear.output_by_definition();
        for (at, value) in expected.iter_mut().enumerate() {
            let channel = at / area % channels;
            *value = (*value - mean[channel]) / (variance[channel] + 0.1).sqrt() * scale[channel]
                + shift[channel] + residual[at];
        }
        case.activation.forward(&mut expected);
        for (a, b) in conv.out_layout().batch_to_chw(&output).iter().zip(&expected) {
            prop_assert!((a - b).abs() < 1e-10, "{} and {}", a, b);
        }
    }
}

/// Whole blocks of channels and kernels of 3 x 3, or else 5 x 5: what is
/// computed by tiles. Whole numbers are for 3 x 3.
fn any_case_of_tiles(ties: bool) -> impl Strategy<Value = Case> {
    let sizes = (1..3usize, 1..4usize, 1..3usize, 0..3usize, 0..3usize);
    let sides = (8..11usize, 8..11usize, 1..1000u64, any::<bool>());
    (sizes, sides, any_activation()).prop_map(move |(sizes, sides, activation)| {
        let (n, ins, outs, padding, more_border) = sizes;
        let (height, width, seed, large) = sides;
        let kernel = if large && !ties { 5 } else { 3 };
        let spec = ConvSpec {
            padding,
            ..ConvSpec::new(32 * ins, 32 * outs, kernel)
        };
        let input = ImageLayout {
            height,
            width,
            channels: spec.in_channels,
            border: padding + more_border,
        };
        let make = |n: usize, seed: u64| match ties {
            true => whole(n, seed, -1.0, 1.0),
            false => numbers(n, seed, 1.0),
        };
        Case {
            spec,
            input,
            activation,
            images: make(n * input.inner_len(), seed),
            weight: make(spec.weight_len(), seed + 1),
            bias: make(spec.out_channels, seed + 2),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn tiles_give_the_definitions_output_and_gradients(mut case in any_case_of_tiles(false)) {
        let slopes = |n: usize| numbers(n, 5, 1.0);
        let results = case.run::<f64>(Processor::Portable, 1, slopes, None);
        let expected = case.output_by_definition();
        for (a, b) in results.output.iter().zip(&expected) {
            prop_assert!((a - b).abs() < 1e-10, "{} and {}", a, b);
        }
        let slopes = slopes(results.output.len());
        check_differences(&mut case, |c| &mut c.images, &results.images, &slopes)?;
        check_differences(&mut case, |c| &mut c.weight, &results.weight, &slopes)?;
        check_differences(&mut case, |c| &mut c.bias, &results.bias, &slopes)?;
    }

    /// Halves of whole numbers are exact, too.
    #[test]
    fn all_processors_agree_on_tiles_of_whole_numbers(mut case in any_case_of_tiles(true)) {
        if case.activation != Activation::None {
            case.activation = Activation::Relu;
        }
        let slopes = |n: usize| whole(n, 5, -2.0, 2.0);
        let expected = case.run::<f64>(Processor::Portable, 0, slopes, None);
        let added: Vec<f64> = expected.images.iter().map(|x| x + 3.0).collect();
        for processor in Processor::available() {
            let found = case.run::<f32>(processor, 1, slopes, Some(3.0));
            prop_assert_eq!(&found.output, &expected.output);
            prop_assert_eq!(&found.images, &added);
            prop_assert_eq!(&found.weight, &expected.weight);
            prop_assert_eq!(&found.bias, &expected.bias);
        }
    }
}

/// Single precision by tiles is as near as PyTorch's: to 1e-6 of the largest
/// for 3 x 3, to twice that for 5 x 5.
#[test]
fn tiles_lose_no_digit() {
    digits_are_kept(ConvSpec::same3(256, 64), 13, 1e-6);
    let spec = ConvSpec {
        padding: 2,
        ..ConvSpec::new(64, 192, 5)
    };
    digits_are_kept(spec, 27, 2e-6);
}

fn digits_are_kept(spec: ConvSpec, side: usize, bound: f64) {
    let input = ImageLayout {
        height: side,
        width: side,
        channels: spec.in_channels,
        border: spec.padding,
    };
    // what single precision can hold of the inputs, which are outputs of ReLU
    let single = |values: Vec<f64>| values.iter().map(|x| f64::from(*x as f32)).collect();
    let mut images: Vec<f64> = single(numbers(4 * input.inner_len(), 1, 1.0));
    images.iter_mut().for_each(|x| *x = x.max(0.0));
    let case = Case {
        spec,
        input,
        activation: Activation::None,
        images,
        weight: single(numbers(spec.weight_len(), 2, 0.05)),
        bias: vec![],
    };
    let slopes = |n: usize| single(numbers(n, 5, 1.0));
    let exact = case.run::<f64>(Processor::Portable, 0, slopes, None);
    let found = case.run::<f32>(Processor::best(), 0, slopes, None);
    for (what, exact, found) in [
        ("output", exact.output, found.output),
        ("images", exact.images, found.images),
        ("weight", exact.weight, found.weight),
    ] {
        assert_eq!(exact.len(), found.len());
        // a maximum leaves out what is not a number
        let finite = exact.iter().chain(&found).all(|x| x.is_finite());
        assert!(finite, "{what} of {spec:?} is not all numbers");
        let scale = exact.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let errors = exact.iter().zip(&found).map(|(a, b)| (a - b).abs());
        let worst = errors.fold(0.0, f64::max) / scale;
        assert!(worst < bound, "{what} of {spec:?} off by {worst}");
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    bits_are_the_same(ConvSpec {
        stride: 2,
        ..ConvSpec::same3(5, 40)
    });
    bits_are_the_same(ConvSpec::same3(32, 96));
    bits_are_the_same(ConvSpec {
        padding: 1,
        ..ConvSpec::new(32, 64, 5)
    });
}

fn bits_are_the_same(spec: ConvSpec) {
    let input = ImageLayout {
        height: 11,
        width: 14,
        channels: spec.in_channels,
        border: 1,
    };
    let case = Case {
        spec,
        input,
        activation: Activation::Relu,
        images: numbers(11 * input.inner_len(), 1, 1.0),
        weight: numbers(spec.weight_len(), 2, 1.0),
        bias: numbers(spec.out_channels, 3, 1.0),
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let slopes = |n: usize| numbers(n, 4, 1.0);
        let results = pool.install(|| case.run::<f32>(Processor::best(), 1, slopes, None));
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

/// The taps would lie 2^63 pixels apart, and the last again on the first.
#[test]
#[should_panic(expected = "larger than any memory")]
fn a_reach_does_not_wrap() {
    let spec = ConvSpec {
        dilation: usize::MAX / 2 + 1,
        ..ConvSpec::new(1, 1, 3)
    };
    let image = ImageLayout {
        height: 4,
        width: 4,
        channels: 1,
        border: 0,
    };
    let _ = Conv::new::<f32>(spec, image, 0, Activation::None);
}

/// A border so wide that a `usize` counts the elements of one output, but not
/// of four.
#[test]
#[should_panic(expected = "larger than any memory")]
fn the_length_of_a_batch_does_not_wrap() {
    let layout = ImageLayout {
        height: 1,
        width: 1,
        channels: 1,
        border: 0,
    };
    // (2^31 - 1)^2 * 3 is below 2^64
    let spec = ConvSpec::new(1, 3, 1);
    let conv = Conv::new::<f32>(spec, layout, (1 << 30) - 1, Activation::None).unwrap();
    assert!(conv.out_layout().len().checked_mul(4).is_none());
    let input = ConvInput {
        images: &[0.0; 4],
        weight: &[0.0; 3],
        bias: &[],
    };
    conv.forward::<f32>(input, None, &mut ConvBuffers::default(), &mut []);
}

#[test]
fn impossible_shapes_are_refused() {
    let layout = |height, width, channels, border| ImageLayout {
        height,
        width,
        channels,
        border,
    };
    let spec = ConvSpec::same3(4, 8);
    let error = |spec, layout| Conv::new::<f32>(spec, layout, 0, Activation::None).unwrap_err();
    let image = layout(8, 8, 4, 1);
    assert_eq!(
        error(spec, layout(8, 8, 3, 1)),
        ShapeError::Channels {
            found: 3,
            expected: 4
        }
    );
    assert_eq!(
        error(spec, layout(8, 8, 4, 0)),
        ShapeError::Border {
            border: 0,
            padding: 1
        }
    );
    assert_eq!(
        error(ConvSpec { groups: 3, ..spec }, image),
        ShapeError::Groups {
            groups: 3,
            in_channels: 4,
            out_channels: 8
        }
    );
    assert_eq!(
        error(
            ConvSpec {
                dilation: 0,
                ..spec
            },
            image
        ),
        ShapeError::Zero { what: "dilation" }
    );
    let wide = ConvSpec {
        dilation: 9,
        padding: 0,
        ..spec
    };
    assert!(matches!(
        error(wide, image),
        ShapeError::TooSmall { window: 19, .. }
    ));
}
