use candle_core::{Result, Tensor};

use super::Network;
use super::graph::Op;
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
        let mut parameters = parameters.iter();
        let mut values = vec![images.clone()];
        for node in &self.plan.graph.nodes {
            let x = &values[node.input.index()];
            let own = self.plan.graph.parameters_of(node).len();
            let own: Vec<&Tensor> = parameters.by_ref().take(own).collect();
            let y = match (node.op, own.as_slice()) {
                (Op::ConvBlock(spec), [weight, bias]) => {
                    ops::conv_block(x, weight, bias, spec.stride, spec.padding)?
                }
                (Op::Linear { activation, .. }, [weight, bias]) => {
                    ops::linear(x, weight, bias, activation)?
                }
                (Op::Flatten, _) => x.flatten_from(1)?,
                _ => candle_core::bail!("{} cannot be run on tensors yet", self.arch()),
            };
            values.push(y);
        }
        values
            .pop()
            .ok_or_else(|| candle_core::Error::Msg("a network without nodes".to_owned()))
    }
}
