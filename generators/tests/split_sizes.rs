//! The sizes of Hermann & Lampinen 2020's Trifeature splits.

#![allow(clippy::unwrap_used)]

use layerprobe_generators::correlation::{CorrelationParams, PredictivityMode};
use layerprobe_generators::splits::{HoldOuts, Split, VERSIONS};
use layerprobe_generators::{StimulusSet, Trifeature, TrifeatureParams};
use layerprobe_streams::StreamKey;

fn key() -> StreamKey {
    StreamKey::from_seed(1)
}

fn set(exemplars: usize) -> Trifeature {
    let params = TrifeatureParams {
        exemplars,
        ..TrifeatureParams::default()
    };
    params.check(key().derive("data/render")).unwrap()
}

#[test]
fn the_uncorrelated_set_has_3430_and_3570() {
    let set = set(10);
    for version in 0..VERSIONS {
        let hold_outs =
            HoldOuts::draw(set.features(), 3, version, None, key().derive("data/split")).unwrap();
        let split = Split::of(&set, &hold_outs).unwrap();
        assert_eq!(split.train.len(), 3430);
        for (feature, validation) in split.validation.iter().enumerate() {
            assert_eq!(validation.len(), 3570);
            assert!(validation.iter().all(|index| {
                let labels = set.labels(*index);
                let kept = |f: usize| hold_outs.keeps(f, labels[f]);
                kept(feature) && !(kept(0) && kept(1) && kept(2))
            }));
        }
        assert_eq!(split.discarded.len(), 270);
    }
}

/// Predictivity, then what follows from it by arithmetic: validation size and
/// effective predictivity in the train and validation sets.
const EXPECTED: [(f64, f64, f64, f64); 7] = [
    (1.0, 2100.0, 1.0, 1.0),
    (0.9, 2515.0, 0.931, 0.835),
    (0.8, 3033.0, 0.857, 0.692),
    (0.7, 3700.0, 0.778, 0.568),
    (0.5, 5833.0, 0.600, 0.360),
    (0.3, 10811.0, 0.391, 0.194),
    (0.1, 35700.0, 1.0 / 7.0, 0.059),
];

#[test]
fn correlated_sets_have_the_sizes_and_the_effective_predictivities_of_the_script() {
    let set = set(100);
    for (predictivity, validation_size, in_train, in_validation) in EXPECTED {
        let params = CorrelationParams {
            first: 0,
            second: 2,
            predictivity,
            mode: PredictivityMode::Nominal,
        };
        let correlation = params
            .check(&set, key().derive("data/correlation"))
            .unwrap();
        let all = correlation.effective(&set, correlation.stimuli()).unwrap();
        assert!((all - predictivity).abs() < 1e-4, "{all}");
        for version in [0, 4] {
            let hold_outs = HoldOuts::draw(
                set.features(),
                3,
                version,
                Some(correlation.matching()),
                key().derive("data/split"),
            )
            .unwrap();
            let split = correlation.split(&set, &hold_outs, version).unwrap();
            assert_eq!(split.train.len(), 4900);
            let measured = correlation.measure(&set, &split);
            assert_eq!(measured.nominal, predictivity);
            let train = measured.train.unwrap();
            assert!((train - in_train).abs() < 0.02, "p {predictivity}: {train}");
            // The third feature holds out as many, and so has the same counts.
            for (stimuli, effective) in split.validation.iter().zip(measured.validation) {
                let size = stimuli.len() as f64;
                let spread = 4.0 * (size - 2100.0).sqrt();
                let off = (size - validation_size).abs();
                assert!(off <= spread, "p {predictivity}: {size}");
                let off = (effective.unwrap() - in_validation).abs();
                assert!(off < 0.03, "p {predictivity}: {effective:?}");
            }
        }
    }
}

#[test]
fn effective_predictivities_are_those_asked_for_in_every_list() {
    let set = set(100);
    for predictivity in [0.1, 0.5, 0.9, 1.0] {
        let params = CorrelationParams {
            first: 0,
            second: 2,
            predictivity,
            mode: PredictivityMode::Effective,
        };
        let correlation = params
            .check(&set, key().derive("data/correlation"))
            .unwrap();
        let hold_outs = HoldOuts::draw(
            set.features(),
            3,
            1,
            Some(correlation.matching()),
            key().derive("data/split"),
        )
        .unwrap();
        let split = correlation.split(&set, &hold_outs, 1).unwrap();
        assert_eq!(split.train.len(), 4900);
        let measured = correlation.measure(&set, &split);
        assert!((measured.train.unwrap() - predictivity).abs() < 1.0 / 4900.0);
        for (stimuli, effective) in split.validation.iter().zip(&measured.validation) {
            assert!((effective.unwrap() - predictivity).abs() < 1.0 / 2100.0);
            assert!(stimuli.is_sorted() && stimuli.len() >= 2100);
        }
        // no two lists of one stimulus's own task overlap
        let trained = |index: &usize| split.train.binary_search(index).is_ok();
        assert!(!split.validation.iter().flatten().any(trained));
    }
}

#[test]
fn the_whole_pool_is_uncorrelated() {
    let set = set(10);
    let params = CorrelationParams {
        first: 1,
        second: 0,
        predictivity: 0.1,
        mode: PredictivityMode::Nominal,
    };
    let correlation = params.check(&set, key()).unwrap();
    assert_eq!(correlation.stimuli(), (0..10_000).collect::<Vec<_>>());
}

#[test]
fn pairs_are_held_out_together_and_one_matching_serves_all_versions() {
    let set = set(1);
    let params = CorrelationParams {
        first: 0,
        second: 1,
        predictivity: 0.5,
        mode: PredictivityMode::Nominal,
    };
    let correlation = params.check(&set, key()).unwrap();
    let matching = correlation.matching();
    let mut partners = matching.partners().to_vec();
    for version in 0..VERSIONS {
        let hold_outs = HoldOuts::draw(set.features(), 3, version, Some(matching), key()).unwrap();
        let mut expected: Vec<usize> = hold_outs
            .held(0)
            .iter()
            .map(|&v| matching.partners()[v])
            .collect();
        expected.sort_unstable();
        assert_eq!(hold_outs.held(1), expected);
        assert_eq!(hold_outs.held(2).len(), 3);
    }
    partners.sort_unstable();
    assert_eq!(partners, (0..10).collect::<Vec<_>>());
    let stronger = CorrelationParams {
        predictivity: 0.8,
        ..params
    };
    let stronger = stronger.check(&set, key()).unwrap();
    assert_eq!(stronger.matching(), matching);
    let holds = |index: &usize| correlation.stimuli().contains(index);
    assert!(stronger.stimuli().iter().all(holds));
}

#[test]
fn impossible_correlations_are_refused() {
    let set = set(1);
    let check = |first, second, predictivity| {
        let params = CorrelationParams {
            first,
            second,
            predictivity,
            mode: PredictivityMode::Nominal,
        };
        params.check(&set, key()).unwrap_err().to_string()
    };
    for p in [
        0.0,
        -0.5,
        0.0999,
        1.0001,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        let message = check(0, 2, p);
        assert!(
            message.contains("0.1000") && message.contains(&p.to_string()),
            "{message}"
        );
    }
    assert!(check(1, 1, 0.5).contains("two different features"));
    assert!(check(0, 3, 0.5).contains("feature number 3"));
}
