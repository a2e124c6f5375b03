//! Images drawn per second, on all threads of a pool and on one.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerprobe_generators::{NavonParams, StimulusSet, TrifeatureParams};
use layerprobe_streams::StreamKey;
use rayon::prelude::*;

/// Stimuli drawn in one measured pass; a prime step spreads them over all
/// combinations.
const IMAGES: usize = 1000;

fn draw(set: &dyn StimulusSet, pool: &rayon::ThreadPool) {
    let size = set.image_size();
    pool.install(|| {
        (0..IMAGES).into_par_iter().for_each_init(
            || vec![0; 3 * size * size],
            |rgb, n| {
                set.render_into(n * 7919 % set.len(), rgb);
                std::hint::black_box(rgb);
            },
        );
    });
}

fn bench_set(criterion: &mut Criterion, name: &str, set: &dyn StimulusSet) {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(20)
        .throughput(Throughput::Elements(IMAGES as u64));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| draw(set, &pool));
        });
    }
    group.finish();
}

fn render(criterion: &mut Criterion) {
    let key = StreamKey::from_seed(0);
    let full = TrifeatureParams::default().check(key).unwrap();
    bench_set(criterion, "trifeature 224 px", &full);
    let quick = TrifeatureParams {
        image_size: 64,
        object_size: 40,
        texture_period: 6,
        exemplars: 10,
    };
    bench_set(criterion, "trifeature 64 px", &quick.check(key).unwrap());
    let navon = NavonParams::default().check(key).unwrap();
    bench_set(criterion, "navon 224 px", &navon);
}

criterion_group!(benches, render);
criterion_main!(benches);
