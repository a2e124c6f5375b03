use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::custom::{Unary, unary};
use super::elsewhere;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn;

/// The mean softmax cross-entropy of `logits` (`[n, classes]`) in nats, a
/// scalar.
///
/// # Errors
/// If there is not one label below `classes` for each row, or no row.
pub fn cross_entropy(logits: &Tensor, labels: &[u32]) -> Result<Tensor> {
    let (n, classes) = logits.dims2()?;
    if labels.len() != n || n == 0 {
        candle_core::bail!("{} labels for {n} rows of logits", labels.len());
    }
    if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
        candle_core::bail!("label {label} of {classes} classes, which are counted from 0");
    }
    if !logits.device().is_cpu() {
        return elsewhere::cross_entropy(logits, labels);
    }
    let op = CrossEntropyOp {
        labels: labels.to_vec(),
        classes,
    };
    unary(logits, op)
}

struct CrossEntropyOp {
    labels: Vec<u32>,
    classes: usize,
}

impl CrossEntropyOp {
    fn both<T: TensorReal>(&self, logits: &[T]) -> (f64, Vec<T>) {
        let mut gradient = vec![T::ZERO; logits.len()];
        let loss = nn::cross_entropy(logits, &self.labels, self.classes, &mut gradient);
        (loss, gradient)
    }
}

impl Unary for CrossEntropyOp {
    const NAME: &'static str = "cross-entropy";

    fn forward<T: TensorReal>(&self, logits: &[T], _: &Shape) -> Result<(CpuStorage, Shape)> {
        let (loss, _) = self.both(logits);
        Ok(stored(vec![<T as nn::Real>::from_f64(loss)], ()))
    }

    fn backward<T: TensorReal>(
        &self,
        logits: &Tensor,
        _: &Tensor,
        slope: &Tensor,
    ) -> Result<Tensor> {
        let (_, gradient) = self.both(&values::<T>(logits)?);
        tensor(gradient, logits)?.broadcast_mul(slope)
    }
}
