//! Every texture can be told from every other, also at the quick size.
#![allow(clippy::unwrap_used)]

use layerprobe_generators::{StimulusSet, Trifeature, TrifeatureParams};
use layerprobe_streams::StreamKey;

const WHITE: usize = 9;
const SQUARE: usize = 1;
/// Side of the patch that is looked at.
const PATCH: usize = 24;

/// The ink of a patch in the middle of the object.
fn patch(set: &Trifeature, index: usize) -> Vec<f64> {
    let size = set.image_size();
    let mut rgb = vec![0; 3 * size * size];
    set.render_into(index, &mut rgb);
    let properties = set.property_values(index);
    let corner = |middle: f64| middle.round() as usize - PATCH / 2;
    let (left, top) = (corner(properties[0]), corner(properties[1]));
    (0..PATCH * PATCH)
        .map(|n| (top + n / PATCH) * size + left + n % PATCH)
        .map(|pixel| (f64::from(rgb[3 * pixel]) - 128.0) / 127.0)
        .collect()
}

/// A complex number.
type Complex = [f64; 2];

/// The discrete Fourier transform of each row of a patch, written as columns,
/// so that a second pass transforms the columns.
fn transform_rows(patch: &[Complex]) -> Vec<Complex> {
    let mut transformed = vec![[0.0; 2]; PATCH * PATCH];
    for (y, row) in patch.chunks(PATCH).enumerate() {
        for frequency in 0..PATCH {
            for (x, [re, im]) in row.iter().enumerate() {
                let turns = (frequency * x % PATCH) as f64 / PATCH as f64;
                let (sin, cos) = (std::f64::consts::TAU * turns).sin_cos();
                let [sum_re, sum_im] = &mut transformed[frequency * PATCH + y];
                *sum_re += re * cos + im * sin;
                *sum_im += im * cos - re * sin;
            }
        }
    }
    transformed
}

/// What does not change when the patch is turned or moved: the power of its
/// frequencies by distance from 0, each as a root, the mean, and how much of
/// the power runs along one axis.
fn description(set: &Trifeature, index: usize) -> Vec<f64> {
    let patch = patch(set, index);
    let mean = patch.iter().sum::<f64>() / patch.len() as f64;
    let window = |t: usize| (std::f64::consts::PI * (t as f64 + 0.5) / PATCH as f64).sin();
    let windowed = patch.iter().enumerate();
    let windowed = windowed.map(|(n, ink)| (ink - mean) * window(n % PATCH) * window(n / PATCH));
    let windowed: Vec<Complex> = windowed.map(|value| [value, 0.0]).collect();
    let spectrum = transform_rows(&transform_rows(&windowed));

    let signed = |frequency: usize| {
        let wrapped = if frequency < PATCH / 2 { 0 } else { PATCH };
        frequency as f64 - wrapped as f64
    };
    let mut rings = [0.0f64; PATCH / 2];
    let (mut along, mut across, mut total) = (0.0, 0.0, 1e-9);
    for (n, [re, im]) in spectrum.iter().enumerate() {
        let (x, y) = (signed(n % PATCH), signed(n / PATCH));
        let power = re * re + im * im;
        if let Some(ring) = rings.get_mut(x.hypot(y).round() as usize) {
            *ring += power;
        }
        let double = 2.0 * y.atan2(x);
        along += power * double.cos();
        across += power * double.sin();
        total += power;
    }
    let mut description: Vec<f64> = rings.iter().map(|ring| ring.sqrt() / 10.0).collect();
    description.push(10.0 * mean);
    description.push(5.0 * f64::hypot(along, across) / total);
    description
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The share of stimuli whose description is nearest to the mean of their own
/// texture, with means from other stimuli.
fn accuracy(set: &Trifeature) -> f64 {
    let describe = |texture: usize, exemplars: std::ops::Range<usize>| -> Vec<Vec<f64>> {
        exemplars
            .map(|exemplar| set.index_of(&[SQUARE, texture, WHITE], exemplar).unwrap())
            .map(|index| description(set, index))
            .collect()
    };
    let means: Vec<Vec<f64>> = (0..10)
        .map(|texture| {
            let all = describe(texture, 0..12);
            let mean = |n: usize| all.iter().map(|d| d[n]).sum::<f64>() / all.len() as f64;
            (0..all[0].len()).map(mean).collect()
        })
        .collect();
    let mut right = 0;
    for texture in 0..10 {
        for described in describe(texture, 12..24) {
            let nearest = (0..10).min_by(|&a, &b| {
                distance(&described, &means[a]).total_cmp(&distance(&described, &means[b]))
            });
            right += usize::from(nearest == Some(texture));
        }
    }
    f64::from(right as u32) / 120.0
}

fn accuracy_at(image_size: usize, object_size: usize, texture_period: usize) -> f64 {
    let params = TrifeatureParams {
        image_size,
        object_size,
        texture_period,
        exemplars: 24,
    };
    accuracy(&params.check(StreamKey::from_seed(11)).unwrap())
}

#[test]
fn textures_are_told_apart_at_the_quick_size() {
    assert!(accuracy_at(64, 40, 6) >= 0.97);
}

#[test]
fn textures_are_told_apart_at_the_full_size() {
    assert!(accuracy_at(224, 128, 10) >= 0.97);
}

#[test]
fn textures_are_told_apart_at_the_smallest_period() {
    assert!(accuracy_at(64, 40, 5) >= 0.97);
}
