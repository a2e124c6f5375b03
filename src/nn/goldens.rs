//! What the golden tests share: the numbers both languages compute, and the
//! comparison with a stored sample.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `n` numbers in `[-scale, scale)`, as `numbers` in
/// `tests/golden/engine_goldens.py`.
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
            assert!(!a.is_nan());
        }
        let sum: f64 = values.iter().sum();
        let squares: f64 = values.iter().map(|x| x * x).sum();
        let all = self.len as f64;
        error
            .max((sum - self.sum).abs() / scale / all)
            .max((squares - self.squares).abs() / scale / scale / all)
    }
}
