//! Between candle's custom operations and the kernels: one place for element
//! types and for tensors that are not contiguous.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp3, DType, Layout, Result, Shape, Tensor};

use super::slices::{TensorReal, slice, unsupported};

/// Gradients of three tensors.
pub(super) type Gradients3 = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

/// An operation on one tensor, written for either element type.
pub(super) trait Unary: Send + Sync {
    const NAME: &'static str;

    fn forward<T: TensorReal>(&self, x: &[T], shape: &Shape) -> Result<(CpuStorage, Shape)>;

    /// The gradient of `x`, given its output `y` and the output's gradient.
    fn backward<T: TensorReal>(&self, x: &Tensor, y: &Tensor, slopes: &Tensor) -> Result<Tensor>;
}

/// An operation on three tensors, written for either element type.
pub(super) trait Ternary: Send + Sync {
    const NAME: &'static str;

    fn forward<T: TensorReal>(&self, x: [&[T]; 3]) -> Result<(CpuStorage, Shape)>;

    /// The gradients, given the output `y` and the output's gradient.
    fn backward<T: TensorReal>(
        &self,
        x: [&Tensor; 3],
        y: &Tensor,
        slopes: &Tensor,
    ) -> Result<Gradients3>;
}

/// Applies an operation on the CPU.
pub(super) fn unary<O: Unary + 'static>(x: &Tensor, op: O) -> Result<Tensor> {
    x.contiguous()?.apply_op1(OnCpu(op))
}

/// Applies an operation on the CPU.
pub(super) fn ternary<O: Ternary + 'static>(x: [&Tensor; 3], op: O) -> Result<Tensor> {
    let [a, b, c] = x;
    a.contiguous()?
        .apply_op3(&b.contiguous()?, &c.contiguous()?, OnCpu(op))
}

struct OnCpu<O>(O);

impl<O: Unary> CustomOp1 for OnCpu<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        match x {
            CpuStorage::F32(_) => self.0.forward::<f32>(slice(x, layout)?, layout.shape()),
            CpuStorage::F64(_) => self.0.forward::<f64>(slice(x, layout)?, layout.shape()),
            other => unsupported(O::NAME, other.dtype()),
        }
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, slopes: &Tensor) -> Result<Option<Tensor>> {
        match x.dtype() {
            DType::F32 => self.0.backward::<f32>(x, y, slopes).map(Some),
            DType::F64 => self.0.backward::<f64>(x, y, slopes).map(Some),
            other => unsupported(O::NAME, other),
        }
    }
}

impl<O: Ternary> CustomOp3 for OnCpu<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        match a {
            CpuStorage::F32(_) => self.0.forward::<f32>([
                slice(a, a_layout)?,
                slice(b, b_layout)?,
                slice(c, c_layout)?,
            ]),
            CpuStorage::F64(_) => self.0.forward::<f64>([
                slice(a, a_layout)?,
                slice(b, b_layout)?,
                slice(c, c_layout)?,
            ]),
            other => unsupported(O::NAME, other.dtype()),
        }
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        y: &Tensor,
        slopes: &Tensor,
    ) -> Result<Gradients3> {
        match a.dtype() {
            DType::F32 => self.0.backward::<f32>([a, b, c], y, slopes),
            DType::F64 => self.0.backward::<f64>([a, b, c], y, slopes),
            other => unsupported(O::NAME, other),
        }
    }
}
