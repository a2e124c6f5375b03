use crate::nn::{ConvSpec, NormParameters, Real};

/// Folds a batch norm in eval mode into the convolution before it.
///
/// With `f = scale / sqrt(variance + epsilon)` for each output channel, the
/// weight becomes `f * weight` and the bias `f * (bias - mean) + shift`, so that
/// the convolution alone gives what both gave. `weight` is PyTorch's
/// `[out, in / groups, kernel, kernel]`; `bias` may be empty for none. Both
/// results are overwritten.
///
/// # Panics
/// If a slice does not have its length.
pub fn fold_norm<T: Real>(
    spec: &ConvSpec,
    weight: &[T],
    bias: &[T],
    norm: NormParameters<'_, T>,
    epsilon: f64,
    folded_weight: &mut [T],
    folded_bias: &mut [T],
) {
    let channels = spec.out_channels;
    assert_eq!(weight.len(), spec.weight_len(), "length of the weight");
    assert_eq!(folded_weight.len(), weight.len(), "length of the result");
    assert_eq!(folded_bias.len(), channels, "length of the folded bias");
    assert!(
        bias.is_empty() || bias.len() == channels,
        "length of the bias"
    );
    norm.check(channels);
    let rows = weight.chunks_exact(spec.fan_in());
    let folded = folded_weight.chunks_exact_mut(spec.fan_in());
    for (channel, (row, folded)) in rows.zip(folded).enumerate() {
        let deviation = (norm.variance[channel].to_f64() + epsilon).sqrt();
        let factor = norm.scale[channel].to_f64() / deviation;
        for (to, &value) in folded.iter_mut().zip(row) {
            *to = T::from_f64(value.to_f64() * factor);
        }
        let bias = bias.get(channel).map_or(0.0, |bias| bias.to_f64());
        let moved = (bias - norm.mean[channel].to_f64()) * factor;
        folded_bias[channel] = T::from_f64(moved + norm.shift[channel].to_f64());
    }
}
