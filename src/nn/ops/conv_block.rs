use std::sync::{Mutex, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor};

use super::slices::{TensorReal, slice, stored, tensor, unsupported, values};
use crate::nn::layout::ImageLayout;
use crate::nn::{ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput, ConvSpec};

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
    let (_, in_channels, height, width) = images.dims4()?;
    let (out_channels, weight_channels, kernel, kernel_width) = weight.dims4()?;
    if weight_channels != in_channels || kernel != kernel_width {
        candle_core::bail!(
            "a weight of shape {:?} does not fit images of shape {:?}; wanted [out, {in_channels}, k, k]",
            weight.dims(),
            images.dims()
        );
    }
    if bias.dims1()? != out_channels {
        candle_core::bail!(
            "a bias of shape {:?} for {out_channels} channels",
            bias.dims()
        );
    }
    let op = ConvBlockOp {
        spec: ConvSpec {
            stride,
            padding,
            ..ConvSpec::new(in_channels, out_channels, kernel)
        },
        layout: ImageLayout {
            height,
            width,
            channels: in_channels,
            border: padding,
        },
        winners: Mutex::new(Vec::new()),
    };
    images
        .contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
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

    fn forward<T: TensorReal>(
        &self,
        images: &[T],
        weight: &[T],
        bias: &[T],
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
        images: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        out_gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let block = self.block::<T>()?;
        let pixels = self.layout.batch_from_chw(&values::<T>(images)?);
        let (weights, biases) = (values::<T>(weight)?, values::<T>(bias)?);
        let out_gradient = block
            .out_layout()
            .batch_from_chw(&values::<T>(out_gradient)?);
        let inner = ImageLayout {
            border: 0,
            ..self.layout
        };
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
            &out_gradient,
            &mut ConvBlockBuffers::default(),
            ConvGradient {
                weight: &mut weight_gradient,
                bias: &mut bias_gradient,
                images: Some(&mut image_gradient),
            },
        );
        Ok((
            Some(tensor(inner.batch_to_chw(&image_gradient), images)?),
            Some(tensor(weight_gradient, weight)?),
            Some(tensor(bias_gradient, bias)?),
        ))
    }
}

impl CustomOp3 for ConvBlockOp {
    fn name(&self) -> &'static str {
        "conv-block"
    }

    fn cpu_fwd(
        &self,
        images: &CpuStorage,
        images_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match images {
            CpuStorage::F32(_) => self.forward::<f32>(
                slice(images, images_layout)?,
                slice(weight, weight_layout)?,
                slice(bias, bias_layout)?,
            ),
            CpuStorage::F64(_) => self.forward::<f64>(
                slice(images, images_layout)?,
                slice(weight, weight_layout)?,
                slice(bias, bias_layout)?,
            ),
            other => unsupported(self.name(), other.dtype()),
        }
    }

    fn bwd(
        &self,
        images: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _output: &Tensor,
        out_gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        match images.dtype() {
            DType::F32 => self.backward::<f32>(images, weight, bias, out_gradient),
            DType::F64 => self.backward::<f64>(images, weight, bias, out_gradient),
            other => unsupported(self.name(), other),
        }
    }
}
