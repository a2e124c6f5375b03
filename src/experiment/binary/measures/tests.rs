//! Networks made by hand, whose answers and layers are known.

use layerprobe_generators::binary::{BITS, BinaryFeature};
use layerprobe_reports::ResultRow;

use super::decoding::{DecodedSet, FEATURES};
use super::feature_use;
use super::sets::Sets;
use crate::config::{BinaryConfig, BinaryTarget};
use crate::experiment::binary::plan::{BinaryCondition, conditions};
use crate::experiment::binary::run::streams;
use crate::experiment::binary::stimuli::Stimuli;
use crate::nn::{Perceptron, PerceptronSpec};

/// Stimuli of each set but that which nonlinear decoders are trained on.
const N: usize = 512;
/// Stimuli of that one.
const NONLINEAR: usize = 128;

/// A network and what it is measured on: of easy predictivity 0.8 if it is trained
/// on the label, of 0.5 if on both features; the hard predictivity is 0.9.
fn drawn(target: BinaryTarget, run: u32) -> (BinaryCondition, Sets) {
    let settings = [
        "stimuli.easy_predictivity=[0.8]".to_owned(),
        format!("stimuli.test={N}"),
        format!("decoding.bits={:?}", Vec::from_iter(1..=BITS)),
        format!("decoding.nonlinear_train={NONLINEAR}"),
        "decoding.nonlinear_runs=2".to_owned(),
    ];
    let config = BinaryConfig::load("binary-smoke", &settings).unwrap();
    let streams = streams(&config);
    let stimuli = Stimuli {
        config: &config,
        streams: &streams,
    };
    let mut all = conditions(&config).into_iter();
    let condition = all.find(|c| c.target == target && c.run == run).unwrap();
    let sets = Sets::of(&stimuli, &condition).unwrap();
    (condition, sets)
}

/// A network of one hidden layer, of units that are each a sum of bits (counted
/// from 1) and of outputs that are each a sum of units less a half.
fn network(units: &[&[(usize, f32)]], outputs: &[&[f32]]) -> Perceptron<f32> {
    let spec = PerceptronSpec {
        inputs: BITS,
        hidden: vec![units.len()],
        outputs: outputs.len(),
        slope: 0.01,
    };
    let mut weights = vec![0.0; units.len() * BITS];
    for (unit, bits) in units.iter().enumerate() {
        for (bit, weight) in bits.iter() {
            weights[unit * BITS + bit - 1] = *weight;
        }
    }
    let parameters = [
        weights,
        vec![0.0; units.len()],
        outputs.concat(),
        vec![-0.5; outputs.len()],
    ];
    Perceptron::new(&spec, &parameters).unwrap()
}

/// A network whose outputs say these features: one unit copies bit 1, of two others
/// each is 1 where one of bits 17 and 18 stands alone, and next to 0 elsewhere.
fn saying(features: &[BinaryFeature]) -> Perceptron<f32> {
    let units: [&[(usize, f32)]; 3] = [
        &[(1, 1.0)],
        &[(17, 1.0), (18, -1.0)],
        &[(17, -1.0), (18, 1.0)],
    ];
    let output = |feature: &BinaryFeature| -> &'static [f32] {
        match feature {
            BinaryFeature::Easy => &[1.0, 0.0, 0.0],
            BinaryFeature::Hard => &[0.0, 1.0, 1.0],
        }
    };
    let outputs: Vec<&[f32]> = features.iter().map(output).collect();
    network(&units, &outputs)
}

/// The bits of a set's stimuli, as a network sees them: each unit copies one.
fn bits_of(set: &DecodedSet) -> Vec<Vec<u32>> {
    let bits: Vec<[(usize, f32); 1]> = (1..=BITS).map(|bit| [(bit, 1.0)]).collect();
    let units: Vec<&[(usize, f32)]> = bits.iter().map(|unit| &unit[..]).collect();
    let hidden = set.hidden(&network(&units, &[&[0.0; BITS]])).unwrap();
    assert_eq!(hidden.len(), 1);
    let copied = |units: &[f32]| -> Vec<u32> {
        let bits = units.iter().map(|unit| u32::from(*unit > 0.5));
        bits.collect()
    };
    hidden[0].chunks_exact(BITS).map(copied).collect()
}

fn value(rows: &[ResultRow], metric: &str, feature: &str) -> f64 {
    let mut rows = rows.iter();
    let row = rows.find(|row| row.metric == metric && row.feature == feature);
    row.unwrap().value
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.1, "{found} {expected}");
}

#[test]
fn a_network_uses_the_feature_that_it_says_and_not_the_other() {
    let (condition, sets) = drawn(BinaryTarget::Label, 0);
    for (own, predictivity) in [(BinaryFeature::Easy, 0.8), (BinaryFeature::Hard, 0.9)] {
        let here = ResultRow::default();
        let rows = feature_use::rows(&here, &saying(&[own]), &condition, &sets.used).unwrap();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.n_test == Some(N as u64)));
        assert_eq!(value(&rows, "feature_use", own.name()), 1.0);
        assert_near(value(&rows, "feature_use", own.other().name()), 0.5);
        assert_near(value(&rows, "accuracy", "label"), predictivity);
    }
}

#[test]
fn each_feature_is_read_from_its_own_output() {
    let (condition, sets) = drawn(BinaryTarget::Multi, 0);
    let [easy, hard] = FEATURES;
    for (outputs, in_place) in [([easy, hard], true), ([hard, easy], false)] {
        let here = ResultRow::default();
        let rows = feature_use::rows(&here, &saying(&outputs), &condition, &sets.used).unwrap();
        assert_eq!(rows.len(), 4);
        for feature in FEATURES {
            for metric in ["accuracy", "feature_use"] {
                let found = value(&rows, metric, feature.name());
                match in_place {
                    true => assert_eq!(found, 1.0, "{metric} {feature:?}"),
                    false => assert_near(found, 0.5),
                }
            }
        }
    }
}

#[test]
fn features_and_bits_are_decoded_by_their_own_labels() {
    let (_, sets) = drawn(BinaryTarget::Label, 0);
    let bits = bits_of(&sets.decoded);
    let bit = |bit: usize| -> Vec<u32> { bits.iter().map(|bits| bits[bit - 1]).collect() };
    let tasks = sets.decoded.tasks(sets.decoded.count());
    assert_eq!(tasks.len(), 2 + BITS);
    assert_eq!((tasks[0].feature, tasks[1].feature), ("easy", "hard"));
    assert_eq!(tasks[0].labels, bit(1));
    let xor: Vec<u32> = bits.iter().map(|bits| bits[16] ^ bits[17]).collect();
    assert_eq!(tasks[1].labels, xor);
    for (number, task) in (1..).zip(&tasks[2..]) {
        assert_eq!(task.feature, format!("bit{number}"));
        assert_eq!(task.labels, bit(number), "{number}");
    }
}

#[test]
fn decoders_are_tested_on_another_draw_than_they_are_trained_on() {
    let (_, sets) = drawn(BinaryTarget::Label, 1);
    let tasks = sets.decoded.tasks(1);
    assert_eq!(sets.decoded.train(), Vec::from_iter(0..N));
    assert_eq!(tasks[0].test, Vec::from_iter(N..2 * N));
    let decoded = bits_of(&sets.decoded);
    let (train, test) = decoded.split_at(N);
    assert!(test.iter().all(|stimulus| !train.contains(stimulus)));

    // nonlinear decoders are trained on more, and tested on the same
    let many = bits_of(sets.many.as_ref().unwrap());
    let (more, same) = many.split_at(NONLINEAR);
    assert!(same == test);
    assert!(more.iter().all(|stimulus| !decoded.contains(stimulus)));
}

#[test]
fn only_the_first_runs_have_stimuli_for_nonlinear_decoders() {
    let has_many = |run| drawn(BinaryTarget::Label, run).1.many.is_some();
    assert_eq!([0, 1, 2].map(has_many), [true, true, false]);
}
