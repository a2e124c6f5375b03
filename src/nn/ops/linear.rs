use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor};

use super::slices::{TensorReal, slice, stored, tensor, unsupported, values};
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
    let op = LinearOp(Linear {
        inputs,
        outputs,
        activation,
    });
    x.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
}

struct LinearOp(Linear);

impl LinearOp {
    fn forward<T: TensorReal>(
        &self,
        x: &[T],
        weight: &[T],
        bias: &[T],
    ) -> Result<(CpuStorage, Shape)> {
        let n = x.len() / self.0.inputs;
        let mut y = vec![T::ZERO; n * self.0.outputs];
        self.0.forward(x, weight, bias, &mut y);
        Ok(stored(y, (n, self.0.outputs)))
    }

    fn backward<T: TensorReal>(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        out_gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let mut slopes = values::<T>(out_gradient)?;
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

impl CustomOp3 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match x {
            CpuStorage::F32(_) => self.forward::<f32>(
                slice(x, x_layout)?,
                slice(weight, weight_layout)?,
                slice(bias, bias_layout)?,
            ),
            CpuStorage::F64(_) => self.forward::<f64>(
                slice(x, x_layout)?,
                slice(weight, weight_layout)?,
                slice(bias, bias_layout)?,
            ),
            other => unsupported(self.name(), other.dtype()),
        }
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        out_gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        match x.dtype() {
            DType::F32 => self.backward::<f32>(x, weight, bias, y, out_gradient),
            DType::F64 => self.backward::<f64>(x, weight, bias, y, out_gradient),
            other => unsupported(self.name(), other),
        }
    }
}
