use super::error::{OptimizerError, fraction, not_negative, positive};

/// Which optimizer, with its parameters, unchecked. The learning rate is each
/// step's own: see [`LearningRate`](super::LearningRate).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerParams {
    /// Adam with a coupled L2 penalty, as `torch.optim.Adam`.
    Adam(AdamParams),
    /// Adam with decoupled weight decay, as `torch.optim.AdamW`.
    AdamW(AdamParams),
    /// Gradient descent, plain or with momentum, as `torch.optim.SGD`.
    Sgd(SgdParams),
}

/// Parameters of Adam and AdamW. The default is that of PyTorch's Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamParams {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the mean squared gradient.
    pub epsilon: f64,
    /// Adam: `weight_decay * p` is added to the gradient (L2). AdamW: `p`
    /// shrinks by `learning_rate * weight_decay * p` before the step.
    pub weight_decay: f64,
}

impl Default for AdamParams {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// Parameters of gradient descent. The default is the plain one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SgdParams {
    /// How much of the last direction is kept.
    pub momentum: f64,
    /// How much of the gradient is not added to the direction; from the second
    /// step on, as in PyTorch.
    pub dampening: f64,
    /// Whether the step looks ahead along the new direction.
    pub nesterov: bool,
    /// L2 penalty: `weight_decay * p` is added to the gradient.
    pub weight_decay: f64,
}

/// Parameters of an optimizer within their ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedOptimizerParams(OptimizerParams);

impl Default for OptimizerParams {
    fn default() -> Self {
        Self::Adam(AdamParams::default())
    }
}

impl OptimizerParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// If a parameter is not finite or lies outside its range, or Nesterov is
    /// asked for without a momentum.
    pub fn check(self) -> Result<CheckedOptimizerParams, OptimizerError> {
        match self {
            Self::Adam(params) | Self::AdamW(params) => {
                fraction("beta1", params.beta1)?;
                fraction("beta2", params.beta2)?;
                positive("epsilon", params.epsilon)?;
                not_negative("weight decay", params.weight_decay)?;
            }
            Self::Sgd(params) => {
                fraction("momentum", params.momentum)?;
                fraction("dampening", params.dampening)?;
                not_negative("weight decay", params.weight_decay)?;
                if params.nesterov && (params.momentum == 0.0 || params.dampening > 0.0) {
                    return Err(OptimizerError::Nesterov {
                        momentum: params.momentum,
                        dampening: params.dampening,
                    });
                }
            }
        }
        Ok(CheckedOptimizerParams(self))
    }
}

impl CheckedOptimizerParams {
    /// The values.
    pub fn get(&self) -> &OptimizerParams {
        &self.0
    }

    /// Names of what is kept beside each parameter from step to step.
    pub(super) fn kept(&self) -> &'static [&'static str] {
        match self.0 {
            OptimizerParams::Adam(_) => &["adam.first", "adam.second"],
            OptimizerParams::AdamW(_) => &["adamw.first", "adamw.second"],
            OptimizerParams::Sgd(params) if params.momentum > 0.0 => &["sgd.momentum"],
            OptimizerParams::Sgd(_) => &[],
        }
    }
}
