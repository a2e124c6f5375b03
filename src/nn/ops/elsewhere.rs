//! The same operations made of candle's own, for devices without kernels here.
//! Slower than a kernel, but right, max-pool's gradient included.

use candle_core::{D, Result, Tensor};

use super::batch_norm::BatchNormOutput;
use super::conv2d::ConvSettings;
use crate::nn::{Activation, AveragePool, PoolSpec};

pub(super) fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::None => Ok(x.clone()),
        Activation::Relu => x.relu(),
        Activation::LeakyRelu(slope) => {
            // of zeros and smaller ones, as of not a number, less is kept
            let above = x.gt(&x.zeros_like()?)?;
            above.where_cond(x, &(x * slope)?)
        }
    }
}

pub(super) fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    activation: Activation,
) -> Result<Tensor> {
    activate(&x.matmul(&weight.t()?)?.broadcast_add(bias)?, activation)
}

pub(super) fn cross_entropy(logits: &Tensor, labels: &[u32]) -> Result<Tensor> {
    // the maximum only moves the scale: no gradient through it
    let off = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
    let normalizer = off.exp()?.sum(D::Minus1)?.log()?;
    let labels = Tensor::from_slice(labels, (labels.len(), 1), logits.device())?;
    let right = off.gather(&labels, 1)?.squeeze(1)?;
    (normalizer - right)?.mean_all()
}

pub(super) fn conv2d(
    images: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    settings: ConvSettings,
    activation: Activation,
) -> Result<Tensor> {
    let ConvSettings {
        stride,
        padding,
        dilation,
        groups,
    } = settings;
    let mut y = images.conv2d(weight, padding, stride, dilation, groups)?;
    if let Some(bias) = bias {
        y = y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?;
    }
    activate(&y, activation)
}

/// Max-pool as a race of the window's places, one after the other, each a
/// tensor of all windows. A place beyond the image is moved to the nearest one
/// within, which is in the same window and was or will be there anyway.
pub(super) fn max_pool2d(images: &Tensor, spec: PoolSpec) -> Result<Tensor> {
    let (_, _, height, width) = images.dims4()?;
    let places = |side: usize, offset: usize| {
        let windows = (side + 2 * spec.padding - spec.window) / spec.stride + 1;
        let places: Vec<u32> = (0..windows)
            .map(|at| (at * spec.stride + offset).saturating_sub(spec.padding))
            .map(|place| place.min(side - 1) as u32)
            .collect();
        Tensor::from_vec(places, windows, images.device())
    };
    let mut best: Option<Tensor> = None;
    for row in 0..spec.window {
        let rows = images.index_select(&places(height, row)?, 2)?;
        for column in 0..spec.window {
            let candidate = rows.index_select(&places(width, column)?, 3)?;
            best = Some(match best {
                None => candidate,
                Some(best) => {
                    // strictly larger, so that the first of equals stays; not a
                    // number differs from itself and wins
                    let larger = candidate.gt(&best)?;
                    let wins = (larger + candidate.ne(&candidate)?)?;
                    wins.where_cond(&candidate, &best)?
                }
            });
        }
    }
    best.ok_or_else(|| candle_core::Error::Msg("a pool without a window".to_owned()))
}

/// Averages are linear and act on rows and columns apart: two matrix products.
pub(super) fn average(images: &Tensor, pool: &AveragePool) -> Result<Tensor> {
    let (n, channels, height, width) = images.dims4()?;
    let output = pool.out_layout();
    let [rows, columns] = pool.matrices();
    let matrix = |values: Vec<f64>, shape: (usize, usize)| {
        Tensor::from_vec(values, shape, images.device())?.to_dtype(images.dtype())
    };
    let rows = matrix(rows, (output.height, height))?;
    let columns = matrix(columns, (output.width, width))?;
    let across = images
        .reshape((n * channels * height, width))?
        .matmul(&columns.t()?)?
        .reshape((n * channels, height, output.width))?
        .transpose(1, 2)?
        .contiguous()?;
    let down = across
        .reshape((n * channels * output.width, height))?
        .matmul(&rows.t()?)?
        .reshape((n * channels, output.width, output.height))?;
    down.transpose(1, 2)?
        .contiguous()?
        .reshape((n, channels, output.height, output.width))
}

pub(super) fn batch_norm(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    epsilon: f64,
    activation: Activation,
) -> Result<BatchNormOutput> {
    let (n, channels, height, width) = images.dims4()?;
    let count = (n * height * width) as f64;
    let rows = images.transpose(0, 1)?.flatten_from(1)?;
    let mean = rows.mean_keepdim(1)?;
    let off = rows.broadcast_sub(&mean)?;
    let variance = off.sqr()?.mean_keepdim(1)?;
    let normalized = off.broadcast_div(&(&variance + epsilon)?.sqrt()?)?;
    let scaled = normalized
        .broadcast_mul(&scale.reshape((channels, 1))?)?
        .broadcast_add(&shift.reshape((channels, 1))?)?
        .reshape((channels, n, height, width))?
        .transpose(0, 1)?
        .contiguous()?;
    Ok(BatchNormOutput {
        output: activate(&scaled, activation)?,
        mean: mean.squeeze(1)?.detach(),
        variance: (variance.squeeze(1)?.detach() * (count / (count - 1.0)))?,
    })
}
