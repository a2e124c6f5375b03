//! A step of full-batch gradient descent on the network of Hermann & Lampinen
//! 2020 for binary features: 32 bits; 256, 128, 64 and 64 hidden units; 256
//! examples. One thread.
//!
//! `cargo bench --bench perceptron`; the same steps in PyTorch are
//! `benches/peers/perceptron.py`.
#![allow(clippy::expect_used, reason = "a bench stops at the first mistake")]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerprobe::nn::{Perceptron, PerceptronBatch, PerceptronSpec};
use layerprobe_streams::StreamKey;

const EXAMPLES: usize = 256;

fn perceptron(criterion: &mut Criterion) {
    let spec = PerceptronSpec {
        inputs: 32,
        hidden: vec![256, 128, 64, 64],
        outputs: 1,
        slope: 0.01,
    };
    let mut stream = StreamKey::from_seed(0).at(0);
    let mut parameters: Vec<Vec<f32>> = Vec::new();
    for shape in spec.shapes() {
        let values = (0..shape.iter().product()).map(|_| stream.uniform_in(-0.1, 0.1) as f32);
        parameters.push(values.collect());
    }
    let mut bits = |count: usize| -> Vec<f32> {
        let bits = (0..count).map(|_| f32::from(stream.bernoulli(0.5)));
        bits.collect()
    };
    let (x, targets) = (bits(32 * EXAMPLES), bits(EXAMPLES));
    let mut batch = PerceptronBatch::new(&spec, &x, &targets).expect("whole rows");
    let mut network = Perceptron::new(&spec, &parameters).expect("the shapes asked for");

    let mut group = criterion.benchmark_group("perceptron 32-256-128-64-64-1, 256 examples");
    group.throughput(Throughput::Elements(spec.operations(EXAMPLES) as u64));
    group.measurement_time(Duration::from_secs(5));
    group.bench_function("step", |bencher| {
        bencher.iter(|| network.descend(&mut batch, 1e-3));
    });
    group.bench_function("forward", |bencher| {
        bencher.iter(|| network.forward(&mut batch));
    });
    group.finish();
}

criterion_group!(benches, perceptron);
criterion_main!(benches);
