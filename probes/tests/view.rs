//! What views show of a layer.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    ActivationBlocks, Extras, Forecast, LayerData, ProbeOutcome, ProbeParams, Scaling, Solver,
    View, Viewed, Workload, probe_layer,
};
use layerprobe_streams::StreamKey;
use ndarray::{Array2, Axis};

fn shown(view: View, data: &Synthetic, scaling: Scaling) -> Array2<f32> {
    let key = StreamKey::from_seed(2).derive("pool1");
    let values = data.activations.view();
    match view.show("pool1", values, Some(4), &data.train, scaling, key) {
        Ok(Viewed::Shown { values, .. }) => values,
        other => panic!("{view}: {other:?}"),
    }
}

fn probe(data: &Synthetic, values: &Array2<f32>, scaling: Scaling) -> Vec<ProbeOutcome> {
    let params = ProbeParams {
        penalties: vec![1.0, 1e2, 1e4],
        resamples: 50,
        scaling,
        ..ProbeParams::default()
    };
    let layer = LayerData {
        activations: values.view(),
        ..data.data()
    };
    let params = params.check().unwrap();
    probe_layer(
        "pool1",
        &layer,
        &data.train,
        &data.tasks(),
        &params,
        &keys(),
    )
    .unwrap()
}

/// The scaled training rows in f64, by the definition.
fn scaled(data: &Synthetic) -> Array2<f64> {
    let x = data.activations.mapv(f64::from);
    let train = x.select(Axis(0), &data.train);
    let mean = train.mean_axis(Axis(0)).unwrap();
    let deviation = train.std_axis(Axis(0), 0.0);
    (x - mean) / deviation.mapv(|s| if s > 0.0 { s } else { 1.0 })
}

#[test]
fn principal_components_are_those_of_the_scaled_training_rows() {
    // fewer dimensions than rows, and more
    for dims in [40, 400] {
        let data = synthetic(3, 4, dims, 8);
        let all = scaled(&data);
        let train = all.select(Axis(0), &data.train);
        let z = shown(View::Pca(5), &data, Scaling::Standard).mapv(f64::from);
        let zt = z.select(Axis(0), &data.train);
        // uncorrelated, in falling order, and eigenvectors: X X^T z = |z|^2 z
        let products = zt.t().dot(&zt);
        for i in 0..5 {
            for j in 0..i {
                let share = products[(i, j)] / (products[(i, i)] * products[(j, j)]).sqrt();
                assert!(share.abs() < 1e-4, "{dims}: {i} {j} {share}");
                assert!(products[(j, j)] > products[(i, i)]);
            }
        }
        let gram = train.dot(&train.t());
        let images = gram.dot(&zt);
        for k in 0..5 {
            let value = products[(k, k)];
            let off = &images.column(k) - &(&zt.column(k) * value);
            let off = off.dot(&off).sqrt() / (value * value.sqrt());
            assert!(off < 1e-4, "{dims}: component {k} off by {off}");
            // the loading that is largest is positive
            let loadings = train.t().dot(&zt.column(k));
            let top = loadings
                .iter()
                .fold(0f64, |top, x| if x.abs() > top.abs() { *x } else { top });
            assert!(top > 0.0);
        }
        // test rows are turned by the same loadings
        let loadings = train.t().dot(&zt.column(0)) / products[(0, 0)];
        let expected = all.dot(&loadings);
        let off = (&expected - &z.column(0)).mapv(f64::abs);
        assert!(off.iter().fold(0f64, |a, b| a.max(*b)) < 1e-3);
    }
}

#[test]
fn all_components_tell_what_the_layer_tells() {
    let data = synthetic(3, 4, 60, 8);
    let whole = probe(&data, &data.activations, Scaling::Standard);
    let z = shown(View::Pca(59), &data, Scaling::Standard);
    assert!(z.ncols() == 59);
    // the 60th component is all that is missing
    for (a, b) in whole.iter().zip(probe(&data, &z, Scaling::None)) {
        assert!(
            (a.accuracy - b.accuracy).abs() < 0.03,
            "{} {}",
            a.accuracy,
            b.accuracy
        );
        let (x, y) = (a.certificate.objective, b.certificate.objective);
        assert!(
            a.penalty != b.penalty || (x - y).abs() < 0.05 * x,
            "{x} {y}"
        );
    }
}

#[test]
fn random_projections_keep_distances_and_repeat() {
    let data = synthetic(3, 4, 700, 8);
    let z = shown(View::RandomProjection(400), &data, Scaling::Standard).mapv(f64::from);
    let x = scaled(&data);
    let (mut sum, mut count) = (0.0, 0.0);
    for i in (0..x.nrows()).step_by(9) {
        for j in (1..x.nrows()).step_by(7).filter(|j| *j != i) {
            let square = |m: &Array2<f64>| {
                let d = &m.row(i) - &m.row(j);
                d.dot(&d)
            };
            let ratio: f64 = square(&z) / square(&x);
            assert!((0.5..1.6).contains(&ratio), "{ratio}");
            sum += ratio;
            count += 1.0;
        }
    }
    assert!((sum / count - 1.0f64).abs() < 0.1, "{}", sum / count);
    let again = shown(View::RandomProjection(400), &data, Scaling::Standard);
    assert_eq!(again.mapv(f64::from), z);
    let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build();
    for view in [View::RandomProjection(9), View::Pca(9), View::Gap] {
        let run = |n: usize| {
            let pool = threads(n).unwrap();
            pool.install(|| shown(view, &data, Scaling::Standard))
        };
        assert_eq!(run(1), run(3), "{view}");
    }
}

#[test]
fn gaps_are_means_of_channels() {
    let data = synthetic(3, 2, 12, 8);
    let z = shown(View::Gap, &data, Scaling::Standard);
    assert_eq!(z.dim(), (data.activations.nrows(), 4));
    for (x, z) in data.activations.rows().into_iter().zip(z.rows()) {
        for (channel, z) in z.iter().enumerate() {
            let mean = x.iter().skip(3 * channel).take(3).sum::<f32>() / 3.0;
            assert!((mean - z).abs() < 1e-5);
        }
    }
    let show = |view: View, channels| {
        let values = data.activations.view();
        let key = StreamKey::from_seed(2);
        view.show("fc1", values, channels, &data.train, Scaling::Standard, key)
    };
    assert!(!View::Gap.applies(None) && View::Full.applies(None));
    assert!(show(View::Gap, None).is_err());
    assert!(show(View::Gap, Some(5)).is_err());
    for whole in [View::Full, View::Pca(12), View::RandomProjection(500)] {
        assert_eq!(show(whole, None).unwrap(), Viewed::Whole);
    }
}

/// The same activations in blocks of so many dimensions.
struct Blocks {
    shape: (usize, usize),
    each: usize,
    blocks: Vec<Vec<f32>>,
}

impl ActivationBlocks for Blocks {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    fn block_dims(&self) -> usize {
        self.each
    }

    fn block(&self, number: usize) -> &[f32] {
        &self.blocks[number]
    }

    fn release(&self, _: usize) {}
}

#[test]
fn blocks_show_the_same_bits() {
    // channels of 10 dimensions, with blocks that end within them and blocks
    // that hold several
    let data = synthetic(3, 3, 300, 8);
    let key = StreamKey::from_seed(2).derive("pool1");
    for each in [7, 64, 300] {
        let chunks = data.activations.axis_chunks_iter(Axis(1), each);
        let blocks = Blocks {
            shape: data.activations.dim(),
            each,
            blocks: chunks.map(|part| part.iter().copied().collect()).collect(),
        };
        for view in [
            View::Gap,
            View::Pca(5),
            View::RandomProjection(5),
            View::Full,
        ] {
            let (train, scaling) = (&data.train, Scaling::Standard);
            let whole = data.activations.view();
            let whole = view.show("pool1", whole, Some(30), train, scaling, key);
            let streamed = view.show_streamed("pool1", &blocks, Some(30), train, scaling, key);
            assert!(whole.unwrap() == streamed.unwrap(), "{view} by {each}");
        }
    }
}

#[test]
fn views_are_forecast_with_what_makes_them() {
    let work = Workload {
        stimuli: 9730,
        dims: 32_768,
        train: 3430,
        classes: &[7, 7, 7],
        penalties: &[1.0; 9],
        solver: Solver::Batched,
        extras: &Extras::default(),
        threads: 2,
    };
    let of = |views: &[View]| Forecast::of_views(&work, views, Some(32));
    assert_eq!(of(&[View::Full]), Forecast::of(&work));
    // eigenvectors of the Gram matrix take more than its probes
    assert!(of(&[View::Pca(64)]).streamed > Forecast::of(&work).streamed);
    let [gap, projected] = [View::Gap, View::RandomProjection(64)].map(|view| of(&[view]));
    assert!(gap.beside < Forecast::of(&work).beside / 2);
    assert_eq!(gap.matrix, projected.matrix);
    // one after the other, not all at once
    let all = of(&[View::Full, View::Gap, View::RandomProjection(64)]);
    assert_eq!(all.beside, Forecast::of(&work).beside);
    // a vector has no pixels to average over
    let vector = Forecast::of_views(&work, &[View::Gap], None);
    assert_eq!((vector.beside, vector.streamed), (0, 0));
}

#[test]
fn names_are_read_and_written() {
    for text in ["full", "gap", "pca:3", "rp:128"] {
        assert_eq!(text.parse::<View>().unwrap().to_string(), text);
    }
    for text in [
        "", "pca", "pca:", "pca:0", "pca:-1", "rp:x", "full:1", "umap:2",
    ] {
        let error = text.parse::<View>().unwrap_err().to_string();
        assert!(
            error.contains("there are full, gap, pca:K and rp:K"),
            "{error}"
        );
    }
}
