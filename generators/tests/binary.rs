//! The binary-features data: frequencies and conditional predictivities.
#![allow(clippy::unwrap_used)]

use layerprobe_generators::binary::{
    BITS, Binary, BinaryFeature, BinaryParams, BinaryStimulus, DOMAIN, EasyRule, table,
};
use layerprobe_streams::StreamKey;

/// A share of 40,000 is this near its probability but once in 10^6 times.
const N: usize = 40_000;
const NEAR: f64 = 0.0125;

fn set(params: BinaryParams, count: usize) -> Binary {
    params.check(count, StreamKey::from_seed(3)).unwrap()
}

fn params(easy_rule: EasyRule, easy: f64, hard: f64) -> BinaryParams {
    BinaryParams {
        easy_rule,
        easy_predictivity: easy,
        hard_predictivity: hard,
    }
}

fn share(set: &Binary, of: impl Fn(&BinaryStimulus) -> bool) -> f64 {
    set.stimuli().filter(|stimulus| of(stimulus)).count() as f64 / set.len() as f64
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < NEAR, "{found} {expected}");
}

#[test]
fn features_are_what_their_bits_say() {
    for rule in [EasyRule::FirstBit, EasyRule::Majority] {
        for stimulus in set(params(rule, 0.7, 0.9), 2000).stimuli() {
            let ones = stimulus.bits[..15].iter().filter(|bit| **bit).count();
            let easy = match rule {
                EasyRule::FirstBit => stimulus.bits[0],
                EasyRule::Majority => ones >= 8,
            };
            assert_eq!(stimulus.easy, easy);
            assert_eq!(stimulus.hard, stimulus.bits[16] ^ stimulus.bits[17]);
        }
    }
}

#[test]
fn labels_are_half_and_features_predict_them_as_told() {
    for (rule, easy, hard) in [
        (EasyRule::FirstBit, 0.65, 0.9),
        (EasyRule::Majority, 0.5, 0.9),
        (EasyRule::FirstBit, 1.0, 0.5),
    ] {
        let set = set(params(rule, easy, hard), N);
        assert_eq!(share(&set, |s| s.label), 0.5);
        for label in [false, true] {
            // within a label, so that a bias to one value would show
            near(
                2.0 * share(&set, |s| s.label == label && s.easy == label),
                easy,
            );
            near(
                2.0 * share(&set, |s| s.label == label && s.hard == label),
                hard,
            );
        }
        // given the label, the two features are independent
        let both = share(&set, |s| s.easy == s.label && s.hard == s.label);
        near(both, easy * hard);
    }
}

#[test]
fn other_bits_are_fair_and_know_nothing() {
    let set = set(params(EasyRule::FirstBit, 0.8, 0.9), N);
    for bit in 0..BITS {
        near(share(&set, |s| s.bits[bit]), 0.5);
        let agrees = share(&set, |s| s.bits[bit] == s.label);
        near(agrees, if bit == 0 { 0.8 } else { 0.5 });
        // no bit alone says anything of the hard feature
        near(
            share(&set, |s| s.bits[bit] == s.hard),
            if bit == 0 { 0.8 * 0.9 + 0.2 * 0.1 } else { 0.5 },
        );
    }
    // uniform given the feature: two distractors are independent of each other
    near(share(&set, |s| s.bits[5] && s.bits[DOMAIN + 9]), 0.25);
    near(share(&set, |s| s.bits[6] && s.bits[7] && !s.bits[8]), 0.125);
}

#[test]
fn majorities_are_uniform_given_their_side() {
    let set = set(params(EasyRule::Majority, 0.9, 0.9), N);
    let binomial = |ones: u32| {
        let choose = (0..ones).fold(1.0, |c, k| c * f64::from(15 - k) / f64::from(k + 1));
        choose / f64::from(1u32 << 15)
    };
    for ones in 0..=15 {
        let count = |s: &BinaryStimulus| s.bits[..15].iter().filter(|bit| **bit).count();
        near(share(&set, |s| count(s) == ones), binomial(ones as u32));
    }
    near(share(&set, |s| s.bits[15]), 0.5);
}

#[test]
fn a_stimulus_is_the_same_whoever_asks() {
    let whole = set(params(EasyRule::FirstBit, 0.65, 0.9), 300);
    let few = set(params(EasyRule::FirstBit, 0.65, 0.9), 20);
    assert_eq!(few.stimulus(13), whole.stimulus(13));
    assert_eq!(whole.stimuli().nth(200), Some(whole.stimulus(200)));
    // another predictivity of the easy feature leaves the hard domain alone
    let other = set(params(EasyRule::FirstBit, 1.0, 0.9), 300);
    assert!((0..300).all(|n| other.stimulus(n).bits[DOMAIN..] == whole.stimulus(n).bits[DOMAIN..]));
    let key = StreamKey::from_seed(4);
    let apart = params(EasyRule::FirstBit, 0.65, 0.9)
        .check(300, key)
        .unwrap();
    assert_ne!(apart.stimulus(13).bits, whole.stimulus(13).bits);
}

#[test]
fn a_test_of_use_leaves_one_feature() {
    let params = params(EasyRule::FirstBit, 0.8, 0.9);
    for (unpredictive, easy, hard) in [
        (BinaryFeature::Easy, 0.5, 0.9),
        (BinaryFeature::Hard, 0.8, 0.5),
    ] {
        let set = set(params.unpredictive(unpredictive), N);
        near(share(&set, |s| s.easy == s.label), easy);
        near(share(&set, |s| s.hard == s.label), hard);
    }
    assert_eq!(BinaryFeature::Easy.other(), BinaryFeature::Hard);
}

#[test]
fn the_table_holds_what_the_set_does() {
    let set = set(BinaryParams::default(), 5);
    let text = String::from_utf8(table(&set).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    assert!(
        lines[0].starts_with("index,label,easy,hard,bit1,bit2,") && lines[0].ends_with(",bit32")
    );
    for (line, stimulus) in lines[1..].iter().zip(set.stimuli()) {
        let cells: Vec<u32> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(cells[1] == 1, stimulus.label);
        let bits: Vec<bool> = cells[4..].iter().map(|cell| *cell == 1).collect();
        assert_eq!(bits, stimulus.bits);
    }
}

#[test]
fn what_cannot_be_had_is_refused() {
    let key = StreamKey::from_seed(0);
    for bad in [0.49, 1.01, f64::NAN] {
        let error = params(EasyRule::FirstBit, bad, 0.9).check(10, key);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("easy_predictivity"), "{message}");
    }
    assert!(BinaryParams::default().check(0, key).is_err());
}
