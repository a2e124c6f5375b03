//! GFLOP/s of each kernel at the layer shapes of AlexNet (batch 64), ResNet-50
//! (batch 32) and cnn4 (batch 64).
//!
//! `cargo bench --bench kernels [-- FILTER]`; the same shapes in PyTorch are
//! `benches/peers/kernels.py`. Every shape is timed forward and backward; a
//! multiplication and an addition are two operations, whatever algorithm runs.
#![allow(clippy::expect_used, reason = "a bench stops at the first mistake")]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerprobe::nn::layout::ImageLayout;
use layerprobe::nn::{
    Activation, Aligned, BatchNorm, Conv, ConvBackward, ConvBlock, ConvBlockBuffers, ConvBuffers,
    ConvGradient, ConvInput, ConvSpec, InputGradient, MaxPool, NormBackward, NormBuffers,
    NormTraining, PoolSpec,
};

/// Name, batch, channels in and out, side, kernel, stride, padding.
type Shape = (
    &'static str,
    usize,
    usize,
    usize,
    usize,
    usize,
    usize,
    usize,
);

const CONVOLUTIONS: [Shape; 25] = [
    ("alexnet/conv1", 64, 3, 64, 224, 11, 4, 2),
    ("alexnet/conv2", 64, 64, 192, 27, 5, 1, 2),
    ("alexnet/conv3", 64, 192, 384, 13, 3, 1, 1),
    ("alexnet/conv4", 64, 384, 256, 13, 3, 1, 1),
    ("alexnet/conv5", 64, 256, 256, 13, 3, 1, 1),
    ("resnet/conv1", 32, 3, 64, 224, 7, 2, 3),
    ("resnet/1-in", 32, 256, 64, 56, 1, 1, 0),
    ("resnet/1-mid", 32, 64, 64, 56, 3, 1, 1),
    ("resnet/1-out", 32, 64, 256, 56, 1, 1, 0),
    ("resnet/2-first", 32, 256, 128, 56, 1, 1, 0),
    ("resnet/2-down", 32, 256, 512, 56, 1, 2, 0),
    ("resnet/2-stride", 32, 128, 128, 56, 3, 2, 1),
    ("resnet/2-in", 32, 512, 128, 28, 1, 1, 0),
    ("resnet/2-mid", 32, 128, 128, 28, 3, 1, 1),
    ("resnet/2-out", 32, 128, 512, 28, 1, 1, 0),
    ("resnet/3-down", 32, 512, 1024, 28, 1, 2, 0),
    ("resnet/3-stride", 32, 256, 256, 28, 3, 2, 1),
    ("resnet/3-in", 32, 1024, 256, 14, 1, 1, 0),
    ("resnet/3-mid", 32, 256, 256, 14, 3, 1, 1),
    ("resnet/3-out", 32, 256, 1024, 14, 1, 1, 0),
    ("resnet/4-down", 32, 1024, 2048, 14, 1, 2, 0),
    ("resnet/4-stride", 32, 512, 512, 14, 3, 2, 1),
    ("resnet/4-in", 32, 2048, 512, 7, 1, 1, 0),
    ("resnet/4-mid", 32, 512, 512, 7, 3, 1, 1),
    ("resnet/4-out", 32, 512, 2048, 7, 1, 1, 0),
];

/// Name, batch, channels in and out, side.
const BLOCKS: [(&str, usize, usize, usize, usize); 4] = [
    ("cnn4/conv1", 64, 3, 32, 64),
    ("cnn4/conv2", 64, 32, 64, 32),
    ("cnn4/conv3", 64, 64, 128, 16),
    ("cnn4/conv4", 64, 128, 128, 8),
];

/// Numbers around 0, some of them below.
fn numbers(len: usize) -> Vec<f32> {
    let value = |i: usize| (i.wrapping_mul(2654435761) >> 7 & 0xffff) as f32 / 65536.0 - 0.5;
    (0..len).map(value).collect()
}

/// The same numbers where networks keep them.
fn aligned(values: &[f32]) -> Aligned<f32> {
    let mut buffer = Aligned::zeros(values.len());
    buffer.copy_from_slice(values);
    buffer
}

fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conv");
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    group.sample_size(10);
    for (name, n, cin, cout, side, kernel, stride, padding) in CONVOLUTIONS {
        let spec = ConvSpec {
            stride,
            padding,
            ..ConvSpec::new(cin, cout, kernel)
        };
        let layout = ImageLayout {
            height: side,
            width: side,
            channels: cin,
            border: padding,
        };
        let conv = Conv::new::<f32>(spec, layout, 0, Activation::None).expect("a valid shape");
        let images = aligned(&layout.batch_from_chw(&numbers(n * layout.inner_len())));
        let weight = numbers(spec.weight_len());
        let input = ConvInput {
            images: &images,
            weight: &weight,
            bias: &[],
        };
        let mut buffers = ConvBuffers::default();
        let mut output = Aligned::zeros(n * conv.out_layout().len());
        let pixels = conv.out_layout().height * conv.out_layout().width;
        let operations = 2 * (n * pixels * cout * spec.fan_in()) as u64;
        group.throughput(Throughput::Elements(operations));
        group.bench_function(format!("{name}/forward"), |bencher| {
            bencher.iter(|| conv.forward(input, None, &mut buffers, &mut output));
        });
        let slopes = aligned(&numbers(output.len()));
        let mut weight_gradient = vec![0.0; weight.len()];
        let mut image_gradient = Aligned::zeros(n * layout.inner_len());
        // before the first layer, nobody needs the gradient of the images
        let passes = 1 + u64::from(cin > 3);
        group.throughput(Throughput::Elements(passes * operations));
        group.bench_function(format!("{name}/backward"), |bencher| {
            bencher.iter(|| {
                let pass = ConvBackward {
                    output: &[],
                    out_gradient: &slopes,
                    weight: &mut weight_gradient,
                    bias: &mut [],
                    images: match cin {
                        3 => InputGradient::Unwanted,
                        _ => InputGradient::Write(&mut image_gradient),
                    },
                };
                conv.backward(input, pass, &mut buffers);
            });
        });
    }
}

fn blocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("block");
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    group.sample_size(10);
    for (name, n, cin, cout, side) in BLOCKS {
        let spec = ConvSpec::same3(cin, cout);
        let block = ConvBlock::new::<f32>(spec, side, side, 1).expect("a valid shape");
        let images = aligned(&numbers(n * block.in_len()));
        let (weight, bias) = (numbers(spec.weight_len()), numbers(cout));
        let input = ConvInput {
            images: &images,
            weight: &weight,
            bias: &bias,
        };
        let mut buffers = ConvBlockBuffers::default();
        let mut output = Aligned::zeros(n * block.out_len());
        let mut winners = vec![0; n * block.out_gradient_len()];
        let operations = 2 * (n * side * side * cout * spec.fan_in()) as u64;
        group.throughput(Throughput::Elements(operations));
        group.bench_function(format!("{name}/forward"), |bencher| {
            bencher.iter(|| block.forward(input, &mut buffers, &mut output, Some(&mut winners)));
        });
        let slopes = aligned(&numbers(winners.len()));
        let (mut dw, mut db) = (vec![0.0; weight.len()], vec![0.0; cout]);
        let mut dx = Aligned::zeros(n * block.in_gradient_len());
        let passes = 1 + u64::from(cin > 3);
        group.throughput(Throughput::Elements(passes * operations));
        group.bench_function(format!("{name}/backward"), |bencher| {
            bencher.iter(|| {
                let gradient = ConvGradient {
                    weight: &mut dw,
                    bias: &mut db,
                    images: (cin > 3).then_some(&mut dx[..]),
                };
                block.backward(input, &winners, &slopes, &mut buffers, gradient);
            });
        });
    }
}

/// Elements a second of the layers that memory bounds.
fn others(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memory");
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    group.sample_size(10);
    for (name, side, channels) in [("norm/56x256", 56, 256), ("norm/14x256", 14, 256)] {
        let layout = ImageLayout {
            height: side,
            width: side,
            channels,
            border: 0,
        };
        let norm = BatchNorm::new(layout, 0, Activation::Relu);
        let x = aligned(&numbers(32 * layout.len()));
        let (scale, shift) = (numbers(channels), numbers(channels));
        let (mut mean, mut variance) = (vec![0.0; channels], vec![1.0; channels]);
        let mut buffers = NormBuffers::default();
        let mut y = Aligned::zeros(x.len());
        group.throughput(Throughput::Elements(x.len() as u64));
        group.bench_function(format!("{name}/forward"), |bencher| {
            bencher.iter(|| {
                let training = NormTraining {
                    scale: &scale,
                    shift: &shift,
                    running_mean: &mut mean,
                    running_variance: &mut variance,
                };
                norm.forward_train(&x, training, None, &mut buffers, &mut y);
            });
        });
        let mut gradient = aligned(&numbers(x.len()));
        let (mut ds, mut dh) = (vec![0.0; channels], vec![0.0; channels]);
        group.bench_function(format!("{name}/backward"), |bencher| {
            bencher.iter(|| {
                let pass = NormBackward {
                    scale: &scale,
                    output: &y,
                    gradient: &mut gradient,
                    scale_gradient: &mut ds,
                    shift_gradient: &mut dh,
                    residual: InputGradient::Unwanted,
                };
                norm.backward(&x, pass, &mut buffers);
            });
        });
    }
    for (name, n, side, channels, padding) in
        [("max/112x64", 32, 112, 64, 1), ("max/55x64", 64, 55, 64, 0)]
    {
        let layout = ImageLayout {
            height: side,
            width: side,
            channels,
            border: 0,
        };
        let spec = PoolSpec {
            window: 3,
            stride: 2,
            padding,
        };
        let pool = MaxPool::new(spec, layout, 0).expect("a valid shape");
        let x = aligned(&numbers(n * layout.len()));
        let mut y = Aligned::zeros(n * pool.out_layout().len());
        let mut winners = vec![0; y.len()];
        group.throughput(Throughput::Elements(x.len() as u64));
        group.bench_function(format!("{name}/forward"), |bencher| {
            bencher.iter(|| pool.forward(&x, &mut y, Some(&mut winners)));
        });
        let mut gradient = Aligned::zeros(x.len());
        group.bench_function(format!("{name}/backward"), |bencher| {
            bencher.iter(|| pool.backward(&winners, &y, &mut gradient));
        });
    }
    group.finish();
}

criterion_group!(benches, convolutions, blocks, others);
criterion_main!(benches);
