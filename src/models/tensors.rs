use candle_core::{Result, Tensor};

use super::Network;
use super::layer::LayerKind;
use crate::nn::ops;

impl Network {
    /// The logits as a candle tensor, with gradients of all that goes in.
    ///
    /// `images` is `[n, 3, size, size]`; `parameters` are tensors in the order
    /// of [`parameters`](Self::parameters), of any values: variables for
    /// gradients, `f64` for tests. The layers are those that training runs.
    ///
    /// # Errors
    /// If a shape or type does not fit.
    ///
    /// ```
    /// use candle_core::{Device, Tensor, Var};
    /// use layerprobe::models::{Arch, Network};
    /// use layerprobe::nn::ops;
    /// use layerprobe_streams::StreamKey;
    ///
    /// let network = Network::new(Arch::Cnn4, 16, 3, StreamKey::from_seed(0))?;
    /// let weights = network.parameters().iter()
    ///     .map(|parameter| Var::from_tensor(&parameter.to_tensor()?))
    ///     .collect::<candle_core::Result<Vec<_>>>()?;
    /// let tensors: Vec<Tensor> = weights.iter().map(|var| var.as_tensor().clone()).collect();
    /// let images = Tensor::ones((2, 3, 16, 16), candle_core::DType::F32, &Device::Cpu)?;
    /// let loss = ops::cross_entropy(&network.forward_tensors(&images, &tensors)?, &[0, 2])?;
    /// let gradients = loss.backward()?;
    /// assert_eq!(gradients.get(&weights[0]).unwrap().dims(), [32, 3, 3, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward_tensors(&self, images: &Tensor, parameters: &[Tensor]) -> Result<Tensor> {
        if parameters.len() != self.parameters().len() {
            candle_core::bail!(
                "{} has {} parameters, not {}",
                self.arch(),
                self.parameters().len(),
                parameters.len()
            );
        }
        let mut x = images.clone();
        for (layer, own) in self.layers().iter().zip(parameters.chunks_exact(2)) {
            let (weight, bias) = (&own[0], &own[1]);
            x = match &layer.kind {
                LayerKind::ConvBlock(block) => {
                    let spec = block.spec();
                    ops::conv_block(&x, weight, bias, spec.stride, spec.padding)?
                }
                LayerKind::Linear(linear) => {
                    ops::linear(&x.flatten_from(1)?, weight, bias, linear.activation)?
                }
            };
        }
        Ok(x)
    }
}
