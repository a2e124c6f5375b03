use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::custom::{Gradients3, Ternary, ternary};
use super::elsewhere;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn::{Activation, Linear, LinearGradient};

/// `activation(x weight^T + bias)`.
///
/// `x` is `[n, inputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`; the
/// result is `[n, outputs]`.
///
/// # Errors
/// If shapes or types do not fit.
pub fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    activation: Activation,
) -> Result<Tensor> {
    let (_, inputs) = x.dims2()?;
    let (outputs, weight_inputs) = weight.dims2()?;
    if weight_inputs != inputs || bias.dims1()? != outputs || inputs == 0 || outputs == 0 {
        candle_core::bail!(
            "a weight of shape {:?} and a bias of shape {:?} do not fit rows of {inputs}",
            weight.dims(),
            bias.dims()
        );
    }
    if !x.device().is_cpu() {
        return elsewhere::linear(x, weight, bias, activation);
    }
    let linear = Linear {
        inputs,
        outputs,
        activation,
    };
    ternary([x, weight, bias], LinearOp(linear))
}

struct LinearOp(Linear);

impl Ternary for LinearOp {
    const NAME: &'static str = "linear";

    fn forward<T: TensorReal>(&self, [x, weight, bias]: [&[T]; 3]) -> Result<(CpuStorage, Shape)> {
        let n = x.len() / self.0.inputs;
        let mut y = vec![T::ZERO; n * self.0.outputs];
        self.0.forward(x, weight, bias, &mut y);
        Ok(stored(y, (n, self.0.outputs)))
    }

    fn backward<T: TensorReal>(
        &self,
        [x, weight, bias]: [&Tensor; 3],
        y: &Tensor,
        slopes: &Tensor,
    ) -> Result<Gradients3> {
        let mut slopes = values::<T>(slopes)?;
        let mut weight_gradient = vec![T::ZERO; weight.elem_count()];
        let mut bias_gradient = vec![T::ZERO; bias.elem_count()];
        let mut x_gradient = vec![T::ZERO; x.elem_count()];
        self.0.backward(
            &values::<T>(x)?,
            &values::<T>(weight)?,
            &values::<T>(y)?,
            &mut slopes,
            LinearGradient {
                weight: &mut weight_gradient,
                bias: &mut bias_gradient,
                input: Some(&mut x_gradient),
            },
        );
        Ok((
            Some(tensor(x_gradient, x)?),
            Some(tensor(weight_gradient, weight)?),
            Some(tensor(bias_gradient, bias)?),
        ))
    }
}
