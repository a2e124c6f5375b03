//! What the tests against PyTorch share.

use serde_json::Value;

/// `tests/golden/probes_adam.json`.
pub(crate) fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/probes_adam.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A list of numbers.
pub(crate) fn list(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

/// `n` numbers in `[-scale, scale)`, as in `tests/golden/samples.py`.
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
