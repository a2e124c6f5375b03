use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::custom::{Gradients3, Ternary, ternary};
use super::elsewhere;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn::layout::ImageLayout;
use crate::nn::{Activation, Conv, ConvBackward, ConvBuffers, ConvInput, ConvSpec, InputGradient};

/// How a convolution walks over its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSettings {
    /// Step between neighboring outputs, in pixels.
    pub stride: usize,
    /// Zeros put around the image on every side, in pixels.
    pub padding: usize,
    /// Step between neighboring taps of the kernel, in pixels.
    pub dilation: usize,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Default for ConvSettings {
    fn default() -> Self {
        Self {
            stride: 1,
            padding: 0,
            dilation: 1,
            groups: 1,
        }
    }
}

/// `activation(conv2d(images, weight) + bias)`, PyTorch's `conv2d` of a square
/// kernel.
///
/// `images` is `[n, in, height, width]`, `weight`
/// `[out, in / groups, kernel, kernel]`, `bias` `[out]`; the result is
/// `[n, out, rows, columns]`.
///
/// # Errors
/// If shapes or types do not fit, or nothing is left of the images.
pub fn conv2d(
    images: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    settings: ConvSettings,
    activation: Activation,
) -> Result<Tensor> {
    let (spec, layout) = check(images, weight, bias, settings)?;
    let conv = Conv::new::<f32>(spec, layout, 0, activation).map_err(candle_core::Error::wrap)?;
    if !images.device().is_cpu() {
        return elsewhere::conv2d(images, weight, bias, settings, activation);
    }
    let none;
    let bias = match bias {
        Some(bias) => bias,
        None => {
            none = Tensor::zeros(0, images.dtype(), images.device())?;
            &none
        }
    };
    ternary([images, weight, bias], Conv2dOp(conv))
}

/// The sizes of a convolution, if its tensors fit together.
pub(super) fn check(
    images: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    settings: ConvSettings,
) -> Result<(ConvSpec, ImageLayout)> {
    let (_, in_channels, height, width) = images.dims4()?;
    let (out_channels, in_group, kernel, kernel_width) = weight.dims4()?;
    if in_group * settings.groups != in_channels || kernel != kernel_width {
        candle_core::bail!(
            "a weight of shape {:?} does not fit images of shape {:?} in {} groups; wanted [out, in / groups, k, k]",
            weight.dims(),
            images.dims(),
            settings.groups
        );
    }
    if let Some(bias) = bias
        && bias.dims1()? != out_channels
    {
        candle_core::bail!(
            "a bias of shape {:?} for {out_channels} channels",
            bias.dims()
        );
    }
    let spec = ConvSpec {
        stride: settings.stride,
        padding: settings.padding,
        dilation: settings.dilation,
        groups: settings.groups,
        ..ConvSpec::new(in_channels, out_channels, kernel)
    };
    let layout = ImageLayout {
        height,
        width,
        channels: in_channels,
        border: settings.padding,
    };
    Ok((spec, layout))
}

struct Conv2dOp(Conv);

impl Conv2dOp {
    /// The same convolution for the vectors of an element type.
    fn conv<T: TensorReal>(&self) -> Result<Conv> {
        let conv = &self.0;
        Conv::new::<T>(*conv.spec(), conv.in_layout(), 0, conv.activation())
            .map_err(candle_core::Error::wrap)
    }
}

impl Ternary for Conv2dOp {
    const NAME: &'static str = "conv2d";

    fn forward<T: TensorReal>(
        &self,
        [images, weight, bias]: [&[T]; 3],
    ) -> Result<(CpuStorage, Shape)> {
        let conv = self.conv::<T>()?;
        let images = conv.in_layout().batch_from_chw(images);
        let n = images.len() / conv.in_layout().len();
        let layout = conv.out_layout();
        let mut output = vec![T::ZERO; n * layout.len()];
        let input = ConvInput {
            images: &images,
            weight,
            bias,
        };
        conv.forward(input, None, &mut ConvBuffers::default(), &mut output);
        let shape = (n, layout.channels, layout.height, layout.width);
        Ok(stored(layout.batch_to_chw(&output), shape))
    }

    fn backward<T: TensorReal>(
        &self,
        [images, weight, bias]: [&Tensor; 3],
        output: &Tensor,
        slopes: &Tensor,
    ) -> Result<Gradients3> {
        let conv = self.conv::<T>()?;
        let (input, layout) = (conv.in_layout(), conv.out_layout());
        let pixels = input.batch_from_chw(&values::<T>(images)?);
        let (weights, biases) = (values::<T>(weight)?, values::<T>(bias)?);
        let output = layout.batch_from_chw(&values::<T>(output)?);
        let slopes = layout.batch_from_chw(&values::<T>(slopes)?);
        let mut weight_gradient = vec![T::ZERO; weights.len()];
        let mut bias_gradient = vec![T::ZERO; biases.len()];
        let mut image_gradient = vec![T::ZERO; images.elem_count()];
        conv.backward(
            ConvInput {
                images: &pixels,
                weight: &weights,
                bias: &biases,
            },
            ConvBackward {
                output: &output,
                out_gradient: &slopes,
                weight: &mut weight_gradient,
                bias: &mut bias_gradient,
                images: InputGradient::Write(&mut image_gradient),
            },
            &mut ConvBuffers::default(),
        );
        let chw = input.with_border(0).batch_to_chw(&image_gradient);
        let bias_gradient = match biases.is_empty() {
            true => None,
            false => Some(tensor(bias_gradient, bias)?),
        };
        Ok((
            Some(tensor(chw, images)?),
            Some(tensor(weight_gradient, weight)?),
            bias_gradient,
        ))
    }
}
