//! What Navon figures look like, and that they never change.
#![allow(clippy::unwrap_used)]

use layerprobe_generators::splits::{HoldOuts, Split, VERSIONS};
use layerprobe_generators::{Navon, NavonParams, StimulusSet, TextureAngle};
use layerprobe_streams::StreamKey;
use proptest::prelude::*;

const QUICK: NavonParams = NavonParams {
    image_size: 128,
    large_size: 114,
    small_size: 8,
    texture_angle: TextureAngle::Relative,
};

fn set(params: NavonParams) -> Navon {
    params.check(StreamKey::from_seed(7)).unwrap()
}

fn image(set: &Navon, index: usize) -> Vec<u8> {
    let mut rgb = vec![0; 3 * set.image_size() * set.image_size()];
    set.render_into(index, &mut rgb);
    rgb
}

fn twin(set: &Navon, index: usize, feature: usize, value: usize) -> Vec<u8> {
    let mut rgb = vec![0; 3 * set.image_size() * set.image_size()];
    set.render_twin_into(index, feature, value, &mut rgb);
    rgb
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Black ink, in pixels.
fn ink(rgb: &[u8]) -> f64 {
    let reds = rgb.iter().step_by(3);
    reds.map(|&red| 1.0 - f64::from(red) / 255.0).sum()
}

#[test]
fn there_are_3250_figures_of_two_letters() {
    let set = set(QUICK);
    assert_eq!(
        (set.len(), set.combinations(), set.exemplars()),
        (3250, 650, 5)
    );
    for index in 0..set.len() {
        let labels = set.labels(index);
        assert_ne!(labels[0], labels[1]);
        assert_eq!(set.index_of(&labels, set.exemplar(index)), Some(index));
    }
    assert_eq!(set.index_of(&[4, 4], 0), None);
    assert_eq!(set.stem(3249), "Z_Y_4");
}

/// Train 2545 - 5k, validation 330 + 5k each, discarded 45 - 5k, for k letters
/// that are held out as shape and as texture.
#[test]
fn splits_have_the_sizes_of_the_paper() {
    let set = set(QUICK);
    let mut seen = [false; 4];
    for seed in 0..12 {
        for version in 0..VERSIONS {
            let key = StreamKey::from_seed(seed);
            let hold_outs = HoldOuts::draw(set.features(), 3, version, None, key).unwrap();
            let both = |letter: &&usize| hold_outs.held(1).contains(letter);
            let k = hold_outs.held(0).iter().filter(both).count();
            let split = Split::of(&set, &hold_outs).unwrap();
            assert_eq!(split.train.len(), 2545 - 5 * k);
            assert_eq!(split.validation[0].len(), 330 + 5 * k);
            assert_eq!(split.validation[1].len(), 330 + 5 * k);
            assert_eq!(split.discarded.len(), 45 - 5 * k);
            seen[k] = true;
        }
    }
    assert!(seen[0] && seen[1]);
}

/// Ink shows that letters are there; the fewest are in an `I`, 0.14 em wide.
#[test]
fn every_figure_holds_many_small_letters() {
    for params in [QUICK, NavonParams::default()] {
        let set = set(params);
        // The ink of one small letter is near 1/4 of its em squared.
        let letter = 0.25 * (params.small_size * params.small_size) as f64;
        for index in (0..set.len()).step_by(7) {
            let figure = image(&set, index);
            let letters = ink(&figure) / letter;
            assert!(letters > 8.0, "{}: {letters}", set.stem(index));
        }
    }
}

#[test]
fn figures_are_grey_levels_on_white() {
    let set = set(QUICK);
    let figure = image(&set, 1234);
    assert!(
        figure
            .chunks(3)
            .all(|rgb| rgb[0] == rgb[1] && rgb[1] == rgb[2])
    );
    assert!(figure.contains(&0) || figure.iter().any(|&level| level < 40));
    assert!(figure.iter().filter(|&&level| level == 255).count() > figure.len() / 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn sizes_are_refused_or_drawn_and_never_panic(
        image_size in 0usize..260, large_size in 0usize..260, small_size in 0usize..30, seed: u64
    ) {
        let texture_angle = TextureAngle::Absolute;
        let params = NavonParams { image_size, large_size, small_size, texture_angle };
        if let Ok(set) = params.check(StreamKey::from_seed(seed)) {
            let figure = image(&set, seed as usize % set.len());
            prop_assert!(ink(&figure) > 0.0);
        }
    }
}

#[test]
fn exemplars_stand_at_the_five_radii() {
    let set = set(NavonParams::default());
    for index in 0..25 {
        let properties = set.property_values(index);
        let radius = (properties[0] - 112.0).hypot(properties[1] - 112.0);
        assert!((radius - 8.0 * (1 + index % 5) as f64).abs() < 1e-9);
    }
}

#[test]
fn both_readings_of_the_texture_angle_draw_the_same_numbers() {
    let relative = set(QUICK);
    let absolute = set(NavonParams {
        texture_angle: TextureAngle::Absolute,
        ..QUICK
    });
    let mut beyond_45 = false;
    for index in 0..100 {
        let (a, b) = (
            relative.property_values(index),
            absolute.property_values(index),
        );
        assert_eq!(a[..3], b[..3]);
        assert!((a[3] - (b[2] + b[3])).abs() < 1e-9);
        assert!(b[3].abs() <= 45.0);
        beyond_45 |= a[3].abs() > 45.0;
    }
    assert!(beyond_45);
}

#[test]
fn twins_differ_in_one_letter() {
    let set = set(QUICK);
    for index in (0..set.len()).step_by(311) {
        let labels = set.labels(index);
        for feature in 0..2 {
            assert_eq!(
                twin(&set, index, feature, labels[feature]),
                image(&set, index)
            );
            let value = set.twin_value(index, feature);
            assert!(!labels.contains(&value));
            assert_ne!(twin(&set, index, feature, value), image(&set, index));
        }
    }
}

/// Change these only together with the version of the stimuli.
#[test]
fn figures_have_not_changed() {
    let hashes = [0, 777, 1555, 3249].map(|index| hash(&image(&set(QUICK), index)));
    assert_eq!(
        hashes,
        [
            0xbcbd1fa813161c61,
            0xe2fb7f5449595997,
            0x1452a67758911e50,
            0xebfa3d8abda9aeec
        ]
    );
    let full = hash(&image(&set(NavonParams::default()), 2021));
    assert_eq!(full, 0xa8d8026a2c835309);
}

#[test]
fn sizes_that_cannot_be_drawn_are_refused() {
    let message = |params: NavonParams| {
        params
            .check(StreamKey::from_seed(0))
            .unwrap_err()
            .to_string()
    };
    for (params, start) in [
        (
            NavonParams {
                image_size: 0,
                ..QUICK
            },
            "image_size is 0",
        ),
        (
            NavonParams {
                image_size: usize::MAX,
                ..QUICK
            },
            "image_size is 1844",
        ),
        (
            NavonParams {
                large_size: 129,
                ..QUICK
            },
            "large_letter is 129, but must lie between 56 and 128",
        ),
        (
            NavonParams {
                large_size: 0,
                ..QUICK
            },
            "large_letter is 0",
        ),
        (
            NavonParams {
                small_size: 0,
                ..QUICK
            },
            "small_letter is 0",
        ),
        (
            NavonParams {
                small_size: 15,
                ..QUICK
            },
            "small_letter is 15, but must lie between 7 and 14",
        ),
    ] {
        assert!(message(params).starts_with(start), "{}", message(params));
    }
}
