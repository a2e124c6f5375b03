use candle_core::{Result, Tensor};
use layerprobe_streams::StreamKey;

use crate::nn::Dropout;

/// Inverted dropout of `x`, `[n, ...]`, with the mask that
/// [`Dropout::forward`] draws for rows of the other dimensions. A product with
/// that mask, on every device.
///
/// # Errors
/// If `x` has no dimension, or is of a type without products.
pub fn dropout(x: &Tensor, dropout: Dropout, key: StreamKey) -> Result<Tensor> {
    let row = x.elem_count() / x.dim(0)?.max(1);
    let (mut factors, mut mask) = (vec![1.0f64; x.elem_count()], vec![0; x.elem_count()]);
    dropout.forward(&mut factors, row, key, &mut mask);
    x * Tensor::from_vec(factors, x.shape(), x.device())?.to_dtype(x.dtype())?
}
