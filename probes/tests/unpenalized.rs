//! Fits without a penalty: against scikit-learn and linear programming
//! (`tests/golden/probes_unpenalized.py`), and against what can be counted.
#![allow(clippy::unwrap_used)]

mod common;

use common::{keys, synthetic};
use layerprobe_probes::{Extras, Repeats};
use layerprobe_probes::{
    FittedProbe, MultinomialProbe, ProbeError, ProbeParams, RidgeTask, Scaling, Solver, Status,
    fit_grid, measure_layer, probe_layer,
};
use layerprobe_streams::StreamKey;
use ndarray::Array2;
use serde_json::Value;

struct Case {
    name: String,
    x: Array2<f32>,
    y: Vec<u32>,
    separable: bool,
    objective: f64,
    probabilities: Vec<f64>,
    coefficients: Vec<f64>,
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array();
    list.map_or_else(Vec::new, |list| {
        list.iter().filter_map(Value::as_f64).collect()
    })
}

fn cases() -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/probes_unpenalized.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let of = |case: &Value| {
        let y: Vec<u32> = numbers(&case["y"]).iter().map(|&y| y as u32).collect();
        let x = numbers(&case["x"])
            .iter()
            .map(|x| (x / 64.0) as f32)
            .collect();
        let dims = case["dims"].as_u64().unwrap() as usize;
        Case {
            name: case["name"].as_str().unwrap().to_owned(),
            x: Array2::from_shape_vec((y.len(), dims), x).unwrap(),
            y,
            separable: case["separable"].as_bool().unwrap(),
            objective: case["objective"].as_f64().unwrap_or(0.0),
            probabilities: numbers(&case["probabilities"]),
            coefficients: numbers(&case["coefficients"]),
        }
    };
    all.as_array().unwrap().iter().map(of).collect()
}

fn fit_scaled(x: &Array2<f32>, y: &[u32], scaling: Scaling, tolerance: f64) -> FittedProbe {
    let params = MultinomialProbe::params()
        .scaling(scaling)
        .tolerance(tolerance);
    let grid = fit_grid(&params, x.view(), &[y], &[0.0]).unwrap();
    grid[0][0].clone()
}

fn fit(x: &Array2<f32>, y: &[u32]) -> FittedProbe {
    fit_scaled(x, y, Scaling::Standard, 1e-6)
}

fn furthest(found: impl IntoIterator<Item = f64>, expected: &[f64]) -> f64 {
    let apart = found.into_iter().zip(expected).map(|(x, y)| (x - y).abs());
    apart.fold(0.0, f64::max)
}

/// Cross-entropy of all rows.
fn loss(fit: &FittedProbe, x: &Array2<f32>, y: &[u32]) -> f64 {
    let logs = fit.log_probabilities(x.view());
    let rows = y.iter().enumerate();
    rows.map(|(row, &label)| -logs[[row, label as usize]]).sum()
}

#[test]
fn what_can_be_separated_is_said_to_be() {
    for case in &cases() {
        let fitted = fit(&case.x, &case.y);
        let expected = match case.separable {
            true => Status::Separable,
            false => Status::Converged,
        };
        let certificate = fitted.certificate();
        assert_eq!(fitted.status(), expected, "{}: {certificate:?}", case.name);
    }
}

#[test]
fn objectives_probabilities_and_coefficients_are_those_of_scikit_learn() {
    let cases = cases();
    let solvable: Vec<&Case> = cases.iter().filter(|case| !case.separable).collect();
    assert_eq!(solvable.len(), 8);
    for case in solvable {
        let name = &case.name;
        let fitted = fit_scaled(&case.x, &case.y, Scaling::Standard, 1e-10);
        let certificate = fitted.certificate();
        let excess = certificate.objective - case.objective;
        // standardized entries are rounded to singles
        let slack = 1e-6 * case.objective;
        assert!(excess.abs() <= slack + certificate.gap, "{name}: {excess}");
        let found = fitted.log_probabilities(case.x.view()).mapv(f64::exp);
        let off = furthest(found, &case.probabilities);
        assert!(off < 1e-5, "{name}: a probability is off by {off}");
        let classes = fitted.intercept().len();
        let mut deviations = case.x.mapv(f64::from).std_axis(ndarray::Axis(0), 0.0);
        deviations.mapv_inplace(|s| s.max(1e-300));
        let standardized = fitted.weights() * &deviations.insert_axis(ndarray::Axis(1));
        let off = furthest(standardized, &case.coefficients);
        let largest = furthest(
            case.coefficients.iter().copied(),
            &vec![0.0; 1000 * classes],
        );
        assert!(
            off < 2e-5 * largest,
            "{name}: a coefficient is off by {off}"
        );
    }
}

#[test]
fn the_gap_reaches_below_the_optimum_and_not_far() {
    for case in cases().iter().filter(|case| !case.separable) {
        // stopped early, the gap has something to say
        for iterations in 1..6 {
            let params = MultinomialProbe::params()
                .max_iterations(iterations)
                .tolerance(1e-3);
            let grid = fit_grid(&params, case.x.view(), &[&case.y], &[0.0]).unwrap();
            let certificate = grid[0][0].certificate();
            let excess = certificate.objective - case.objective;
            let slack = 1e-6 * case.objective;
            let name = &case.name;
            assert!(excess >= -slack, "{name}: {excess} below the optimum");
            assert!(
                certificate.gap >= excess - slack,
                "{name}: {certificate:?}, {excess}"
            );
            let proven = grid[0][0].status() == Status::Converged;
            assert_eq!(proven, certificate.relative_gap() <= 1e-3, "{name}");
        }
    }
}

#[test]
fn scaling_makes_no_difference_where_dimensions_are_independent() {
    for case in cases() {
        if case.separable || case.x.ncols() > 6 || case.name == "duplicated_dimensions" {
            continue;
        }
        for scaling in [Scaling::None, Scaling::Channel] {
            let other = fit_scaled(&case.x, &case.y, scaling, 1e-10);
            assert_eq!(other.status(), Status::Converged, "{}", case.name);
            let found = other.log_probabilities(case.x.view()).mapv(f64::exp);
            let off = furthest(found, &case.probabilities);
            assert!(off < 1e-4, "{}: a probability is off by {off}", case.name);
        }
    }
}

#[test]
fn a_separable_fit_is_that_of_the_smallest_usual_penalty() {
    for case in cases().iter().filter(|case| case.separable) {
        let params = MultinomialProbe::params();
        let grid = fit_grid(&params, case.x.view(), &[&case.y], &[0.0, 10.0, 1e-3]).unwrap();
        let [free, strong, anchor] = [&grid[0][0], &grid[0][1], &grid[0][2]];
        assert_eq!(free.status(), Status::Separable, "{}", case.name);
        assert_eq!(anchor.status(), Status::Converged, "{}", case.name);
        let off = furthest(
            free.weights().iter().copied(),
            anchor.weights().as_slice().unwrap(),
        );
        assert!(off < 1e-9, "{}: {off}", case.name);
        assert!(
            furthest(
                free.weights().iter().copied(),
                strong.weights().as_slice().unwrap()
            ) > off
        );
        // an honest objective: cross-entropy alone, and nothing below it but 0
        let own = loss(free, &case.x, &case.y);
        let certificate = free.certificate();
        assert!(
            (certificate.objective - own).abs() < 1e-5 * own,
            "{}",
            case.name
        );
        assert_eq!(certificate.gap, certificate.objective, "{}", case.name);
        // and whatever stands beside it in the list
        let alone = fit(&case.x, &case.y);
        let off = furthest(
            free.weights().iter().copied(),
            alone.weights().as_slice().unwrap(),
        );
        let largest = furthest(free.weights().iter().copied(), &vec![0.0; 1000]);
        // both within 1e-6 of one objective
        assert!(off < 1e-2 * largest, "{}: {off} of {largest}", case.name);
    }
}

/// Dimensions that say which of a few places a row is at: the optimum is each
/// place's own class frequencies.
#[test]
fn places_alone_reach_their_class_frequencies() {
    let counts: [&[u32]; 3] = [&[3, 1, 2], &[1, 5, 1], &[2, 2, 7]];
    let (mut x, mut y, mut entropy) = (Vec::new(), Vec::new(), 0.0);
    for (place, counts) in counts.iter().enumerate() {
        let total: u32 = counts.iter().sum();
        for (class, &count) in counts.iter().enumerate() {
            for _ in 0..count {
                x.extend((1..3).map(|other| f32::from(u8::from(other == place))));
                y.push(class as u32);
            }
            entropy -= f64::from(count) * (f64::from(count) / f64::from(total)).ln();
        }
    }
    let x = Array2::from_shape_vec((y.len(), 2), x).unwrap();
    let fitted = fit_scaled(&x, &y, Scaling::Standard, 1e-12);
    assert_eq!(fitted.status(), Status::Converged);
    assert!((fitted.certificate().objective - entropy).abs() < 1e-5);
    // a class that one place does not have is beyond every weight
    let keep: Vec<usize> = (0..y.len())
        .filter(|&row| !(x[[row, 0]] == 1.0 && y[row] == 2))
        .collect();
    let less = x.select(ndarray::Axis(0), &keep);
    let labels: Vec<u32> = keep.iter().map(|&row| y[row]).collect();
    assert_eq!(fit(&less, &labels).status(), Status::Separable);
}

/// Points of the plane on a small grid: whether a line between two of them has
/// no point of either class on the wrong side can be tried out.
#[test]
fn every_line_through_two_points_agrees() {
    let key = StreamKey::from_seed(3);
    let mut seen = [0; 2];
    for number in 0..300 {
        let mut stream = key.at(number);
        let n = 4 + (stream.next_u64() % 6) as usize;
        let mut point = || [0, 1].map(|_| (stream.next_u64() % 4) as i64);
        let points: Vec<[i64; 2]> = (0..n).map(|_| point()).collect();
        let labels: Vec<u32> = (0..n)
            .map(|row| match row {
                0 | 1 => row as u32,
                _ => (stream.next_u64() % 2) as u32,
            })
            .collect();
        let side = |a: [i64; 2], b: [i64; 2], p: [i64; 2]| {
            (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
        };
        let flat = points
            .iter()
            .all(|&p| points.iter().all(|&q| side(points[0], p, q) == 0));
        if flat {
            continue;
        }
        let separable = points.iter().any(|&a| {
            points.iter().any(|&b| {
                let of = |class: u32| {
                    let own = points
                        .iter()
                        .zip(&labels)
                        .filter(move |(_, l)| **l == class);
                    own.map(|(&p, _)| side(a, b, p)).collect::<Vec<i64>>()
                };
                let (zero, one) = (of(0), of(1));
                let some = zero.iter().chain(&one).any(|&s| s != 0);
                some && zero.iter().all(|&s| s <= 0) && one.iter().all(|&s| s >= 0)
            })
        });
        let x = Array2::from_shape_fn((n, 2), |(i, j)| points[i][j] as f32);
        let status = fit(&x, &labels).status();
        let expected = match separable {
            true => Status::Separable,
            false => Status::Converged,
        };
        assert_eq!(status, expected, "{points:?} {labels:?}");
        seen[usize::from(separable)] += 1;
    }
    assert!(seen.iter().all(|&count| count > 40), "{seen:?}");
}

#[test]
fn a_layer_may_choose_among_penalties_with_0() {
    for solver in [Solver::Batched, Solver::Linfa] {
        let data = synthetic(3, 6, 12, 4);
        let params = |penalties: Vec<f64>| {
            let default = ProbeParams::default();
            ProbeParams {
                penalties,
                solver,
                resamples: 50,
                ..default
            }
            .check()
            .unwrap()
        };
        let probe = |penalties| {
            probe_layer(
                "fc1",
                &data.data(),
                &data.train,
                &data.tasks(),
                &params(penalties),
                &keys(),
            )
            .unwrap()
        };
        for outcome in probe(vec![0.0]) {
            let feature = &outcome.feature;
            assert_eq!(outcome.penalty, 0.0);
            assert_eq!(outcome.path.len(), 1);
            assert_ne!(
                outcome.status,
                Status::MaxIterations,
                "{feature}: {:?} {:?}",
                outcome.certificate,
                outcome.iterations
            );
            assert!(outcome.cross_entropy.is_finite());
            assert!(outcome.certificate.gap >= 0.0);
        }
        for outcome in probe(vec![10.0, 0.0, 1e-3]) {
            let along: Vec<f64> = outcome.path.iter().map(|point| point.penalty).collect();
            assert_eq!(along, [10.0, 1e-3, 0.0]);
            let [_, anchor, free] = &outcome.path[..] else {
                unreachable!()
            };
            if free.status == Status::Separable {
                // the same decoder, so that the larger penalty goes first
                assert_eq!(free.accuracy, anchor.accuracy);
                assert_ne!(outcome.penalty, 0.0);
            }
        }
    }
}

#[test]
fn wide_layers_are_separable_without_a_penalty() {
    let data = synthetic(3, 3, 300, 5);
    let params = ProbeParams {
        penalties: vec![0.0],
        resamples: 50,
        ..ProbeParams::default()
    };
    let params = params.check().unwrap();
    let extras = Extras {
        by_cross_entropy: true,
        permutations: Some(Repeats {
            key: StreamKey::from_seed(1),
            count: 2,
        }),
        ..Extras::default()
    };
    let found = measure_layer(
        "conv",
        &data.data(),
        &data.train,
        &data.tasks(),
        &params,
        &keys(),
        &extras,
    )
    .unwrap();
    for outcome in &found.probes {
        assert_eq!(outcome.status, Status::Separable);
        assert!(
            outcome
                .path
                .iter()
                .all(|point| point.status == Status::Separable)
        );
        assert!(outcome.accuracy > outcome.chance);
        assert_eq!(outcome.bits.unwrap().refit.status, Status::Separable);
    }
    let nulls = found.nulls.iter().flat_map(|null| &null.fits);
    assert!(nulls.clone().count() > 0);
    assert!(nulls.clone().all(|fit| fit.status == Status::Separable));
}

#[test]
fn dimensions_that_never_vary_are_exact_without_a_penalty_too() {
    let x = Array2::from_elem((6, 2), 0.5f32);
    let fitted = fit(&x, &[0, 1, 0, 1, 0, 0]);
    assert_eq!(fitted.status(), Status::Degenerate);
    let entropy = -(4.0 * (4.0f64 / 6.0).ln() + 2.0 * (2.0f64 / 6.0).ln());
    assert!((fitted.certificate().objective - entropy).abs() < 1e-9);
    assert!(fitted.certificate().relative_gap() < 1e-9);
}

#[test]
fn too_few_iterations_are_admitted_without_a_penalty_too() {
    let case = cases()
        .into_iter()
        .find(|case| case.name == "nearly_separable")
        .unwrap();
    // so small that the penalized fit is far from the other
    let x = case.x.mapv(|x| x * 1e-3);
    let params = MultinomialProbe::params().scaling(Scaling::None);
    let fit = |iterations| {
        let params = params.max_iterations(iterations);
        fit_grid(&params, x.view(), &[&case.y], &[0.0]).unwrap()[0][0].clone()
    };
    assert_eq!(fit(1).status(), Status::MaxIterations);
    assert!(fit(1).certificate().relative_gap() > 1e-6);
    assert_eq!(fit(100).status(), Status::Converged);
}

#[test]
fn ridge_probes_leave_0_out_and_need_another() {
    let data = synthetic(3, 4, 10, 6);
    let values: Vec<f64> = (0..data.groups.len()).map(|row| (row % 7) as f64).collect();
    let ridge = [RidgeTask {
        property: "x",
        values: &values,
        period: None,
        test: &data.tests[0],
    }];
    let extras = Extras {
        ridge: &ridge,
        ..Extras::default()
    };
    let measure = |penalties: Vec<f64>| {
        let params = ProbeParams {
            penalties,
            resamples: 50,
            ..ProbeParams::default()
        };
        let params = params.check().unwrap();
        let (data_, tasks) = (data.data(), data.tasks());
        measure_layer(
            "fc1",
            &data_,
            &data.train,
            &tasks,
            &params,
            &keys(),
            &extras,
        )
    };
    let found = measure(vec![0.0, 1.0]).unwrap();
    assert_eq!(found.ridge[0].path.len(), 1);
    assert_eq!(found.ridge[0].penalty, 1.0);
    let error = measure(vec![0.0]).unwrap_err();
    assert!(matches!(error, ProbeError::RidgePenalty), "{error}");
}
