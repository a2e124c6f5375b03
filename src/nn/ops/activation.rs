use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::custom::{Unary, unary};
use super::elsewhere;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn::Activation;

/// ReLU, leaky ReLU or nothing, for each number of a tensor of any shape.
///
/// # Errors
/// If the tensor is neither `f32` nor `f64`.
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match (activation, x.device().is_cpu()) {
        (Activation::None, _) => Ok(x.clone()),
        (_, true) => unary(x, ActivationOp(activation)),
        (_, false) => elsewhere::activate(x, activation),
    }
}

struct ActivationOp(Activation);

impl Unary for ActivationOp {
    const NAME: &'static str = "activation";

    fn forward<T: TensorReal>(&self, x: &[T], shape: &Shape) -> Result<(CpuStorage, Shape)> {
        let mut y = x.to_vec();
        self.0.forward(&mut y);
        Ok(stored(y, shape))
    }

    fn backward<T: TensorReal>(&self, x: &Tensor, y: &Tensor, slopes: &Tensor) -> Result<Tensor> {
        let mut gradient = values::<T>(slopes)?;
        self.0.backward(&values::<T>(y)?, &mut gradient);
        tensor(gradient, x)
    }
}
