//! Images a second of a full training step (forward, loss, backward, Adam) and
//! of a forward pass, for cnn4 at 64 px in batches of 64.
//!
//! `cargo bench --bench engine`; the same work in PyTorch is
//! `benches/peers/run`.
#![allow(clippy::expect_used, reason = "a bench stops at the first mistake")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerprobe::models::{Arch, ImageBatch, Network, Workspace};
use layerprobe::nn::optimizers::{AdamParams, LearningRate, OptimizerParams};
use layerprobe::training::Trainer;
use layerprobe_streams::StreamKey;

const SIZE: usize = 64;
const BATCH: usize = 64;
const CLASSES: usize = 7;

fn engine(criterion: &mut Criterion) {
    let key = StreamKey::from_seed(0);
    let mut network = Network::new(Arch::Cnn4, SIZE, CLASSES, key).expect("a valid network");
    let mut pixels = key.derive("pixels").at(0);
    let images: Vec<f32> = (0..BATCH * 3 * SIZE * SIZE)
        .map(|_| pixels.normal() as f32)
        .collect();
    let batch = ImageBatch::from_chw(network.input_layout(), &images);
    let labels: Vec<u32> = (0..BATCH).map(|i| (i % CLASSES) as u32).collect();

    let mut group = criterion.benchmark_group("cnn4 64 px batch 64");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.measurement_time(Duration::from_secs(5));
    group.sample_size(20);

    let mut workspace = Workspace::default();
    group.bench_function("forward", |bencher| {
        bencher.iter(|| {
            let logits = network.logits(&mut workspace, black_box(&batch));
            logits.expect("images of the right size")[0]
        });
    });

    let adam = OptimizerParams::Adam(AdamParams {
        weight_decay: 1e-4,
        ..AdamParams::default()
    });
    let adam = adam.check().expect("valid parameters");
    let rate = LearningRate::constant(1e-3).expect("a valid rate");
    let mut trainer = Trainer::new(&network, adam, rate, key);
    group.bench_function("step", |bencher| {
        bencher.iter(|| trainer.step(&mut network, black_box(&batch), &labels));
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
