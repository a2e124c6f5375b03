//! Permuted labels: what they keep, and what they are measured by.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    Extras, LayerOutcome, ProbeParams, Repeats, measure_layer, permutation_p_value,
};
use layerprobe_streams::StreamKey;
use ndarray::Array2;

fn permuted() -> Extras<'static> {
    Extras {
        permutations: Some(Repeats {
            key: StreamKey::from_seed(9).derive("permutation"),
            count: 23,
        }),
        ..Extras::default()
    }
}

/// Of the first feature alone.
fn measure(data: &Synthetic, extras: &Extras<'_>) -> LayerOutcome {
    let params = ProbeParams {
        penalties: vec![1e-2, 1.0, 1e2, 1e4],
        resamples: 100,
        ..ProbeParams::default()
    };
    let (layer, tasks) = (data.data(), &data.tasks()[..1]);
    let params = params.check().unwrap();
    measure_layer("fc1", &layer, &data.train, tasks, &params, &keys(), extras).unwrap()
}

/// Accuracies of permuted labels of the first feature, and its own.
fn null_of(data: &Synthetic, strata: Option<&[u32]>) -> (Vec<f64>, f64) {
    let extras = Extras {
        strata,
        ..permuted()
    };
    let found = measure(data, &extras);
    let fits = found.nulls[0].fits.iter();
    (
        fits.map(|fit| fit.accuracy).collect(),
        found.probes[0].accuracy,
    )
}

#[test]
fn within_strata_what_a_probe_reads_of_them_is_chance() {
    // a layer that has nothing but the second feature, which the first mostly follows
    let mut data = synthetic(3, 8, 120, 6);
    let strata = data.labels[1].clone();
    let mut noise = StreamKey::from_seed(12).at(0);
    for (row, mut x) in data.activations.rows_mut().into_iter().enumerate() {
        x.mapv_inplace(|_| (0.3 * noise.normal()) as f32);
        x[strata[row] as usize] += 2.0;
        if data.labels[0][row] < 2 {
            data.labels[0][row] = strata[row];
        } else {
            data.labels[0][row] = data.labels[2][row];
        }
    }
    let mean = |null: &[f64]| null.iter().sum::<f64>() / null.len() as f64;
    let (plain, accuracy) = null_of(&data, None);
    assert!(accuracy > 0.65, "{accuracy}");
    assert!(mean(&plain) < 0.45, "{plain:?}");
    assert_eq!(permutation_p_value(accuracy, &plain), 1.0 / 24.0);
    let (within, same) = null_of(&data, Some(&strata));
    assert_eq!(same, accuracy);
    assert!(mean(&within) > 0.6, "{within:?}");
    assert!(permutation_p_value(accuracy, &within) > 1.0 / 24.0);
}

#[test]
fn a_permutation_has_its_own_entropy_where_groups_differ_in_size() {
    // 60 groups of 1 or 9 stimuli; the last 20 test
    let sizes = (0..60u32).map(|group| if group % 4 == 0 { 9 } else { 1 });
    let groups: Vec<u32> = (0..60)
        .zip(sizes)
        .flat_map(|(group, size)| vec![group; size])
        .collect();
    let labels: Vec<u32> = groups.iter().map(|group| group / 2 % 2).collect();
    let rows = 0..groups.len();
    let (test, train): (Vec<usize>, Vec<usize>) = rows.partition(|&row| groups[row] >= 40);
    let mut noise = StreamKey::from_seed(3).at(0);
    let activations = Array2::from_shape_fn((groups.len(), 8), |_| noise.normal() as f32);
    let data = Synthetic {
        activations,
        groups,
        labels: vec![labels],
        train,
        tests: vec![test],
        classes: 2,
    };
    let extras = Extras {
        by_cross_entropy: true,
        ..permuted()
    };
    let nulls = measure(&data, &extras).nulls;
    let mut entropies: Vec<f64> = Vec::new();
    for bits in &nulls[0].fits_for_bits {
        let found = bits.information;
        let nats = found.cross_entropy * std::f64::consts::LN_2;
        assert!((nats - bits.refit.cross_entropy).abs() < 1e-12);
        assert_eq!(found.bits, found.entropy - found.cross_entropy);
        entropies.push(found.entropy);
    }
    entropies.sort_by(f64::total_cmp);
    entropies.dedup();
    assert!(entropies.len() > 5, "{entropies:?}");
}
