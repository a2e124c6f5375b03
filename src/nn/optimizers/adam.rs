use super::AdamParams;

/// The constants of one step of Adam (Kingma and Ba 2015), of its kind with
/// decoupled weight decay too (Loshchilov and Hutter 2019).
///
/// With `g = gradient + weight_decay * p` (L2), or after
/// `p -= learning_rate * weight_decay * p` (decoupled):
/// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
/// `p -= learning_rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)`.
pub(super) struct AdamStep {
    /// Weight decay added to the gradient.
    coupled: f32,
    /// What decoupled weight decay leaves of a parameter.
    keep: f32,
    beta1: f32,
    beta2: f32,
    step: f32,
    root_correction: f32,
    epsilon: f32,
}

impl AdamStep {
    /// Step number `step`, counted from 1.
    pub(super) fn new(params: &AdamParams, decoupled: bool, rate: f64, step: u64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        let decay = params.weight_decay;
        Self {
            coupled: if decoupled { 0.0 } else { decay as f32 },
            keep: if decoupled { 1.0 - rate * decay } else { 1.0 } as f32,
            beta1: params.beta1 as f32,
            beta2: params.beta2 as f32,
            step: (rate / correction(params.beta1)) as f32,
            root_correction: (1.0 / correction(params.beta2).sqrt()) as f32,
            epsilon: params.epsilon as f32,
        }
    }

    pub(super) fn apply(&self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
            let slope = g + self.coupled * *p;
            *m += (1.0 - self.beta1) * (slope - *m);
            *v = self.beta2 * *v + (1.0 - self.beta2) * slope * slope;
            *p = self.keep * *p - self.step * *m / (v.sqrt() * self.root_correction + self.epsilon);
        }
    }
}
