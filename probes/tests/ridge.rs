//! Ridge probes: against scikit-learn, and what must not change them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    Extras, Interval, LayerData, ProbeError, ProbeParams, ProbeTask, RidgeOutcome, RidgeTask,
    Selection, Solver, Status, measure_layer,
};
use layerprobe_streams::StreamKey;
use ndarray::Array2;
use serde_json::Value;

fn measure(
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: ProbeParams,
    ridge: &[RidgeTask<'_>],
) -> Result<Vec<RidgeOutcome>, ProbeError> {
    let extras = Extras {
        ridge,
        ..Extras::default()
    };
    let params = params.check()?;
    let found = measure_layer("fc1", data, train, tasks, &params, &keys(), &extras)?;
    Ok(found.ridge)
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn fits_and_choices_are_those_of_scikit_learn() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/probes_ridge.json"
    );
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let x: Vec<f32> = numbers(&case["x"])
            .iter()
            .map(|x| (x / 64.0) as f32)
            .collect();
        let rows = x.len() / size("dims");
        let x = Array2::from_shape_vec((rows, size("dims")), x).unwrap();
        let (fit, train) = (size("fit"), size("fit") + size("select"));
        let select: Vec<usize> = (fit..train).collect();
        let (train, test): (Vec<usize>, Vec<usize>) = (0..rows).partition(|&row| row < train);
        let groups: Vec<u32> = (0..rows as u32).collect();
        let values: Vec<Vec<f64>> = case["properties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|property| numbers(&property["values"]))
            .collect();
        let properties = case["properties"].as_array().unwrap();
        let ridge: Vec<RidgeTask<'_>> = properties
            .iter()
            .zip(&values)
            .map(|(property, values)| RidgeTask {
                property: property["property"].as_str().unwrap(),
                values,
                period: property["period"].as_f64(),
                test: &test,
            })
            .collect();
        let labels: Vec<u32> = groups.iter().map(|group| group % 2).collect();
        let task = ProbeTask {
            feature: "parity",
            classes: 2,
            labels: &labels,
            test: &test,
        };
        let data = LayerData {
            activations: x.view(),
            groups: &groups,
            selection: Selection::Rows(&select),
            channels: None,
        };
        let params = ProbeParams {
            penalties: numbers(&golden["penalties"]),
            tolerance: 1e-9,
            ..ProbeParams::default()
        };
        let found = measure(&data, &train, &[task], params, &ridge).unwrap();
        for (found, golden) in found.iter().zip(properties) {
            let name = format!("{} {}", case["name"], found.property);
            for (point, r2) in found.path.iter().zip(numbers(&golden["path"])) {
                // what only chooses has the rounding of a Gram matrix in f32
                let near = if point.penalty < 1.0 { 1e-2 } else { 1e-5 };
                assert!((point.r2 - r2).abs() < near, "{name}: {point:?} {r2}");
            }
            assert_eq!(found.penalty, golden["penalty"].as_f64().unwrap(), "{name}");
            let r2 = golden["r2"].as_f64().unwrap();
            assert!((found.r2 - r2).abs() < 1e-5, "{name}: {found:?} {r2}");
            let objective = golden["objective"].as_f64().unwrap();
            let off = (found.certificate.objective / objective - 1.0).abs();
            assert!(off < 1e-5, "{name}: {:?} {objective}", found.certificate);
            assert_eq!(found.status, Status::Converged, "{name}");
            assert!(found.certificate.relative_gap() < 1e-9);
            let interval = found.interval.unwrap();
            assert!(interval.lower <= found.r2 && found.r2 <= interval.upper);
        }
    }
}

/// A property that the activations hold linearly, one they hold in part, and
/// one they do not.
fn properties(data: &Synthetic) -> [Vec<f64>; 3] {
    let mut noise = StreamKey::from_seed(3).at(0);
    let held = data.activations.sum_axis(ndarray::Axis(1));
    let rows = data.activations.nrows();
    let mut gauss = || -> Vec<f64> { (0..rows).map(|_| noise.normal()).collect() };
    let spread = held.std(0.0);
    let partly = held.iter().zip(gauss());
    [
        held.iter().map(|x| f64::from(*x)).collect(),
        partly.map(|(x, e)| f64::from(x / spread) + e).collect(),
        gauss(),
    ]
}

fn tasks<'a>(data: &'a Synthetic, values: &'a [Vec<f64>; 3]) -> Vec<RidgeTask<'a>> {
    let names = ["held", "partly", "absent"];
    let named = names.into_iter().zip(values);
    named
        .map(|(property, values)| RidgeTask {
            property,
            values,
            period: None,
            test: &data.tests[0],
        })
        .collect()
}

fn params() -> ProbeParams {
    ProbeParams {
        penalties: vec![1e-3, 1.0, 1e2, 1e4],
        resamples: 200,
        ..ProbeParams::default()
    }
}

#[test]
fn what_is_there_is_found_over_either_side() {
    for dims in [40, 700] {
        let data = synthetic(4, 4, dims, 5);
        let values = properties(&data);
        let ridge = tasks(&data, &values);
        let run = |params: ProbeParams| {
            measure(&data.data(), &data.train, &data.tasks(), params, &ridge).unwrap()
        };
        let found = run(params());
        let [held, partly, absent] = &found[..] else {
            panic!("three properties")
        };
        assert!(held.r2 > 0.95, "{held:?}");
        assert!(partly.r2 > 0.2 && partly.r2 < 0.6, "{partly:?}");
        assert!(absent.r2 < 0.05 && absent.r2 > -0.5, "{absent:?}");
        assert!(absent.penalty >= partly.penalty && partly.penalty >= held.penalty);
        for outcome in &found {
            assert_eq!(outcome.status, Status::Converged, "{outcome:?}");
            assert!(outcome.certificate.relative_gap() <= 1e-6);
            assert_eq!(outcome.n_test, data.tests[0].len());
        }
        // the answer is no matter of the other probes' solver, or of threads
        let linfa = run(ProbeParams {
            solver: Solver::Linfa,
            max_iterations: 1,
            ..params()
        });
        for (a, b) in found.iter().zip(&linfa) {
            assert!((a.r2 - b.r2).abs() < 1e-6, "{a:?} {b:?}");
        }
        let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build();
        let one = threads(1).unwrap().install(|| run(params()));
        assert_eq!(threads(3).unwrap().install(|| run(params())), one);
        assert_eq!(one, found);
    }
}

#[test]
fn phases_are_read_around_the_circle() {
    let rows = 240;
    let groups: Vec<u32> = (0..rows as u32).map(|row| row / 2).collect();
    let phase: Vec<f64> = (0..rows).map(|row| (row as f64 * 0.37) % 1.0).collect();
    let x = Array2::from_shape_fn((rows, 3), |(row, dim)| match dim {
        0 => (std::f64::consts::TAU * phase[row]).cos() as f32,
        1 => (std::f64::consts::TAU * phase[row]).sin() as f32,
        _ => (row % 7) as f32,
    });
    let labels: Vec<u32> = groups.iter().map(|group| group % 2).collect();
    let (train, test): (Vec<usize>, Vec<usize>) = (0..rows).partition(|&row| row < 160);
    let data = LayerData {
        activations: x.view(),
        groups: &groups,
        selection: Selection::Drawn,
        channels: None,
    };
    let task = ProbeTask {
        feature: "parity",
        classes: 2,
        labels: &labels,
        test: &test,
    };
    let ridge = [Some(1.0), None].map(|period| RidgeTask {
        property: "phase",
        values: &phase,
        period,
        test: &test,
    });
    let found = measure(&data, &train, &[task], params(), &ridge).unwrap();
    assert!(found[0].r2 > 0.999, "{:?}", found[0]);
    // cut open at 0, a phase is no linear function of the same numbers
    assert!(found[1].r2 < 0.8, "{:?}", found[1]);
}

#[test]
fn dead_layers_and_bad_properties() {
    let data = synthetic(3, 3, 12, 5);
    let values = properties(&data);
    let mut dead = data.activations.clone();
    dead.fill(2.5);
    let still = LayerData {
        activations: dead.view(),
        ..data.data()
    };
    let ridge = tasks(&data, &values);
    let found = measure(&still, &data.train, &data.tasks(), params(), &ridge).unwrap();
    for outcome in found {
        assert_eq!(outcome.status, Status::Degenerate);
        let Interval { lower, upper, .. } = outcome.interval.unwrap();
        for zero in [outcome.r2, lower, upper] {
            assert!(zero.abs() < 1e-12, "{zero}");
        }
    }
    let refused = |task: RidgeTask<'_>| {
        let found = measure(&data.data(), &data.train, &data.tasks(), params(), &[task]);
        found.unwrap_err().to_string()
    };
    let [task, ..] = &ridge[..] else {
        panic!("three properties")
    };
    let short = refused(RidgeTask {
        values: &values[0][1..],
        ..*task
    });
    assert!(short.contains("values of property held"), "{short}");
    let mut holed = values[0].clone();
    holed[data.train[3]] = f64::NAN;
    let holed = refused(RidgeTask {
        values: &holed,
        ..*task
    });
    assert!(
        holed.contains("property held is NaN at stimulus 3"),
        "{holed}"
    );
    for period in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let round = refused(RidgeTask {
            period: Some(period),
            ..*task
        });
        let said = format!("property held has the period {period}");
        assert!(round.contains(&said), "{round}");
    }
    let flat = vec![4.0; values[0].len()];
    let flat = refused(RidgeTask {
        values: &flat,
        ..*task
    });
    assert!(flat.contains("property held is 4 throughout"), "{flat}");
    let trained = refused(RidgeTask {
        test: &data.train[..2],
        ..*task
    });
    assert!(trained.contains("training and test set of property held"));
    let outside = refused(RidgeTask {
        test: &[1_000_000],
        ..*task
    });
    assert!(outside.contains("names stimulus 1000000"), "{outside}");
}
