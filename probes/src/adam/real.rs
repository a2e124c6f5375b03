use layerprobe_linalg::Element;

/// The numbers probes are trained in: `f32`, and `f64` for gradient tests.
pub(crate) trait Real: linfa::Float + Element {
    /// Puts `exp` of each number, none above 0, in its place.
    fn exp_all(values: &mut [Self]);
}

impl Real for f64 {
    fn exp_all(values: &mut [Self]) {
        for value in values {
            *value = value.exp();
        }
    }
}

impl Real for f32 {
    /// A loop that compiles to vector instructions: `exp(x) = 2^n exp(r)` with
    /// `n` the integer nearest to `x / ln 2` and six terms of the series of
    /// `exp(r)`, `|r| <= ln 2 / 2`. Relative error below 3e-7; 0 below -32:
    /// slopes so far under Adam's epsilon move nothing, and their squares
    /// would be subnormal numbers, which processors work on a hundred times
    /// more slowly.
    fn exp_all(values: &mut [Self]) {
        const LEAST: f32 = -32.0;
        // adding it leaves the nearest integer in the lowest bits
        const ROUND: f32 = 12_582_912.0;
        // ln 2 in two parts, the first short enough for exact products with n
        const LN_2: f32 = 0.693_359_4;
        const LN_2_REST: f32 = -2.121_944_4e-4;
        for value in values {
            let x = if *value < LEAST { LEAST } else { *value };
            let shifted = x * std::f32::consts::LOG2_E + ROUND;
            let n = shifted - ROUND;
            let r = x - n * LN_2 - n * LN_2_REST;
            let series = 1.0 / 720.0;
            let series = series * r + 1.0 / 120.0;
            let series = series * r + 1.0 / 24.0;
            let series = series * r + 1.0 / 6.0;
            let series = series * r + 0.5;
            let series = series * r + 1.0;
            let series = series * r + 1.0;
            let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
            *value = if *value < LEAST { 0.0 } else { series * power };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_agree_with_those_of_f64() {
        let mut values: Vec<f32> = (0..=88_000).map(|i| -(i as f32) / 1000.0).collect();
        let exact: Vec<f64> = values.iter().map(|x| f64::from(*x).exp()).collect();
        Real::exp_all(&mut values);
        assert_eq!(values[0], 1.0);
        for (found, exact) in values.iter().zip(exact) {
            let error = (f64::from(*found) - exact).abs();
            assert!(error <= 3e-7 * exact + 1.3e-14, "{found} for {exact}");
        }
        let mut far = [f32::NEG_INFINITY, -1e30, f32::NAN];
        Real::exp_all(&mut far);
        assert_eq!(far[..2], [0.0, 0.0]);
        assert!(far[2].is_nan(), "{}", far[2]);
    }
}
