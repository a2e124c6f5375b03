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

/// Fills `values` with torchvision's choice for the convolutions of a ResNet:
/// normal with mean 0 and deviation `sqrt(2 / fan_out)` (`kaiming_normal_` with
/// `mode="fan_out", nonlinearity="relu"`), `fan_out` being output channels
/// times the kernel's area.
///
/// # Panics
/// If `fan_out` is 0.
pub fn normal_fan_out(values: &mut [f32], fan_out: usize, key: StreamKey) {
    assert!(fan_out > 0, "a layer without outputs has no deviation");
    let deviation = (2.0 / fan_out as f64).sqrt();
    let mut stream = key.at(0);
    for value in values {
        *value = (deviation * stream.normal()) as f32;
    }
}

/// Fills `values` as `xavier_uniform_` does: uniform in `[-b, b)`, `b = sqrt(6 /
/// fans)`, `fans` being inputs plus outputs (Glorot & Bengio 2010).
///
/// # Panics
/// If `fans` is 0.
pub fn uniform_xavier(values: &mut [f32], fans: usize, key: StreamKey) {
    assert!(fans > 0, "a layer without inputs and outputs has no bound");
    let bound = (6.0 / fans as f64).sqrt();
    let mut stream = key.at(0);
    for value in values {
        *value = stream.uniform_in(-bound, bound) as f32;
    }
}

/// Fills `values` as `kaiming_normal_(a=slope)` does: normal with mean 0 and
/// deviation `sqrt(2 / (1 + slope^2) / fan_in)` (He et al. 2015).
///
/// # Panics
/// If `fan_in` is 0.
pub fn normal_leaky(values: &mut [f32], fan_in: usize, slope: f64, key: StreamKey) {
    assert!(fan_in > 0, "a layer without inputs has no deviation");
    let deviation = (2.0 / (1.0 + slope * slope) / fan_in as f64).sqrt();
    let mut stream = key.at(0);
    for value in values {
        *value = (deviation * stream.normal()) as f32;
    }
}
