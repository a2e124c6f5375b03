use candle_core::{Result, Tensor};
use layerprobe_streams::StreamKey;

use super::Network;
use super::graph::{Node, Op};
use super::pass::NORM_EPSILON;
use crate::nn::ops::{self, ConvSettings};
use crate::nn::{Activation, Dropout, PoolSpec};

/// How a network behaves on candle tensors.
#[derive(Clone, Copy, Debug)]
pub enum TensorPass {
    /// As in training: batch norms take the batch's own statistics, dropout
    /// draws from this key.
    Training(StreamKey),
    /// As in reading: batch norms take the network's running statistics,
    /// dropout leaves nothing out.
    Eval,
}

impl Network {
    /// The logits as a candle tensor, with gradients of all that goes in.
    ///
    /// `images` is `[n, 3, size, size]`; `parameters` are tensors in the order
    /// of [`parameters`](Self::parameters), of any values: variables for
    /// gradients, `f64` for tests. The nodes are those that training runs.
    ///
    /// # Errors
    /// If a shape or type does not fit.
    ///
    /// ```
    /// use candle_core::{Device, Tensor, Var};
    /// use layerprobe::models::{Arch, Network, TensorPass};
    /// use layerprobe::nn::ops;
    /// use layerprobe_streams::StreamKey;
    ///
    /// let network = Network::new(Arch::Cnn4, 16, 3, StreamKey::from_seed(0))?;
    /// let weights = network.parameters().iter()
    ///     .map(|parameter| Var::from_tensor(&parameter.to_tensor()?))
    ///     .collect::<candle_core::Result<Vec<_>>>()?;
    /// let tensors: Vec<Tensor> = weights.iter().map(|var| var.as_tensor().clone()).collect();
    /// let images = Tensor::ones((2, 3, 16, 16), candle_core::DType::F32, &Device::Cpu)?;
    /// let logits = network.forward_tensors(&images, &tensors, TensorPass::Eval)?;
    /// let gradients = ops::cross_entropy(&logits, &[0, 2])?.backward()?;
    /// assert_eq!(gradients.get(&weights[0]).unwrap().dims(), [32, 3, 3, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward_tensors(
        &self,
        images: &Tensor,
        parameters: &[Tensor],
        pass: TensorPass,
    ) -> Result<Tensor> {
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
        for (i, node) in self.plan.graph.nodes.iter().enumerate() {
            let x = &values[node.input.index()];
            let residual = node.residual.map(|value| &values[value.index()]);
            let own = self.plan.graph.parameters_of(node).len();
            let own: Vec<&Tensor> = parameters.by_ref().take(own).collect();
            let y = match (node.op, own.as_slice()) {
                (Op::BatchNorm { activation }, [scale, shift]) => {
                    self.normalize(i, x, residual, (scale, shift), activation, pass)?
                }
                (_, own) => node.on_tensors(x, own, pass)?,
            };
            values.push(y);
        }
        values
            .pop()
            .ok_or_else(|| candle_core::Error::Msg("a network without nodes".to_owned()))
    }

    /// A batch norm, what is added to it, and the activation.
    fn normalize(
        &self,
        node: usize,
        x: &Tensor,
        residual: Option<&Tensor>,
        (scale, shift): (&Tensor, &Tensor),
        activation: Activation,
        pass: TensorPass,
    ) -> Result<Tensor> {
        let before = match residual {
            Some(_) => Activation::None,
            None => activation,
        };
        let y = match pass {
            TensorPass::Training(_) => {
                ops::batch_norm(x, scale, shift, NORM_EPSILON, before)?.output
            }
            TensorPass::Eval => {
                let tensor = |values: &[f32]| {
                    Tensor::from_slice(values, values.len(), x.device())?.to_dtype(x.dtype())
                };
                let (mean, variance) = self.running(node);
                let (mean, variance) = (tensor(mean)?, tensor(variance)?);
                ops::batch_norm_eval(x, scale, shift, &mean, &variance, NORM_EPSILON, before)?
            }
        };
        match residual {
            Some(residual) => ops::activate(&(y + residual)?, activation),
            None => Ok(y),
        }
    }
}

impl Node {
    /// What a node other than a batch norm gives for tensors.
    fn on_tensors(&self, x: &Tensor, own: &[&Tensor], pass: TensorPass) -> Result<Tensor> {
        match (self.op, own) {
            (Op::ConvBlock(spec), [weight, bias]) => {
                ops::conv_block(x, weight, bias, spec.stride, spec.padding)
            }
            (
                Op::Conv {
                    spec, activation, ..
                },
                [weight, bias @ ..],
            ) => {
                let settings = ConvSettings {
                    stride: spec.stride,
                    padding: spec.padding,
                    dilation: spec.dilation,
                    groups: spec.groups,
                };
                ops::conv2d(x, weight, bias.first().copied(), settings, activation)
            }
            (
                Op::MaxPool {
                    window,
                    stride,
                    padding,
                },
                _,
            ) => {
                let spec = PoolSpec {
                    window,
                    stride,
                    padding,
                };
                ops::max_pool2d(x, spec)
            }
            (Op::AveragePoolTo { side }, _) => ops::adaptive_average_pool2d(x, side, side),
            (Op::Flatten, _) => x.flatten_from(1),
            (Op::Dropout { rate }, _) => match pass {
                TensorPass::Training(key) => {
                    let dropout = Dropout::new(rate).map_err(candle_core::Error::wrap)?;
                    ops::dropout(x, dropout, key.derive(&self.name))
                }
                TensorPass::Eval => Ok(x.clone()),
            },
            (Op::Linear { activation, .. }, [weight, bias]) => {
                ops::linear(x, weight, bias, activation)
            }
            (op, own) => candle_core::bail!("{op:?} with {} tensors", own.len()),
        }
    }
}
