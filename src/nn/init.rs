//! Initial values, PyTorch's defaults, from our own streams.

use layerprobe_streams::StreamKey;

/// Fills `values` with PyTorch's default for the weight and the bias of a
/// convolution or linear layer: uniform in `[-b, b)`, `b = 1 / sqrt(fan_in)`
/// (which is `kaiming_uniform_` with a negative slope of `sqrt(5)`), `fan_in`
/// being the inputs of one output.
///
/// # Panics
/// If `fan_in` is 0.
pub fn uniform_fan_in(values: &mut [f32], fan_in: usize, key: StreamKey) {
    assert!(fan_in > 0, "a layer without inputs has no bound");
    let bound = 1.0 / (fan_in as f64).sqrt();
    let mut stream = key.at(0);
    for value in values {
        *value = stream.uniform_in(-bound, bound) as f32;
    }
}
