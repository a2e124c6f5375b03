use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Parameters of [`Adam`], unchecked. The default is PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamParams {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the mean squared gradient.
    pub epsilon: f64,
    /// L2 penalty, coupled: `weight_decay * parameter` is added to the
    /// gradient, as by `torch.optim.Adam(weight_decay=...)`.
    pub weight_decay: f64,
}

impl Default for AdamParams {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// A parameter of Adam out of its range.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("Adam's {name} is {value}; it must be {range}")]
pub struct AdamParamsError {
    /// Which parameter.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub range: &'static str,
}

/// Parameters of Adam within their ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedAdamParams(AdamParams);

impl AdamParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// If a parameter is not finite or lies outside its range.
    pub fn check(self) -> Result<CheckedAdamParams, AdamParamsError> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let fraction = |value: f64| (0.0..1.0).contains(&value);
        let not_negative = |value: f64| value.is_finite() && value >= 0.0;
        let checks = [
            (
                "learning rate",
                self.learning_rate,
                positive(self.learning_rate),
                "positive",
            ),
            (
                "beta1",
                self.beta1,
                fraction(self.beta1),
                "at least 0 and below 1",
            ),
            (
                "beta2",
                self.beta2,
                fraction(self.beta2),
                "at least 0 and below 1",
            ),
            ("epsilon", self.epsilon, positive(self.epsilon), "positive"),
            (
                "weight decay",
                self.weight_decay,
                not_negative(self.weight_decay),
                "0 or positive",
            ),
        ];
        for (name, value, valid, range) in checks {
            if !valid {
                return Err(AdamParamsError { name, value, range });
            }
        }
        Ok(CheckedAdamParams(self))
    }
}

impl CheckedAdamParams {
    /// The values.
    pub fn get(&self) -> &AdamParams {
        &self.0
    }
}

/// Adam (Kingma and Ba 2015) with a coupled L2 penalty, in place.
///
/// With `g = gradient + weight_decay * p`:
/// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
/// `p -= learning_rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)`.
#[derive(Clone, Debug)]
pub struct Adam {
    params: CheckedAdamParams,
    steps: u64,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
}

impl Adam {
    /// An optimizer at its start, for tensors of these lengths.
    pub fn new(params: CheckedAdamParams, lengths: impl IntoIterator<Item = usize>) -> Self {
        let first: Vec<Vec<f32>> = lengths.into_iter().map(|len| vec![0.0; len]).collect();
        Self {
            params,
            steps: 0,
            second: first.clone(),
            first,
        }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The means of gradients and of squared gradients, a tensor each.
    pub fn moments(&self) -> (&[Vec<f32>], &[Vec<f32>]) {
        (&self.first, &self.second)
    }

    /// Goes on from moments saved after `steps` steps.
    ///
    /// # Panics
    /// If the lengths are not those the optimizer was made for.
    pub fn restore(&mut self, steps: u64, first: Vec<Vec<f32>>, second: Vec<Vec<f32>>) {
        let lengths = |tensors: &[Vec<f32>]| tensors.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(&first), lengths(&self.first), "first moments");
        assert_eq!(lengths(&second), lengths(&self.second), "second moments");
        self.steps = steps;
        self.first = first;
        self.second = second;
    }

    /// One step: `parameters` move along `gradients`, tensor by tensor.
    ///
    /// # Panics
    /// If there are not as many tensors, as long, as the optimizer was made
    /// for.
    pub fn step<'a>(
        &mut self,
        parameters: impl IntoIterator<Item = &'a mut [f32]>,
        gradients: &[Vec<f32>],
    ) {
        /// Numbers a task moves.
        const PIECE: usize = 16 * 1024;
        self.steps += 1;
        let update = Update::at(self.params.get(), self.steps);
        let moments = self.first.iter_mut().zip(&mut self.second);
        let mut moved = 0;
        for ((parameter, gradient), (first, second)) in
            parameters.into_iter().zip(gradients).zip(moments)
        {
            assert_eq!(parameter.len(), gradient.len(), "a gradient's length");
            assert_eq!(parameter.len(), first.len(), "a tensor's length");
            parameter
                .par_chunks_mut(PIECE)
                .zip(gradient.par_chunks(PIECE))
                .zip(
                    first
                        .par_chunks_mut(PIECE)
                        .zip(second.par_chunks_mut(PIECE)),
                )
                .for_each(|((p, g), (m, v))| update.apply(p, g, m, v));
            moved += 1;
        }
        assert_eq!(moved, self.first.len(), "number of tensors");
    }
}

/// The constants of one step.
struct Update {
    decay: f32,
    beta1: f32,
    beta2: f32,
    step: f32,
    root_correction: f32,
    epsilon: f32,
}

impl Update {
    fn at(params: &AdamParams, step: u64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            decay: params.weight_decay as f32,
            beta1: params.beta1 as f32,
            beta2: params.beta2 as f32,
            step: (params.learning_rate / correction(params.beta1)) as f32,
            root_correction: (1.0 / correction(params.beta2).sqrt()) as f32,
            epsilon: params.epsilon as f32,
        }
    }

    fn apply(&self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
            let slope = g + self.decay * *p;
            *m += (1.0 - self.beta1) * (slope - *m);
            *v = self.beta2 * *v + (1.0 - self.beta2) * slope * slope;
            *p -= self.step * *m / (v.sqrt() * self.root_correction + self.epsilon);
        }
    }
}
