//! One layer's probes on synthetic activations: three features of seven
//! classes, nine penalties, 3430 training stimuli, as in the first
//! experiment. `cargo bench -p layerprobe-probes -- 2048` runs one width.

use std::time::Duration;

use criterion::Criterion;
use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use layerprobe_probes::{LayerData, ProbeKeys, ProbeParams, ProbeTask, Selection, probe_layer};
use layerprobe_streams::StreamKey;
use ndarray::Array2;

const LATENTS: usize = 64;
const CLASSES: usize = 7;
const ROWS: usize = 9730;
const TRAIN: usize = 3430;

/// Random ReLU units of latent variables with decaying weights, features
/// among them, and a little noise: a spectrum that decays as a network's.
fn activations(dims: usize, labels: &[Vec<u32>]) -> Array2<f32> {
    let key = StreamKey::from_seed(0).derive("bench");
    let gauss = |name: &str, n: usize| -> Vec<f32> {
        let mut stream = key.derive(name).at(0);
        (0..n).map(|_| stream.normal() as f32).collect()
    };
    let codes = gauss("codes", labels.len() * CLASSES * LATENTS);
    let mut latents = gauss("latents", ROWS * LATENTS);
    for (row, latent) in latents.chunks_exact_mut(LATENTS).enumerate() {
        for (feature, labels) in labels.iter().enumerate() {
            let code = (feature * CLASSES + labels[row] as usize) * LATENTS;
            for (x, c) in latent.iter_mut().zip(&codes[code..]) {
                *x += 0.5 * c / (1 + feature) as f32;
            }
        }
    }
    let mut weights = gauss("weights", LATENTS * dims);
    for (latent, row) in weights.chunks_exact_mut(dims).enumerate() {
        for w in row {
            *w /= (1.0 + latent as f32).sqrt();
        }
    }
    let mut drive = vec![0f32; ROWS * dims];
    matmul(
        MatMut::row_major(&mut drive, ROWS, dims),
        0.0,
        MatRef::row_major(&latents, ROWS, LATENTS),
        MatRef::row_major(&weights, LATENTS, dims),
        1.0,
        Threads::Pool,
    );
    // white noise from a multiplicative generator: its quality does not matter
    let mut state = 1u32;
    for x in &mut drive {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *x = (*x + (state >> 8) as f32 / (1 << 24) as f32 - 0.5).max(0.0);
    }
    Array2::from_shape_vec((ROWS, dims), drive).unwrap_or_default()
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(10))
        .configure_from_args();
    let groups: Vec<u32> = (0..ROWS).map(|row| (row / 10) as u32).collect();
    let labels: Vec<Vec<u32>> = [49, 7, 1]
        .iter()
        .map(|stride| groups.iter().map(|g| g / stride % 7).collect())
        .collect();
    let train: Vec<usize> = (0..TRAIN).collect();
    let tests: Vec<Vec<usize>> = (0..3)
        .map(|f| (TRAIN + 1365 * f..TRAIN + 1365 * f + 3570).collect())
        .collect();
    let key = StreamKey::from_seed(0);
    let keys = ProbeKeys {
        selection: key.derive("split"),
        bootstrap: key.derive("bootstrap"),
    };
    for dims in [128, 2048, 8192, 32768] {
        let mut made = None;
        criterion.bench_function(&format!("probe_layer/{dims}"), |bencher| {
            let activations = made.get_or_insert_with(|| activations(dims, &labels));
            let data = LayerData {
                activations: activations.view(),
                groups: &groups,
                selection: Selection::Drawn,
                channels: None,
            };
            let tasks: Vec<ProbeTask<'_>> = ["shape", "texture", "color"]
                .into_iter()
                .zip(labels.iter().zip(&tests))
                .map(|(feature, (labels, test))| ProbeTask {
                    feature,
                    classes: CLASSES,
                    labels,
                    test,
                })
                .collect();
            bencher.iter(|| {
                let params = ProbeParams::default().check()?;
                probe_layer("layer", &data, &train, &tasks, &params, &keys)
            });
        });
    }
    criterion.final_summary();
}
