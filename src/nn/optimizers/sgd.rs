use super::SgdParams;

/// The constants of one step of gradient descent, as PyTorch takes it.
///
/// With `g = gradient + weight_decay * p` and the direction
/// `d = momentum d + (1 - dampening) g` (the first step's is `g`):
/// `p -= learning_rate * d`, or with Nesterov
/// `p -= learning_rate * (g + momentum d)`.
pub(super) struct SgdStep {
    decay: f32,
    momentum: f32,
    fresh: f32,
    ahead: bool,
    rate: f32,
}

impl SgdStep {
    /// Step number `step`, counted from 1.
    pub(super) fn new(params: &SgdParams, rate: f64, step: u64) -> Self {
        // the direction of the first step is the whole gradient
        let dampening = if step == 1 { 0.0 } else { params.dampening };
        Self {
            decay: params.weight_decay as f32,
            momentum: params.momentum as f32,
            fresh: (1.0 - dampening) as f32,
            ahead: params.nesterov,
            rate: rate as f32,
        }
    }

    /// Without momentum.
    pub(super) fn apply(&self, p: &mut [f32], g: &[f32]) {
        for (p, &g) in p.iter_mut().zip(g) {
            *p -= self.rate * (g + self.decay * *p);
        }
    }

    pub(super) fn apply_with_momentum(&self, p: &mut [f32], g: &[f32], d: &mut [f32]) {
        for ((p, &g), d) in p.iter_mut().zip(g).zip(d) {
            let slope = g + self.decay * *p;
            *d = self.momentum * *d + self.fresh * slope;
            let way = if self.ahead {
                slope + self.momentum * *d
            } else {
                *d
            };
            *p -= self.rate * way;
        }
    }
}
