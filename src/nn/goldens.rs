//! What the golden tests share: the numbers both languages compute, and the
//! comparison with a stored sample.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `n` numbers in `[-scale, scale)`, as `numbers` in
/// `tests/golden/samples.py`.
pub(crate) fn numbers(n: usize, seed: u64, scale: f64) -> Vec<f64> {
    let mask = 0xffff_ffff_u64;
    (1..=n as u64)
        .map(|i| {
            let mut x = i.wrapping_mul(2654435761).wrapping_add(seed * 40503) & mask;
            x ^= x >> 15;
            x = x.wrapping_mul(2246822519) & mask;
            x ^= x >> 13;
            (x as f64 / 4294967296.0 * 2.0 - 1.0) * scale
        })
        .collect()
}

/// `n` whole numbers from `low` to `high`.
pub(crate) fn whole(n: usize, seed: u64, low: f64, high: f64) -> Vec<f64> {
    numbers(n, seed, 1.0)
        .into_iter()
        .map(|x| ((x + 1.0) / 2.0 * (high - low + 1.0)).floor() + low)
        .collect()
}

/// Reads `tests/golden/<name>`.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A stored result: every `stride`-th number and two sums over all.
#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    len: usize,
    stride: usize,
    values: Vec<f64>,
    sum: f64,
    squares: f64,
}

impl Sample {
    /// Largest error relative to the largest number of the sample (or the root
    /// mean square of all, if that is larger); the sums are held to the same.
    pub(crate) fn error(&self, values: &[f64]) -> f64 {
        assert_eq!(values.len(), self.len);
        let root = (self.squares / self.len as f64).sqrt();
        let scale = self.values.iter().fold(root, |a, b| a.max(b.abs()));
        let scale = scale.max(f64::MIN_POSITIVE);
        let sampled = values.iter().step_by(self.stride);
        assert_eq!(sampled.len(), self.values.len());
        let mut error: f64 = 0.0;
        for (a, b) in sampled.zip(&self.values) {
            error = error.max((a - b).abs() / scale);
        }
        let sum: f64 = values.iter().sum();
        let squares: f64 = values.iter().map(|x| x * x).sum();
        // a maximum leaves out what is not a number
        assert!(sum.is_finite(), "a sum of {sum}");
        assert!(squares.is_finite(), "a sum of squares of {squares}");
        let all = self.len as f64;
        error
            .max((sum - self.sum).abs() / scale / all)
            .max((squares - self.squares).abs() / scale / scale / all)
    }
}

/// As a golden file would hold the numbers 1, 2, 3.
fn one_two_three() -> Sample {
    Sample {
        len: 3,
        stride: 2,
        values: vec![1.0, 3.0],
        sum: 6.0,
        squares: 14.0,
    }
}

#[test]
fn numbers_between_the_sampled_ones_count() {
    assert_eq!(one_two_three().error(&[1.0, 2.0, 3.0]), 0.0);
    assert!(one_two_three().error(&[1.0, 2.5, 3.0]) > 0.05);
}

#[test]
#[should_panic(expected = "a sum of NaN")]
fn all_numbers_must_be_numbers() {
    one_two_three().error(&[1.0, f64::NAN, 3.0]);
}
