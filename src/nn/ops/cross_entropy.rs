use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor};

use super::slices::{TensorReal, slice, stored, tensor, unsupported, values};
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
    logits.contiguous()?.apply_op1(CrossEntropyOp {
        labels: labels.to_vec(),
        classes,
    })
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

    fn forward<T: TensorReal>(&self, logits: &[T]) -> (CpuStorage, Shape) {
        let (loss, _) = self.both(logits);
        stored(vec![<T as nn::Real>::from_f64(loss)], ())
    }

    fn backward<T: TensorReal>(&self, logits: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        let (_, gradient) = self.both(&values::<T>(logits)?);
        Ok(Some(tensor(gradient, logits)?.broadcast_mul(slope)?))
    }
}

impl CustomOp1 for CrossEntropyOp {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        match logits {
            CpuStorage::F32(_) => Ok(self.forward::<f32>(slice(logits, layout)?)),
            CpuStorage::F64(_) => Ok(self.forward::<f64>(slice(logits, layout)?)),
            other => unsupported(self.name(), other.dtype()),
        }
    }

    fn bwd(&self, logits: &Tensor, _loss: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        match logits.dtype() {
            DType::F32 => self.backward::<f32>(logits, slope),
            DType::F64 => self.backward::<f64>(logits, slope),
            other => unsupported(self.name(), other),
        }
    }
}
