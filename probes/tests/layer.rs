//! Whole layers: what must not change a result, and what must.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    CheckedProbeParams, MultinomialProbe, ProbeOutcome, ProbeParams, Scaling, Solver, Status,
    fit_grid, probe_layer,
};
use layerprobe_streams::StreamKey;
use linfa::prelude::*;
use ndarray::{Array1, Array2, s};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn params(change: impl Fn(&mut ProbeParams)) -> CheckedProbeParams {
    let mut params = ProbeParams {
        penalties: vec![1e-2, 1.0, 1e2, 1e4],
        resamples: 200,
        ..ProbeParams::default()
    };
    change(&mut params);
    params.check().unwrap()
}

fn probe(data: &Synthetic, params: &CheckedProbeParams) -> Vec<ProbeOutcome> {
    probe_layer(
        "pool1",
        &data.data(),
        &data.train,
        &data.tasks(),
        params,
        &keys(),
    )
    .unwrap()
}

/// Equal choices and predictions, objectives within their tolerances.
fn assert_same_story(a: &[ProbeOutcome], b: &[ProbeOutcome]) {
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.penalty, b.penalty, "{}", a.feature);
        let (x, y) = (a.certificate.objective, b.certificate.objective);
        assert!((x - y).abs() <= 3e-6 * x, "{}: {x} {y}", a.feature);
        let differing = a
            .predictions
            .iter()
            .zip(&b.predictions)
            .filter(|(a, b)| a.predicted != b.predicted)
            .count();
        // a stimulus on a boundary may fall on either side
        assert!(
            differing <= 1.max(a.n_test / 200),
            "{}: {differing}",
            a.feature
        );
        assert!((a.cross_entropy - b.cross_entropy).abs() < 5e-3 * a.cross_entropy);
    }
}

/// Whether every fit that chooses the penalty is as close as it was to be, and says
/// that nothing proves it.
fn solved_as_asked(outcome: &ProbeOutcome) -> bool {
    let mut path = outcome.path.iter();
    path.all(|point| {
        point.status == Status::FixedBudget
            && point.certificate.relative_gap() <= outcome.selection_tolerance
    })
}

/// A random matrix with orthonormal rows, by Gram and Schmidt.
fn isometry(from: usize, to: usize) -> Array2<f64> {
    let mut stream = StreamKey::from_seed(11).at(0);
    let mut q = Array2::from_shape_fn((from, to), |_| stream.normal());
    for i in 0..from {
        for _ in 0..2 {
            for j in 0..i {
                let along = q.row(i).dot(&q.row(j));
                let other = q.row(j).to_owned();
                q.row_mut(i).scaled_add(-along, &other);
            }
        }
        let length = q.row(i).dot(&q.row(i)).sqrt();
        q.row_mut(i).mapv_inplace(|x| x / length);
    }
    q
}

fn mapped(data: Synthetic, by: &Array2<f64>) -> Synthetic {
    let activations = data.activations.mapv(f64::from).dot(by);
    Synthetic {
        activations: activations.mapv(|x| x as f32),
        ..data
    }
}

#[test]
fn every_number_is_there_and_consistent() {
    for dims in [40, 300] {
        let data = synthetic(3, 6, dims, 1);
        for outcome in probe(&data, &params(|_| ())) {
            assert_eq!(outcome.status, Status::Converged);
            assert!(outcome.certificate.relative_gap() <= 1e-6);
            assert!(solved_as_asked(&outcome));
            assert_eq!(outcome.path.len(), 4);
            assert_eq!(outcome.n_train, 162);
            assert_eq!(outcome.n_test, outcome.predictions.len());
            assert!(outcome.interval.lower <= outcome.accuracy);
            assert!(outcome.accuracy <= outcome.interval.upper);
            assert!((outcome.chance - 1.0 / 3.0).abs() < 0.05);
            let best = outcome.path.iter().map(|p| p.accuracy).fold(0.0, f64::max);
            let chosen = outcome.path.iter().find(|p| p.accuracy == best).unwrap();
            assert_eq!(chosen.penalty, outcome.penalty);
            // linfa's own confusion matrix agrees
            let label = |l: u32| l as usize;
            let predicted: Array1<usize> = outcome
                .predictions
                .iter()
                .map(|p| label(p.predicted))
                .collect();
            let truth: Array1<usize> = outcome.predictions.iter().map(|p| label(p.label)).collect();
            let confusion = predicted.confusion_matrix(&truth).unwrap();
            assert!((f64::from(confusion.accuracy()) - outcome.accuracy).abs() < 1e-6);
        }
    }
}

#[test]
fn a_penalty_at_the_edge_says_what_it_gains_over_the_next() {
    let data = synthetic(3, 6, 40, 1);
    let with = |penalties: &[f64]| {
        let params = params(|p| p.penalties = penalties.to_vec());
        probe(&data, &params)
    };
    // so large that nothing is read, with the best at the smaller end
    for outcome in with(&[1e2, 1e6, 1e7]) {
        let by_hand = match outcome.path.iter().map(|p| p.penalty).collect::<Vec<_>>()[..] {
            [first, ..] if outcome.penalty == first => {
                outcome.path[0].accuracy - outcome.path[1].accuracy
            }
            [.., last] if outcome.penalty == last => {
                outcome.path[2].accuracy - outcome.path[1].accuracy
            }
            _ => panic!("{} chose the middle", outcome.feature),
        };
        assert_eq!(outcome.edge_gain(), Some(by_hand), "{}", outcome.feature);
        let cost = |place: usize| outcome.path[place].cross_entropy;
        let nats = match outcome.penalty_by_cross_entropy {
            1e7 => cost(1) - cost(0),
            1e2 => cost(1) - cost(2),
            middle => panic!("{middle}"),
        };
        assert_eq!(outcome.edge_gain_in_nats(), Some(nats));
        assert!(nats >= 0.0, "{nats}");
    }
    for outcome in with(&[1e-2, 1.0, 1e2, 1e4]) {
        let at_edge = [1e-2, 1e4].contains(&outcome.penalty);
        assert_eq!(outcome.edge_gain().is_some(), at_edge);
    }
    assert!(with(&[1.0]).iter().all(|o| o.edge_gain().is_none()));
}

#[test]
fn a_strong_feature_is_read_and_an_absent_one_is_not() {
    let mut data = synthetic(3, 6, 60, 2);
    let mut stream = StreamKey::from_seed(5).at(0);
    let noise: Vec<u32> = (0..data.groups.len())
        .map(|_| stream.below(3) as u32)
        .collect();
    data.labels[2] = noise;
    let outcomes = probe(&data, &params(|_| ()));
    assert!(outcomes[0].accuracy > 0.9, "{}", outcomes[0].accuracy);
    assert!(outcomes[2].accuracy < 0.5, "{}", outcomes[2].accuracy);
}

#[test]
fn bits_do_not_depend_on_threads() {
    for dims in [40, 300] {
        let data = synthetic(3, 4, dims, 3);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| probe(&data, &params(|_| ())))
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(5));
    }
}

/// One penalty, solved so closely that two ways to it can be compared.
fn closely(exponent: f64, scaling: Scaling) -> CheckedProbeParams {
    params(|p| {
        p.penalties = vec![10f64.powf(exponent)];
        p.scaling = scaling;
        p.selection_tolerance = 1e-8;
        p.tolerance = 1e-8;
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(20),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn rotations_change_nothing_without_scaling(
        seed in 0u64..1000,
        dims in 3usize..60,
        more in 0usize..300,
        exponent in -2.0..3.0,
    ) {
        // where that makes more dimensions than stimuli, the Gram route is to
        // find what the primal route found
        let params = closely(exponent, Scaling::None);
        let plain = probe(&synthetic(3, 5, dims, seed), &params);
        let turned = mapped(synthetic(3, 5, dims, seed), &isometry(dims, dims + more));
        assert_same_story(&plain, &probe(&turned, &params));
    }

    #[test]
    fn a_dimension_given_twice_is_one_stretched(
        seed in 0u64..1000,
        dims in 3usize..250,
        place in 0usize..250,
        exponent in -2.0..3.0,
    ) {
        // w1 x + w2 x costs least at w1 = w2, which is one weight on sqrt(2) x
        let place = place % dims;
        let params = closely(exponent, Scaling::None);
        let data = synthetic(3, 5, dims, seed);
        let own = data.activations.column(place).to_owned();
        let mut stretched = synthetic(3, 5, dims, seed);
        let longer = own.mapv(|x| (f64::from(x) * 2f64.sqrt()) as f32);
        stretched.activations.column_mut(place).assign(&longer);
        let twice = ndarray::concatenate![
            ndarray::Axis(1),
            data.activations.view(),
            own.insert_axis(ndarray::Axis(1))
        ];
        let twice = Synthetic { activations: twice, ..data };
        assert_same_story(&probe(&stretched, &params), &probe(&twice, &params));
    }

    #[test]
    fn the_order_of_stimuli_changes_nothing(
        seed in 0u64..1000,
        dims in 3usize..250,
        exponent in -2.0..3.0,
    ) {
        let params = closely(exponent, Scaling::Standard);
        let plain = probe(&synthetic(3, 4, dims, seed), &params);
        let mut shuffled = synthetic(3, 4, dims, seed);
        StreamKey::from_seed(seed).at(0).shuffle(&mut shuffled.train);
        let found = probe(&shuffled, &params);
        assert_same_story(&plain, &found);
        prop_assert_eq!(plain[0].interval.n_clusters, found[0].interval.n_clusters);
    }
}

#[test]
fn copies_of_all_dimensions_act_as_a_smaller_penalty() {
    for dims in [25, 200] {
        let data = synthetic(3, 5, dims, 5);
        let once = probe(&data, &params(|p| p.penalties = vec![2.0]));
        let activations = ndarray::concatenate![
            ndarray::Axis(1),
            data.activations.view(),
            data.activations.view()
        ];
        let doubled = Synthetic {
            activations,
            ..data
        };
        let twice = probe(&doubled, &params(|p| p.penalties = vec![4.0]));
        for (a, b) in once.iter().zip(&twice) {
            let (x, y) = (a.certificate.objective, b.certificate.objective);
            assert!((x - y).abs() <= 3e-6 * x, "{x} {y}");
        }
    }
}

#[test]
fn constant_dimensions_change_no_bit() {
    for dims in [40, 300] {
        let data = synthetic(3, 4, dims, 6);
        // by channel, a floor depends on the mean over all dimensions
        let params = params(|p| p.scaling = Scaling::Standard);
        let plain = probe(&data, &params);
        let mut activations = Array2::from_elem((data.groups.len(), dims + 7), -3.5f32);
        activations
            .slice_mut(s![.., 2..dims + 2])
            .assign(&data.activations);
        let padded = Synthetic {
            activations,
            ..data
        };
        assert_eq!(plain, probe(&padded, &params));
    }
}

#[test]
fn both_solvers_reach_the_same_objective() {
    let data = synthetic(3, 4, 20, 8);
    let change = |solver| {
        params(|p| {
            p.penalties = vec![1.0, 100.0];
            p.solver = solver;
        })
    };
    let ours = probe(&data, &change(Solver::Batched));
    let theirs = probe(&data, &change(Solver::Linfa));
    assert_same_story(&ours, &theirs);
}

#[test]
fn dimensions_that_never_vary_leave_the_class_frequencies() {
    let mut data = synthetic(3, 3, 10, 9);
    data.activations.fill(0.25);
    for outcome in probe(&data, &params(|_| ())) {
        assert_eq!(outcome.status, Status::Degenerate);
        assert_eq!(outcome.accuracy, outcome.chance);
        assert!((outcome.cross_entropy - 3f64.ln()).abs() < 1e-6);
    }
}

#[test]
fn too_few_iterations_are_admitted() {
    for dims in [40, 300] {
        let data = synthetic(3, 4, dims, 10);
        let outcomes = probe(
            &data,
            &params(|p| {
                p.penalties = vec![1e-2];
                p.max_iterations = 1;
            }),
        );
        assert_eq!(outcomes[0].status, Status::MaxIterations);
        assert!(outcomes[0].certificate.relative_gap() > 1e-6);
    }
}

#[test]
fn small_penalties_are_proven_where_variances_span_what_singles_cannot_tell() {
    // as in a network that names something else: a few directions have ten million
    // times the variance of those that the labels must be told by
    let mut data = synthetic(4, 6, 500, 12);
    let mut stream = StreamKey::from_seed(13).at(0);
    let scale = |dim: usize| 160.0 * 10f64.powf(-10.5 * dim as f64 / 384.0);
    data.activations = Array2::from_shape_fn(data.activations.dim(), |(_, dim)| {
        (stream.normal() * scale(dim)) as f32
    });
    let params = params(|p| {
        p.penalties = vec![1e-3];
        p.scaling = Scaling::None;
    });
    for outcome in probe(&data, &params) {
        assert_eq!(outcome.status, Status::Converged, "{}", outcome.feature);
        assert!(outcome.certificate.relative_gap() <= 1e-6);
    }
    // fits by themselves are no less
    let all: Vec<&[u32]> = data.labels.iter().map(|l| &l[..data.train.len()]).collect();
    let alone = MultinomialProbe::params().scaling(Scaling::None);
    let rows = data.activations.slice(s![..data.train.len(), ..]);
    let fits = fit_grid(&alone, rows, &all, &[1.0, 1e-3]).unwrap();
    for fit in fits.iter().flatten() {
        assert_eq!(fit.status(), Status::Converged, "{:?}", fit.certificate());
        assert!(fit.certificate().gradient_norm.is_some());
    }
}

#[test]
fn tiny_penalties_and_wild_scales_stay_finite() {
    for factor in [1e-30f32, 1e30] {
        let mut data = synthetic(3, 3, 200, 11);
        data.activations.mapv_inplace(|x| x * factor);
        for outcome in probe(&data, &params(|p| p.penalties = vec![1e-9, 1e9])) {
            assert!(solved_as_asked(&outcome));
            assert!(outcome.cross_entropy.is_finite());
        }
    }
}
