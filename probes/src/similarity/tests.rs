//! Against SciPy and independent formulas (`tests/golden/similarity.py`), and
//! what must hold whatever the numbers.

use approx::assert_abs_diff_eq;
use layerprobe_streams::StreamKey;
use ndarray::{Array2, Axis};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Name, both sides' activations, and the reference values.
fn cases() -> Vec<(String, [Array2<f32>; 2], Value)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/similarity.json"
    );
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let of = |case: &Value| {
        let n = case["n"].as_u64().unwrap() as usize;
        let dims = numbers(&case["dims"]);
        let side = |name: &str, dims: f64| {
            let values = numbers(&case[name]).into_iter().map(|x| (x / 16.0) as f32);
            Array2::from_shape_vec((n, dims as usize), values.collect()).unwrap()
        };
        let sides = [side("x", dims[0]), side("y", dims[1])];
        (
            case["name"].as_str().unwrap().to_owned(),
            sides,
            case.clone(),
        )
    };
    all.as_array().unwrap().iter().map(of).collect()
}

fn compared(
    metric: Metric,
    [x, y]: &[Array2<f32>; 2],
    distance: Distance,
    resamples: &Resamples,
) -> Similarity {
    let of = |name: &str, side: &Array2<f32>| {
        Representation::new(name, side.view(), &[metric], distance, resamples).unwrap()
    };
    similarity(metric, &of("x", x), &of("y", y)).unwrap()
}

fn none(n: usize) -> Resamples {
    Resamples::draw(n, 0, StreamKey::from_seed(0))
}

fn normal(n: usize, dims: usize, seed: u64) -> Array2<f32> {
    let mut stream = StreamKey::from_seed(seed).at(0);
    Array2::from_shape_simple_fn((n, dims), || stream.normal() as f32)
}

#[test]
fn rdms_and_rsa_are_those_of_scipy() {
    let mut checked = 0;
    for (name, sides, golden) in cases() {
        for (word, distance) in [
            ("correlation", Distance::Correlation),
            ("euclidean", Distance::Euclidean),
        ] {
            let golden = &golden[word];
            if golden.is_null() {
                let error = Rdm::new(&name, sides[0].view(), distance).unwrap_err();
                assert!(matches!(error, SimilarityError::ConstantStimulus { .. }));
                continue;
            }
            let a = Rdm::new("x", sides[0].view(), distance).unwrap();
            let b = Rdm::new("y", sides[1].view(), distance).unwrap();
            for (found, expected) in a.distances().iter().zip(numbers(&golden["a"])) {
                assert_abs_diff_eq!(*found, expected, epsilon = 1e-12);
            }
            let value = |metric: &str| golden[metric].as_f64().unwrap();
            let resamples = none(a.stimuli());
            let of = |metric| compared(metric, &sides, distance, &resamples).value;
            let (pearson, spearman) = (value("rsa_pearson"), value("rsa_spearman"));
            assert_abs_diff_eq!(a.pearson(&b).unwrap(), pearson, epsilon = 1e-12);
            assert_abs_diff_eq!(a.spearman(&b).unwrap(), spearman, epsilon = 1e-12);
            assert_abs_diff_eq!(of(Metric::RsaPearson), pearson, epsilon = 1e-12);
            assert_abs_diff_eq!(of(Metric::RsaSpearman), spearman, epsilon = 1e-12);
            checked += 1;
        }
    }
    assert_eq!(checked, 7, "one RDM has a constant stimulus");
}

#[test]
fn cka_is_that_of_features_and_of_enumeration() {
    for (name, sides, golden) in cases() {
        let resamples = none(sides[0].nrows());
        for metric in [Metric::Cka, Metric::CkaDebiased] {
            let found = compared(metric, &sides, Distance::Euclidean, &resamples).value;
            let expected = golden[metric.as_str()].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "{name}: {found} {expected}"
            );
        }
    }
}

#[test]
fn resamples_leave_pairs_of_own_copies_out() {
    let mut checked = 0;
    for (name, sides, golden) in cases() {
        let Some(golden) = golden["resampled"].as_array() else {
            continue;
        };
        let weights: Vec<Vec<f64>> = golden.iter().map(|r| numbers(&r["weights"])).collect();
        let resamples = Resamples::of_columns(&weights);
        for metric in Metric::ALL {
            let found = compared(metric, &sides, Distance::Euclidean, &resamples);
            for (found, golden) in found.resampled.iter().zip(golden) {
                let expected = golden[metric.as_str()].as_f64().unwrap();
                let near = (found - expected).abs() < 1e-11;
                assert!(near, "{name} {metric:?}: {found} {expected}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 24);
}

#[test]
fn intervals_of_unrelated_layers_hold_what_copies_would_exclude() {
    // 60 stimuli of 300 dimensions: nothing in common, distances nearly equal
    let sides = [normal(60, 300, 1), normal(60, 300, 2)];
    let resamples = Resamples::draw(60, 400, StreamKey::from_seed(3));
    for metric in Metric::ALL {
        let found = compared(metric, &sides, Distance::Correlation, &resamples);
        let (lower, upper) = found.interval().unwrap();
        let mean = found.resampled.iter().sum::<f64>() / 400.0;
        assert!(lower < found.value && found.value < upper, "{found:?}");
        assert!(
            (mean - found.value).abs() < 0.02,
            "{metric:?} {mean} {}",
            found.value
        );
        if metric != Metric::Cka {
            assert!(lower < 0.0 && 0.0 < upper, "{metric:?} {lower} {upper}");
        }
    }
}

#[test]
fn the_interval_covers_as_often_as_it_says() {
    // the truth: the same two kinds of representation with 1500 stimuli
    let make = |n: usize, seed: u64| {
        let x = normal(n, 6, seed);
        let noise = normal(n, 6, seed + 10_000);
        [x.clone(), x + noise]
    };
    let truth = |metric| compared(metric, &make(1500, 7), Distance::Euclidean, &none(1500)).value;
    for metric in [Metric::RsaPearson, Metric::RsaSpearman, Metric::CkaDebiased] {
        let truth = truth(metric);
        let covered = (0..100).filter(|&k| {
            let resamples = Resamples::draw(50, 200, StreamKey::from_seed(k));
            let found = compared(metric, &make(50, 100 + k), Distance::Euclidean, &resamples);
            let (lower, upper) = found.interval().unwrap();
            (lower..=upper).contains(&truth)
        });
        let covered = covered.count();
        assert!((85..=100).contains(&covered), "{metric:?}: {covered}");
    }
}

#[test]
fn classes_of_ranks_change_nothing_that_matters() {
    // 3160 distances, three times as many as classes, against every rank
    let sides = [normal(80, 5, 1), normal(80, 5, 2)];
    let once = Resamples::of_columns(&[vec![1.0; 80]]);
    let found = compared(Metric::RsaSpearman, &sides, Distance::Euclidean, &once);
    assert!((found.value - found.resampled[0]).abs() < 1e-4, "{found:?}");
    assert!(found.value != found.resampled[0], "there were classes");
}

#[test]
fn everything_is_itself_exactly() {
    let x = normal(150, 33, 5);
    let resamples = Resamples::draw(150, 50, StreamKey::from_seed(1));
    for metric in Metric::ALL {
        for distance in [Distance::Correlation, Distance::Euclidean] {
            let found = compared(metric, &[x.clone(), x.clone()], distance, &resamples);
            assert_eq!(found.value, 1.0, "{metric:?}");
            assert_eq!(found.interval(), Some((1.0, 1.0)), "{metric:?}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let sides = [normal(401, 300, 1), normal(401, 257, 2)];
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let resamples = Resamples::draw(401, 20, StreamKey::from_seed(1));
            Metric::ALL.map(|m| compared(m, &sides, Distance::Correlation, &resamples))
        })
    };
    assert!(run(1) == run(3));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let resamples = none(30);
    let of = |x: &Array2<f32>, metric, distance| {
        Representation::new("fc1", x.view(), &[metric], distance, &resamples).unwrap_err()
    };
    let (rsa, cka) = (Metric::RsaPearson, Metric::Cka);
    let (correlation, euclidean) = (Distance::Correlation, Distance::Euclidean);
    let good = normal(30, 5, 1);
    let mut constant = good.clone();
    constant.row_mut(7).fill(0.25);
    let mut broken = good.clone();
    broken[[3, 2]] = f32::NAN;
    let same = Array2::from_shape_fn((30, 5), |(_, j)| j as f32);
    for (error, part) in [
        (
            of(&constant, rsa, correlation),
            "all 5 activations of stimulus 7 are 0.25",
        ),
        (
            of(&broken, cka, euclidean),
            "NaN at stimulus 3, dimension 2",
        ),
        (of(&same, rsa, euclidean), "equally far apart"),
        (of(&same, cka, euclidean), "equally far apart"),
        (
            of(&normal(3, 5, 1), rsa, euclidean),
            "3 stimuli, but a comparison needs at least 4",
        ),
        (of(&normal(29, 5, 1), rsa, euclidean), "fc1 has 29 stimuli"),
        (of(&Array2::zeros((30, 0)), rsa, euclidean), "no dimensions"),
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let few = Resamples::draw(10, 5, StreamKey::from_seed(0));
    let error = Representation::new("fc1", normal(10, 4, 1).view(), &[rsa], euclidean, &few);
    assert!(error.unwrap_err().to_string().contains("at least 20"));
    let a = Representation::new("a", good.view(), &[cka], euclidean, &resamples).unwrap();
    let error = similarity(rsa, &a, &a).unwrap_err().to_string();
    assert!(error.contains("not made for rsa_pearson"), "{error}");
    let rdm = |x: &Array2<f32>| Rdm::new("r", x.view(), Distance::Euclidean).unwrap();
    let error = rdm(&good).pearson(&rdm(&normal(9, 2, 1))).unwrap_err();
    assert!(matches!(
        error,
        SimilarityError::Counts {
            n_a: 30,
            n_b: 9,
            ..
        }
    ));
}

#[test]
fn equal_stimuli_are_at_distance_zero() {
    let mut x = normal(40, 700, 1).mapv(|v| 100.0 + v);
    let twin = x.row(3).to_owned();
    x.row_mut(29).assign(&twin);
    for distance in [Distance::Correlation, Distance::Euclidean] {
        let rdm = Rdm::new("x", x.view(), distance).unwrap();
        assert_eq!(rdm.entries.part(3, 29..30), [0.0]);
        assert_eq!(rdm.distances().iter().filter(|&&d| d == 0.0).count(), 1);
    }
}

/// A rotation by Givens' planes.
fn rotated(x: &Array2<f32>, angles: &[f64]) -> Array2<f32> {
    let mut out = x.mapv(f64::from);
    let dims = x.ncols();
    for (k, angle) in angles.iter().enumerate() {
        let (p, q) = (k % dims, (k + 1 + k / dims) % dims);
        if p != q {
            for mut row in out.axis_iter_mut(Axis(0)) {
                let (a, b) = (row[p], row[q]);
                row[p] = angle.cos() * a - angle.sin() * b;
                row[q] = angle.sin() * a + angle.cos() * b;
            }
        }
    }
    out.mapv(|v| v as f32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn rotation_scale_and_shift_leave_cka_and_euclidean_rsa(
        seed in 0u64..1000,
        angles in prop::collection::vec(-3.0..3.0f64, 1..12),
        scale in 0.01..100.0f32,
        shift in -2.0..2.0f32,
    ) {
        let (x, y) = (normal(24, 6, seed), normal(24, 4, seed + 5000));
        let turned = rotated(&x, &angles).mapv(|v| scale * (v + shift));
        let resamples = none(24);
        for metric in Metric::ALL {
            let before = compared(metric, &[x.clone(), y.clone()], Distance::Euclidean, &resamples);
            let after = compared(metric, &[turned.clone(), y.clone()], Distance::Euclidean, &resamples);
            // ranks may swap where two distances nearly agree
            let tolerance = if metric == Metric::RsaSpearman { 1e-3 } else { 1e-5 };
            prop_assert!((before.value - after.value).abs() < tolerance, "{:?}", metric);
        }
    }

    #[test]
    fn the_order_of_stimuli_does_not_matter(seed in 0u64..1000) {
        let (x, y) = (normal(30, 6, seed), normal(30, 4, seed + 5000));
        let order = StreamKey::from_seed(seed).at(9).permutation(30);
        let shuffled = [x.select(Axis(0), &order), y.select(Axis(0), &order)];
        let resamples = none(30);
        for metric in Metric::ALL {
            let before = compared(metric, &[x.clone(), y.clone()], Distance::Correlation, &resamples);
            let after = compared(metric, &shuffled, Distance::Correlation, &resamples);
            prop_assert!((before.value - after.value).abs() < 1e-10);
            let swapped = compared(metric, &[y.clone(), x.clone()], Distance::Correlation, &resamples);
            prop_assert!((before.value - swapped.value).abs() < 1e-12);
        }
    }
}
