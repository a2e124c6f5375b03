//! Probes with a hidden layer, beside linear ones.
#![allow(clippy::unwrap_used)]

use layerprobe_probes::{
    Extras, LayerData, LayerOutcome, ProbeKeys, ProbeParams, ProbeTask, Repeats, Selection,
    measure_layer,
};
use layerprobe_streams::StreamKey;
use ndarray::Array2;

/// 300 combinations of 4 stimuli; `plain` is the sign of dimension 0, `xor`
/// whether dimensions 0 and 1 have the same.
fn measured(threads: usize, seeds: usize) -> LayerOutcome {
    let groups: Vec<u32> = (0..1200).map(|row| row / 4).collect();
    let mut noise = StreamKey::from_seed(0).at(0);
    let activations = Array2::from_shape_fn((1200, 4), |(row, dim)| {
        let sign = match dim {
            0 | 1 => f64::from(groups[row] >> dim & 1) * 2.0 - 1.0,
            // never varies
            2 => 0.0,
            _ => noise.normal(),
        };
        (sign + if dim == 2 { 5.0 } else { 0.3 * noise.normal() }) as f32
    });
    let plain: Vec<u32> = groups.iter().map(|group| group & 1).collect();
    let xor: Vec<u32> = groups
        .iter()
        .map(|group| (group ^ group >> 1) & 1)
        .collect();
    let (train, test): (Vec<usize>, Vec<usize>) = ((0..900).collect(), (900..1200).collect());
    let tasks = [("plain", &plain), ("xor", &xor)].map(|(feature, labels)| ProbeTask {
        feature,
        classes: 2,
        labels,
        test: &test,
    });
    let data = LayerData {
        activations: activations.view(),
        groups: &groups,
        selection: Selection::Drawn,
        channels: None,
    };
    let key = StreamKey::from_seed(1);
    let extras = Extras {
        nonlinear: Some(Repeats {
            key: key.derive("nonlinear"),
            count: seeds,
        }),
        ..Extras::default()
    };
    let keys = ProbeKeys {
        selection: key.derive("selection"),
        bootstrap: key.derive("bootstrap"),
    };
    let params = ProbeParams {
        penalties: vec![1.0],
        ..ProbeParams::default()
    };
    let params = params.check().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build()
        .unwrap()
        .install(|| measure_layer("fc1", &data, &train, &tasks, &params, &keys, &extras))
        .unwrap()
}

#[test]
fn a_hidden_layer_reads_what_no_line_separates() {
    let found = measured(1, 3);
    let linear = |feature: &str| found.probes.iter().find(|p| p.feature == feature).unwrap();
    assert!(linear("plain").accuracy > 0.75);
    assert!(linear("xor").accuracy < 0.7, "{}", linear("xor").accuracy);
    assert_eq!(found.nonlinear.len(), 2);
    for (probes, feature) in found.nonlinear.iter().zip(["plain", "xor"]) {
        assert_eq!(probes.feature, feature);
        assert_eq!((probes.n_train, probes.n_test), (720, 300));
        assert_eq!(probes.fits.len(), 3);
        let (lowest, highest) = probes.range();
        assert!(lowest <= probes.mean() && probes.mean() <= highest);
        assert!(lowest > 0.8, "{probes:?}");
        for fit in &probes.fits {
            // 720 stimuli are 12 batches of 64
            assert!(fit.iterations % 12 == 0 && (12..=480).contains(&fit.iterations));
            assert!(fit.selection_accuracy > 0.8);
        }
    }
}

#[test]
fn neither_threads_nor_further_seeds_change_a_seed() {
    let few = measured(1, 2);
    let more = measured(3, 3);
    for (few, more) in few.nonlinear.iter().zip(&more.nonlinear) {
        assert_eq!(few.fits, more.fits[..2]);
    }
}
