//! Around the number: bits, further splits, controls and nulls.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    CheckedProbeParams, Extras, Instance, LayerData, LayerOutcome, ProbeError, ProbeOutcome,
    ProbeParams, ProbeTask, Refit, Repeats, Scaling, SplitKind, Status, measure_layer, null_maxima,
    permutation_p_value, probe_layer,
};
use layerprobe_streams::StreamKey;
use ndarray::Array2;

fn params() -> ProbeParams {
    ProbeParams {
        penalties: vec![1e-2, 1.0, 1e2, 1e4],
        resamples: 100,
        ..ProbeParams::default()
    }
}

fn try_to_measure(
    data: &Synthetic,
    params: &CheckedProbeParams,
    extras: &Extras,
) -> Result<LayerOutcome, ProbeError> {
    let (layer, tasks) = (data.data(), data.tasks());
    measure_layer("fc1", &layer, &data.train, &tasks, params, &keys(), extras)
}

fn measure(data: &Synthetic, extras: &Extras) -> LayerOutcome {
    try_to_measure(data, &params().check().unwrap(), extras).unwrap()
}

fn everything() -> Extras<'static> {
    let key = StreamKey::from_seed(9);
    Extras {
        log_probabilities: false,
        by_cross_entropy: true,
        seen_values: Some(key.derive("seen")),
        instance: Some(Instance {
            key: key.derive("instance"),
            labelings: 5,
        }),
        code: Some(Repeats {
            key: key.derive("code"),
            count: 2,
        }),
        permutations: Some(Repeats {
            key: key.derive("permutation"),
            count: 23,
        }),
        strata: None,
        nonlinear: None,
        ridge: &[],
    }
}

fn of_split(measured: &LayerOutcome, split: SplitKind) -> Vec<&ProbeOutcome> {
    let probes = measured.probes.iter();
    probes.filter(|probe| probe.split == split).collect()
}

#[test]
fn bits_come_from_the_penalty_that_cross_entropy_chose() {
    let extras = Extras {
        by_cross_entropy: true,
        ..Extras::default()
    };
    let mut differed = 0;
    for dims in [40, 300] {
        let data = synthetic(3, 6, dims, 1);
        let measured = measure(&data, &extras);
        for (outcome, task) in measured.probes.iter().zip(data.tasks()) {
            let bits = outcome.bits.unwrap();
            assert_eq!(bits.refit.penalty, outcome.penalty_by_cross_entropy);
            assert_eq!(bits.refit.status, Status::Converged);
            let information = bits.information;
            assert!(information.bits <= information.entropy);
            let nats = information.cross_entropy * std::f64::consts::LN_2;
            assert!((nats - bits.refit.cross_entropy).abs() < 1e-12);
            // the same fit by itself
            let alone = ProbeParams {
                penalties: vec![bits.refit.penalty],
                ..params()
            };
            let tasks = [ProbeTask { ..task }];
            let layer = data.data();
            let alone = alone.check().unwrap();
            let fit = probe_layer("fc1", &layer, &data.train, &tasks, &alone, &keys()).unwrap();
            let objective = fit[0].certificate.objective;
            assert!((bits.refit.certificate.objective - objective).abs() < 3e-6 * objective);
            assert!((bits.refit.cross_entropy - fit[0].cross_entropy).abs() < 2e-3);
            differed += usize::from(bits.refit.penalty != outcome.penalty);
        }
    }
    assert!(differed > 0, "no case in which the two choices differ");
}

#[test]
fn extras_leave_the_plain_outcome_as_it_is() {
    let data = synthetic(3, 6, 60, 2);
    let plain = measure(&data, &Extras::default());
    let mut more = measure(&data, &everything());
    more.probes.truncate(3);
    for outcome in &mut more.probes {
        assert_eq!(outcome.split, SplitKind::Given);
        outcome.bits = None;
    }
    assert_eq!(plain.probes, more.probes);
    assert!(plain.selectivity.is_empty());
}

#[test]
fn bits_of_all_parts_do_not_depend_on_threads() {
    for dims in [40, 300] {
        let data = synthetic(3, 4, dims, 3);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| measure(&data, &everything()))
        };
        assert_eq!(run(1), run(3));
    }
}

#[test]
fn further_splits_withhold_training_stimuli() {
    let data = synthetic(3, 6, 60, 4);
    let measured = measure(&data, &everything());
    for (split, n) in [(SplitKind::SeenValues, 5 * 6), (SplitKind::Instance, 27)] {
        let found = of_split(&measured, split);
        assert_eq!(found.len(), 3);
        let rows = |probe: &ProbeOutcome| probe.predictions.iter().map(|p| p.row).collect();
        let tested: Vec<usize> = rows(found[0]);
        assert_eq!(tested.len(), n);
        for probe in &found {
            assert_eq!(rows(probe), tested, "the same stimuli for every feature");
            assert_eq!(probe.n_train, 162 - n);
            if split == SplitKind::SeenValues {
                assert_eq!(probe.status, Status::Converged);
                assert!(probe.bits.is_some());
            } else {
                // fitted as closely as the controls beside it
                assert!(probe.certificate.relative_gap() < 1e-3);
                let given = of_split(&measured, SplitKind::Given);
                let own = given.iter().find(|g| g.feature == probe.feature).unwrap();
                assert_eq!(probe.penalty, own.penalty);
                assert!(probe.path.is_empty() && probe.bits.is_none());
            }
        }
        let mut groups: Vec<u32> = tested.iter().map(|&row| data.groups[row]).collect();
        groups.dedup();
        groups.sort_unstable();
        groups.dedup();
        let whole = split == SplitKind::SeenValues;
        assert_eq!(groups.len(), if whole { 5 } else { 27 });
        assert!(tested.iter().all(|row| data.train.contains(row)));
    }
}

#[test]
fn a_withheld_test_is_that_of_a_probe_on_the_rest() {
    // without scaling: else the two differ in the rows that set the scale
    let params = |penalties| ProbeParams {
        penalties,
        scaling: Scaling::None,
        tolerance: 1e-8,
        ..params()
    };
    for dims in [40, 300] {
        let data = synthetic(3, 6, dims, 5);
        let all = params(vec![1e-2, 1.0, 1e2]).check().unwrap();
        let measured = try_to_measure(&data, &all, &everything()).unwrap();
        for split in [SplitKind::SeenValues, SplitKind::Instance] {
            for (probe, task) in of_split(&measured, split).iter().zip(data.tasks()) {
                let test: Vec<usize> = probe.predictions.iter().map(|p| p.row).collect();
                let mut rest = data.train.clone();
                rest.retain(|row| !test.contains(row));
                let task = [ProbeTask {
                    test: &test,
                    ..task
                }];
                let one = params(vec![probe.penalty]).check().unwrap();
                let alone =
                    &probe_layer("fc1", &data.data(), &rest, &task, &one, &keys()).unwrap()[0];
                let objective = alone.certificate.objective;
                let off = probe.certificate.objective - objective;
                // on other exemplars, a fit is no closer than fits that are compared
                let (gap, apart) = match split {
                    SplitKind::Instance => (1e-3, 0.05),
                    _ => (1e-6, 1e-3),
                };
                assert!(
                    off.abs() < gap * objective,
                    "{split:?}: {off} of {objective}"
                );
                let apart_by = probe.cross_entropy - alone.cross_entropy;
                assert!(apart_by.abs() < apart, "{split:?}: {apart_by}");
            }
        }
    }
}

/// A signature for each combination, and one dimension for the first feature.
fn signatures(strength: f64, feature: f64) -> Synthetic {
    let mut data = synthetic(3, 8, 120, 6);
    let key = StreamKey::from_seed(12);
    data.activations = Array2::from_shape_fn((data.groups.len(), 120), |(row, dim)| {
        let group = u64::from(data.groups[row]);
        let own = key.derive(&dim.to_string()).at(group).normal();
        let noise = key.derive("noise").at((row * 120 + dim) as u64).normal();
        let told = match dim {
            0..3 if data.labels[0][row] == dim as u32 => feature,
            _ => 0.0,
        };
        (strength * own + told + 0.3 * noise) as f32
    });
    data
}

#[test]
fn selectivity_tells_reading_from_memorizing() {
    // combinations known by heart: a random label is read as well as the feature
    let by_heart = measure(&signatures(1.0, 0.0), &everything());
    assert!(of_split(&by_heart, SplitKind::Instance)[0].accuracy > 0.95);
    assert!(by_heart.selectivity[0].mean.abs() < 0.05);
    // a feature alone: random labels cannot be read from it
    let read = measure(&signatures(0.0, 2.0), &everything());
    let selectivity = &read.selectivity[0];
    let real = of_split(&read, SplitKind::Instance)[0];
    assert!(real.accuracy > 0.95);
    assert!(selectivity.mean > 0.3, "{selectivity:?}");
    assert_eq!(selectivity.controls.len(), 5);
    assert_eq!(real.certificate.gradient_norm, None);
    assert!(read.probes[0].certificate.gradient_norm.is_some());
    let differences: Vec<f64> = selectivity
        .controls
        .iter()
        .map(|control| real.accuracy - control.accuracy)
        .collect();
    let mean = differences.iter().sum::<f64>() / 5.0;
    assert!((selectivity.mean - mean).abs() < 1e-12);
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 4.0;
    assert!((selectivity.deviation - variance.sqrt()).abs() < 1e-12);
    assert!(differences.contains(&selectivity.lowest));
    assert!(differences.contains(&selectivity.highest));
    for control in &selectivity.controls {
        assert_eq!(control.penalty, real.penalty);
        assert!(matches!(
            control.status,
            Status::Converged | Status::FixedBudget
        ));
        assert!(control.certificate.relative_gap() < 1e-2);
        // over a Gram matrix there is no gradient to tell of
        assert_eq!(control.certificate.gradient_norm, None);
    }
}

#[test]
fn what_cannot_be_controlled_is_refused() {
    let params = params().check().unwrap();
    // found before the layer is looked at
    let unread = |mut data: Synthetic| {
        data.activations.fill(f32::NAN);
        data
    };
    let data = unread(synthetic(3, 1, 20, 7));
    let error = try_to_measure(&data, &params, &everything()).unwrap_err();
    assert!(matches!(error, ProbeError::NoExemplars), "{error}");
    let mut data = unread(synthetic(3, 6, 20, 7));
    let last = data.labels[0].len() - 1;
    data.labels[0][last] = (data.labels[0][last] + 1) % 3;
    let permuted = Extras {
        permutations: everything().permutations,
        ..Extras::default()
    };
    let error = try_to_measure(&data, &params, &permuted).unwrap_err();
    assert!(
        error.to_string().contains("feature shape: group 53"),
        "{error}"
    );
    let strata = [0; 3];
    let stratified = Extras {
        strata: Some(&strata),
        ..permuted
    };
    let error = try_to_measure(&data, &params, &stratified).unwrap_err();
    assert!(error.to_string().contains("strata: 3 where"), "{error}");
    let mut data = unread(synthetic(3, 6, 20, 7));
    data.labels[1][0] = (data.labels[1][0] + 1) % 3;
    let error = try_to_measure(&data, &params, &everything()).unwrap_err();
    assert!(
        error.to_string().contains("feature texture: group 0"),
        "{error}"
    );
}

#[test]
fn codes_are_short_for_what_is_read_early() {
    let measured = measure(&signatures(0.0, 2.0), &everything());
    let [read, absent] = [&measured.codes[0], &measured.codes[2]];
    assert!(read.compression() > 1.6, "{}", read.compression());
    // a mixture of 1e-3 and a cautious first penalty cost next to nothing
    assert!(
        (0.8..1.02).contains(&absent.compression()),
        "{}",
        absent.compression()
    );
    for code in &measured.codes {
        assert_eq!(code.labels, 27 * 8);
        assert!((code.uniform_bits - 216.0 * 3f64.log2()).abs() < 1e-9);
        assert_eq!(code.orders.len(), 2);
        assert_ne!(code.orders[0], code.orders[1]);
        let (least, most) = code.range();
        assert!(least <= code.bits() && code.bits() <= most);
        for order in &code.orders {
            let sent: usize = order.blocks.iter().map(|block| block.n_test).sum();
            assert_eq!(order.first + sent, code.labels);
            assert_eq!(order.blocks[0].n_train, order.first);
            let bits: f64 = order.blocks.iter().map(|block| block.bits).sum();
            assert!((order.first as f64 * 3f64.log2() + bits - order.bits).abs() < 1e-9);
        }
    }
    // the loss falls along the curve
    let blocks = &read.orders[0].blocks;
    assert!(blocks.last().unwrap().cross_entropy() < 0.5 * blocks[0].cross_entropy());
}

#[test]
fn what_is_read_is_beyond_the_null_and_what_is_not_is_within() {
    let measured = measure(&signatures(0.0, 2.0), &everything());
    let family: Vec<Vec<f64>> = measured
        .nulls
        .iter()
        .map(|null| null.fits.iter().map(|fit| fit.accuracy).collect())
        .collect();
    assert!(family.iter().all(|null| null.len() == 23));
    let maxima = null_maxima(&family).unwrap();
    let p = |feature: usize| permutation_p_value(measured.probes[feature].accuracy, &maxima);
    assert_eq!(p(0), 1.0 / 24.0);
    assert!(p(1) > 0.1 && p(2) > 0.1, "{} {}", p(1), p(2));
    for (null, probe) in measured.nulls.iter().zip(&measured.probes) {
        assert!(null.fits.iter().all(|fit| fit.penalty == probe.penalty));
        let mean = null.fits.iter().map(|fit| fit.accuracy).sum::<f64>() / 23.0;
        assert!((mean - 1.0 / 3.0).abs() < 0.08, "{mean}");
        let surest = probe.penalty_by_cross_entropy;
        assert_eq!(null.fits_for_bits.len(), 23);
        let for_bits: Vec<Refit> = null.fits_for_bits.iter().map(|bits| bits.refit).collect();
        assert!(for_bits.iter().all(|fit| fit.penalty == surest));
        // where both chose the same penalty, it is the same fit
        assert!(surest != probe.penalty || null.fits == for_bits);
    }
    let differs = |probe: &ProbeOutcome| probe.penalty != probe.penalty_by_cross_entropy;
    assert!(measured.probes[..3].iter().any(differs));
}

#[test]
fn permutations_are_the_same_for_every_layer() {
    // the first feature's probe of a layer that is nothing but its labels
    // answers with the permuted labels: equal over layers if those are
    let told = |scale: f32| {
        let mut data = signatures(0.0, 2.0);
        for (row, mut x) in data.activations.rows_mut().into_iter().enumerate() {
            x.fill(0.0);
            x[data.labels[0][row] as usize] = scale;
        }
        let nulls = measure(&data, &everything()).nulls;
        nulls[0]
            .fits
            .iter()
            .map(|fit| fit.accuracy)
            .collect::<Vec<_>>()
    };
    let first = told(1.0);
    assert_eq!(first, told(4.0));
    assert!(first.iter().any(|accuracy| *accuracy != first[0]));
}

#[test]
fn a_channel_has_one_scale_whatever_it_is() {
    let params = ProbeParams {
        scaling: Scaling::Channel,
        ..params()
    };
    let params = params.check().unwrap();
    let probe = |data: &Synthetic, channels: Option<usize>| {
        let layer = LayerData {
            channels,
            ..data.data()
        };
        let tasks = data.tasks();
        let extras = Extras::default();
        measure_layer(
            "pool1",
            &layer,
            &data.train,
            &tasks,
            &params,
            &keys(),
            &extras,
        )
    };
    for dims in [40, 300] {
        let data = synthetic(3, 6, dims, 8);
        let plain = probe(&data, Some(dims / 10)).unwrap();
        let mut louder = synthetic(3, 6, dims, 8);
        // powers of two: exact
        for (dim, mut x) in louder.activations.columns_mut().into_iter().enumerate() {
            x *= [1.0, 64.0, 0.125][dim / 10 % 3];
        }
        assert_eq!(plain, probe(&louder, Some(dims / 10)).unwrap());
        assert_ne!(plain, probe(&data, None).unwrap());
        let error = probe(&data, Some(7)).unwrap_err().to_string();
        assert!(error.contains("do not divide into 7 channels"), "{error}");
    }
}

#[test]
fn a_dead_unit_that_wakes_in_the_test_is_not_believed() {
    // off in training but for one stimulus by a hair, on in the test
    let mut data = synthetic(3, 6, 30, 9);
    let test = data.groups.len() / 2;
    for row in 0..data.groups.len() {
        data.activations[[row, 7]] = match row {
            _ if row == data.train[0] => 1e-5,
            _ if row >= test => 1.0,
            _ => 0.0,
        };
    }
    let loss = |scaling| {
        let params = ProbeParams {
            scaling,
            penalties: vec![1.0],
            ..params()
        };
        let params = params.check().unwrap();
        try_to_measure(&data, &params, &Extras::default())
            .unwrap()
            .probes[0]
            .cross_entropy
    };
    assert!(loss(Scaling::Channel) < 0.2 * loss(Scaling::Standard));
}
