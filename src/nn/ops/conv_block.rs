use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::conv2d::{ConvSettings, check};
use super::custom::{Gradients3, Ternary, ternary};
use super::elsewhere;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn::layout::ImageLayout;
use crate::nn::{
    Activation, ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput, ConvSpec, PoolSpec,
};

/// The pool at a block's end.
const POOL: PoolSpec = PoolSpec {
    window: 2,
    stride: 2,
    padding: 0,
};

/// `maxpool2x2(relu(conv2d(images, weight) + bias))`.
///
/// `images` is `[n, in, height, width]`, `weight` `[out, in, kernel, kernel]`,
/// `bias` `[out]`; the result is `[n, out, rows, columns]`. The first maximum
/// of a window takes its gradient, as in PyTorch.
///
/// # Errors
/// If shapes or types do not fit, or nothing is left of the images.
pub fn conv_block(
    images: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    stride: usize,
    padding: usize,
) -> Result<Tensor> {
    let settings = ConvSettings {
        stride,
        padding,
        ..ConvSettings::default()
    };
    let (spec, layout) = check(images, weight, Some(bias), settings)?;
    ConvBlock::new::<f32>(spec, layout.height, layout.width, 0)
        .map_err(candle_core::Error::wrap)?;
    if !images.device().is_cpu() {
        let convolved = elsewhere::conv2d(images, weight, Some(bias), settings, Activation::Relu)?;
        return elsewhere::max_pool2d(&convolved, POOL);
    }
    let op = ConvBlockOp {
        spec,
        layout,
        winners: Mutex::new(Vec::new()),
    };
    ternary([images, weight, bias], op)
}

/// The operation; the winners of its forward pass live here.
struct ConvBlockOp {
    spec: ConvSpec,
    layout: ImageLayout,
    winners: Mutex<Vec<u8>>,
}

impl ConvBlockOp {
    fn block<T: TensorReal>(&self) -> Result<ConvBlock> {
        let ImageLayout { height, width, .. } = self.layout;
        ConvBlock::new::<T>(self.spec, height, width, 0).map_err(candle_core::Error::wrap)
    }
}

impl Ternary for ConvBlockOp {
    const NAME: &'static str = "conv-block";

    fn forward<T: TensorReal>(
        &self,
        [images, weight, bias]: [&[T]; 3],
    ) -> Result<(CpuStorage, Shape)> {
        let block = self.block::<T>()?;
        let images = self.layout.batch_from_chw(images);
        let n = images.len() / block.in_len();
        let mut output = vec![T::ZERO; n * block.out_len()];
        let mut winners = vec![0; n * block.out_gradient_len()];
        let input = ConvInput {
            images: &images,
            weight,
            bias,
        };
        let mut buffers = ConvBlockBuffers::default();
        block.forward(input, &mut buffers, &mut output, Some(&mut winners));
        *self.winners.lock().unwrap_or_else(PoisonError::into_inner) = winners;
        let (rows, columns) = block.out_size();
        Ok(stored(
            block.out_layout().batch_to_chw(&output),
            (n, self.spec.out_channels, rows, columns),
        ))
    }

    fn backward<T: TensorReal>(
        &self,
        [images, weight, bias]: [&Tensor; 3],
        _output: &Tensor,
        slopes: &Tensor,
    ) -> Result<Gradients3> {
        let block = self.block::<T>()?;
        let pixels = self.layout.batch_from_chw(&values::<T>(images)?);
        let (weights, biases) = (values::<T>(weight)?, values::<T>(bias)?);
        let slopes = block.out_layout().batch_from_chw(&values::<T>(slopes)?);
        let mut weight_gradient = vec![T::ZERO; weights.len()];
        let mut bias_gradient = vec![T::ZERO; biases.len()];
        let mut image_gradient = vec![T::ZERO; images.elem_count()];
        block.backward(
            ConvInput {
                images: &pixels,
                weight: &weights,
                bias: &biases,
            },
            &self.winners.lock().unwrap_or_else(PoisonError::into_inner),
            &slopes,
            &mut ConvBlockBuffers::default(),
            ConvGradient {
                weight: &mut weight_gradient,
                bias: &mut bias_gradient,
                images: Some(&mut image_gradient),
            },
        );
        let inner = self.layout.with_border(0);
        Ok((
            Some(tensor(inner.batch_to_chw(&image_gradient), images)?),
            Some(tensor(weight_gradient, weight)?),
            Some(tensor(bias_gradient, bias)?),
        ))
    }
}
