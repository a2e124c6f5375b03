//! Fits against scikit-learn's, `tests/golden/probes_logistic.py`.
#![allow(clippy::unwrap_used)]

use layerprobe_probes::{
    FittedProbe, MultinomialProbe, ProbeError, Scaling, Solver, Status, v_information,
};
use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, s};
use serde_json::Value;

struct Case {
    name: String,
    x: Array2<f32>,
    y: Array1<usize>,
    penalty: f64,
    scaling: Scaling,
    objective: f64,
    /// Of every class, or of the true one.
    probabilities: Vec<f64>,
    /// On the dimensions as they came, dimensions x classes.
    coefficients: Array2<f64>,
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/probes_logistic.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let of = |case: &Value| {
        let y: Array1<usize> = numbers(&case["y"]).iter().map(|&y| y as usize).collect();
        let x = numbers(&case["x"])
            .iter()
            .map(|x| (x / 64.0) as f32)
            .collect();
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        Case {
            name: case["name"].as_str().unwrap().to_owned(),
            x: Array2::from_shape_vec((y.len(), size("dims")), x).unwrap(),
            probabilities: numbers(&case["probabilities"]),
            coefficients: Array2::from_shape_vec(
                (size("dims"), size("classes")),
                numbers(&case["coefficients"]),
            )
            .unwrap(),
            y,
            penalty: case["penalty"].as_f64().unwrap(),
            scaling: match case["standard"].as_bool().unwrap() {
                true => Scaling::Standard,
                false => Scaling::None,
            },
            objective: case["objective"].as_f64().unwrap(),
        }
    };
    all.as_array().unwrap().iter().map(of).collect()
}

fn furthest<'a>(found: impl Iterator<Item = f64>, expected: impl Iterator<Item = &'a f64>) -> f64 {
    let apart = found.zip(expected).map(|(x, y)| (x - y).abs());
    apart.fold(0.0, f64::max)
}

fn fit(case: &Case, solver: Solver, tolerance: f64) -> Result<FittedProbe, ProbeError> {
    MultinomialProbe::params()
        .penalty(case.penalty)
        .scaling(case.scaling)
        .solver(solver)
        .tolerance(tolerance)
        .fit(&Dataset::new(case.x.clone(), case.y.clone()))
}

#[test]
fn objective_probabilities_and_coefficients_are_those_of_scikit_learn() {
    let cases = cases();
    assert_eq!(cases.len(), 17);
    for case in &cases {
        let fitted = fit(case, Solver::Batched, 1e-6).unwrap();
        let certificate = fitted.certificate();
        let name = &case.name;
        assert_eq!(
            fitted.status(),
            Status::Converged,
            "{name}: {certificate:?}"
        );
        let excess = certificate.objective - case.objective;
        // standardized entries are rounded to singles, hence the small slack
        let slack = 2e-6 * case.objective;
        assert!(
            excess.abs() <= slack + certificate.gap,
            "{name}: {} against {}",
            certificate.objective,
            case.objective
        );
        let tight = fit(case, Solver::Batched, 1e-9).unwrap();
        let probabilities = tight.log_probabilities(case.x.view()).mapv(f64::exp);
        let all = probabilities.len() == case.probabilities.len();
        let off = if all {
            furthest(probabilities.into_iter(), case.probabilities.iter())
        } else {
            let own = case
                .y
                .iter()
                .enumerate()
                .map(|(i, &y)| probabilities[[i, y]]);
            furthest(own, case.probabilities.iter())
        };
        assert!(off < 1e-4, "{name}: a probability is off by {off}");
        let largest = case
            .coefficients
            .iter()
            .fold(0.0, |top: f64, w| top.max(w.abs()));
        let off = furthest(tight.weights().iter().copied(), case.coefficients.iter());
        assert!(
            off < 2e-3 * largest,
            "{name}: a coefficient is off by {off}, the largest is {largest}"
        );
    }
}

#[test]
fn linfa_logistic_agrees_where_it_arrives() {
    let mut arrived = 0;
    for case in &cases() {
        // its line search gives up on some
        let Ok(fitted) = fit(case, Solver::Linfa, 1e-6) else {
            continue;
        };
        let certificate = fitted.certificate();
        // the certificate holds for any solver: no one beats the optimum, and
        // the optimum is no further away than the gap
        let excess = certificate.objective - case.objective;
        let slack = 2e-6 * case.objective;
        assert!(excess >= -slack, "{}: {excess}", case.name);
        assert!(excess <= certificate.gap + slack, "{}: {excess}", case.name);
        arrived += usize::from(fitted.status() == Status::Converged);
    }
    assert!(arrived >= 7, "linfa-logistic arrived in {arrived} cases");
}

/// `tests/golden/probes_around.py`.
#[test]
fn information_is_that_of_scikit_learn() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/probes_around.json"
    );
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = all["v_information"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let y: Vec<u32> = numbers(&case["y"]).iter().map(|&y| y as u32).collect();
        let x: Vec<f32> = numbers(&case["x"])
            .iter()
            .map(|x| (x / 64.0) as f32)
            .collect();
        let x = Array2::from_shape_vec((y.len(), x.len() / y.len()), x).unwrap();
        let cut = case["train"].as_u64().unwrap() as usize;
        let targets: Array1<usize> = y[..cut].iter().map(|&label| label as usize).collect();
        let fitted = MultinomialProbe::params()
            .penalty(case["penalty"].as_f64().unwrap())
            .tolerance(1e-10)
            .fit(&Dataset::new(x.slice(s![..cut, ..]).to_owned(), targets))
            .unwrap();
        let logs = fitted.log_probabilities(x.slice(s![cut.., ..]));
        let own: Vec<f64> = logs
            .rows()
            .into_iter()
            .zip(&y[cut..])
            .map(|(row, &label)| row[label as usize])
            .collect();
        let found = v_information(&y[..cut], &y[cut..], &own).unwrap();
        let name = case["name"].as_str().unwrap();
        let entropy = case["entropy"].as_f64().unwrap();
        assert!((found.entropy - entropy).abs() < 1e-12, "{name}");
        let bits = case["bits"].as_f64().unwrap();
        assert!(
            (found.bits - bits).abs() < 2e-4,
            "{name}: {} {bits}",
            found.bits
        );
    }
}
