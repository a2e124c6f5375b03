use serde::Serialize;

/// How networks are trained. The default, Adam at a constant rate (the paper's
/// way, section 3.2), is not written out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
    /// Features to train a network on, one network each.
    pub targets: Vec<String>,
    /// Passes over the training set; with 0, networks stay as they start.
    pub epochs: u64,
    /// Stimuli in a batch.
    pub batch_size: usize,
    /// Step size, after the warm-up.
    pub learning_rate: f64,
    /// L2 penalty, added to the gradient; for AdamW what a weight loses.
    pub weight_decay: f64,
    /// What moves the weights.
    #[serde(flatten, skip_serializing_if = "Optimizer::is_default")]
    pub optimizer: Optimizer,
    /// How the learning rate changes after the warm-up.
    #[serde(flatten, skip_serializing_if = "Schedule::is_default")]
    pub schedule: Schedule,
    /// Epochs in which the learning rate grows from near 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub warmup_epochs: f64,
}

/// What moves the weights: each as PyTorch's of the same name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "optimizer", rename_all = "snake_case")]
pub enum Optimizer {
    /// Adam with L2.
    Adam(AdamNumbers),
    /// Adam with decoupled weight decay.
    Adamw(AdamNumbers),
    /// Gradient descent with momentum.
    Sgd {
        /// How much of the last direction is kept.
        momentum: f64,
        /// How much of the gradient is left out of the direction.
        dampening: f64,
        /// Whether a step looks ahead along its direction.
        nesterov: bool,
    },
    /// Plain gradient descent.
    GradientDescent,
}

/// Adam's numbers beside the learning rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdamNumbers {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the mean squared gradient.
    pub epsilon: f64,
}

/// How the learning rate changes after the warm-up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schedule", rename_all = "lowercase")]
pub enum Schedule {
    /// Not at all.
    Constant,
    /// Multiplied by a factor every so many epochs.
    Step {
        /// Epochs at one rate.
        step_epochs: u64,
        /// What it is multiplied by.
        step_factor: f64,
    },
    /// Half a cosine down to a last rate.
    Cosine {
        /// The rate at the end.
        last_learning_rate: f64,
    },
}

impl Optimizer {
    /// Names that configurations use.
    pub const NAMES: [&str; 4] = ["adam", "adamw", "sgd", "gradient_descent"];

    fn is_default(&self) -> bool {
        *self == Self::Adam(AdamNumbers::default())
    }
}

impl Default for AdamNumbers {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl Schedule {
    /// Names that configurations use.
    pub const NAMES: [&str; 3] = ["constant", "step", "cosine"];

    fn is_default(&self) -> bool {
        *self == Self::Constant
    }
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}
