//! Synthetic activations: random ReLU units of a few latent variables, the
//! features among them, plus noise. Their spectrum decays as a network's does.

use layerprobe_probes::{LayerData, ProbeKeys, ProbeTask, Selection};
use layerprobe_streams::{Stream, StreamKey};
use ndarray::Array2;

pub struct Synthetic {
    pub activations: Array2<f32>,
    pub groups: Vec<u32>,
    pub labels: Vec<Vec<u32>>,
    pub train: Vec<usize>,
    pub tests: Vec<Vec<usize>>,
    pub classes: usize,
}

/// Three features of `classes` values, each combination `exemplars` times,
/// for training, and again for testing (other groups).
pub fn synthetic(classes: usize, exemplars: usize, dims: usize, seed: u64) -> Synthetic {
    const LATENTS: usize = 24;
    let key = StreamKey::from_seed(seed);
    let mut stream = key.derive("weights").at(0);
    let mut gauss = |n: usize| -> Vec<f64> { (0..n).map(|_| stream.normal()).collect() };
    let codes: Vec<Vec<f64>> = (0..3 * classes).map(|_| gauss(LATENTS)).collect();
    let weights = gauss(LATENTS * dims);
    let bias = gauss(dims);
    let combinations = classes.pow(3);
    let rows = 2 * combinations * exemplars;
    let groups: Vec<u32> = (0..rows).map(|row| (row / exemplars) as u32).collect();
    let labels: Vec<Vec<u32>> = [classes * classes, classes, 1]
        .iter()
        .map(|stride| {
            let value = |g: &u32| *g as usize % combinations / stride % classes;
            groups.iter().map(|g| value(g) as u32).collect()
        })
        .collect();
    let mut activations = Array2::zeros((rows, dims));
    for (row, mut out) in activations.rows_mut().into_iter().enumerate() {
        let mut noise: Stream = key.derive("stimuli").at(row as u64);
        // features weigh unequally, as they do in a network
        let latent: Vec<f64> = (0..LATENTS)
            .map(|l| {
                let signal: f64 = (0..3)
                    .map(|f| codes[f * classes + labels[f][row] as usize][l] / (1 + f) as f64)
                    .sum();
                signal + noise.normal()
            })
            .collect();
        for (dim, out) in out.iter_mut().enumerate() {
            let drive: f64 = (0..LATENTS)
                .map(|l| latent[l] * weights[l * dims + dim] / (1 + l) as f64)
                .sum();
            *out = (drive + bias[dim] + 0.3 * noise.normal()).max(0.0) as f32;
        }
    }
    let half = rows / 2;
    Synthetic {
        activations,
        groups,
        labels,
        train: (0..half).collect(),
        tests: (0..3)
            .map(|f| (half..rows).filter(|row| row % 3 != f).collect())
            .collect(),
        classes,
    }
}

impl Synthetic {
    pub fn data(&self) -> LayerData<'_> {
        LayerData {
            activations: self.activations.view(),
            groups: &self.groups,
            selection: Selection::Drawn,
            channels: None,
        }
    }

    pub fn tasks(&self) -> Vec<ProbeTask<'_>> {
        ["shape", "texture", "color"]
            .into_iter()
            .zip(&self.labels)
            .zip(&self.tests)
            .map(|((feature, labels), test)| ProbeTask {
                feature,
                classes: self.classes,
                labels,
                test,
            })
            .collect()
    }
}

pub fn keys() -> ProbeKeys {
    let key = StreamKey::from_seed(7).derive("probe");
    ProbeKeys {
        selection: key.derive("split"),
        bootstrap: key.derive("bootstrap"),
    }
}
