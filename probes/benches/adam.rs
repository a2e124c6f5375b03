//! One epoch of the paper's grid of probes on a layer (three features of
//! seven classes, 36 points each, 3430 training and 3570 test stimuli), and
//! the matrix products alone that it cannot do without. A layer of the paper's
//! protocol is 250 epochs. `cargo bench -p layerprobe-probes --bench adam -- 2048`.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Duration;

use criterion::Criterion;
use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use layerprobe_probes::{AdamGrid, LayerData, ProbeTask, Selection, train_grid};
use layerprobe_streams::StreamKey;
use ndarray::Array2;
use rayon::prelude::*;

const FEATURES: [&str; 3] = ["shape", "texture", "color"];
const CLASSES: usize = 7;
const POINTS: usize = 36;
const TRAIN: usize = 3430;
const TEST: usize = 3570;
const ROWS: usize = TRAIN + 3 * TEST;
const BATCH: usize = 64;

/// The products of one epoch at the width the kernels like best: forward and
/// slopes for each batch, forward for the tests.
fn products(x: &[f32], dims: usize) {
    const WIDTH: usize = 64;
    let columns = FEATURES.len() * POINTS * CLASSES;
    let product = |out: &mut [f32], a: MatRef<'_, f32>, b: MatRef<'_, f32>| {
        let out = MatMut::row_major(out, a.rows(), WIDTH);
        matmul(out, 0.0, a, b, 1.0, Threads::One);
    };
    (0..columns.div_ceil(WIDTH))
        .into_par_iter()
        .for_each(|share| {
            let weights = vec![0.01f32; dims * WIDTH];
            let weights = MatRef::row_major(&weights, dims, WIDTH);
            let (mut logits, mut slopes) = (vec![0f32; 512 * WIDTH], vec![0f32; 256 * WIDTH]);
            for batch in x[..TRAIN * dims].chunks(BATCH * dims) {
                let rows = batch.len() / dims;
                product(&mut logits, MatRef::row_major(batch, rows, dims), weights);
                let residual = MatRef::row_major(&logits, rows, WIDTH);
                for from in (0..dims).step_by(256) {
                    let inputs = 256.min(dims - from);
                    let block = MatRef::strided(&batch[from..], rows, inputs, dims, 1);
                    product(&mut slopes, block.t(), residual);
                }
            }
            for block in x[TRAIN * dims..(TRAIN + TEST) * dims].chunks(512 * dims) {
                product(
                    &mut logits,
                    MatRef::row_major(block, block.len() / dims, dims),
                    weights,
                );
            }
            black_box((share, logits, slopes));
        });
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    let groups: Vec<u32> = (0..ROWS as u32).collect();
    let labels = [49, 7, 1].map(|stride| -> Vec<u32> {
        groups
            .iter()
            .map(|row| row / stride % CLASSES as u32)
            .collect()
    });
    let train: Vec<usize> = (0..TRAIN).collect();
    let tests =
        [0, 1, 2].map(|f| -> Vec<usize> { (TRAIN + f * TEST..TRAIN + (f + 1) * TEST).collect() });
    let grid = AdamGrid {
        epochs: 1,
        ..AdamGrid::default()
    };
    for dims in [128, 2048, 9216] {
        let mut made = None;
        let make = || {
            let mut noise = StreamKey::from_seed(0).at(0);
            Array2::from_shape_simple_fn((ROWS, dims), || noise.normal().max(0.0) as f32)
        };
        criterion.bench_function(&format!("products/{dims}"), |bencher| {
            let x = made.get_or_insert_with(make);
            bencher.iter(|| products(x.as_slice().unwrap_or(&[]), dims));
        });
        criterion.bench_function(&format!("train_grid/{dims}"), |bencher| {
            let x = made.get_or_insert_with(make);
            let data = LayerData {
                activations: x.view(),
                groups: &groups,
                selection: Selection::Drawn,
                channels: None,
            };
            let tasks = [0, 1, 2].map(|f| ProbeTask {
                feature: FEATURES[f],
                classes: CLASSES,
                labels: &labels[f],
                test: &tests[f],
            });
            bencher.iter(|| {
                let grid = grid.clone().check()?;
                let key = StreamKey::from_seed(0);
                let mut on = |_| ControlFlow::Continue(());
                train_grid("layer", &data, &train, &tasks, &grid, key, &mut on)
            });
        });
    }
    criterion.final_summary();
}
