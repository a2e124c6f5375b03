use candle_core::{CpuStorage, DType, Device, Layout, Result, Shape, Tensor, WithDType};

use crate::nn::Real;

/// Element types of both candle and the kernels.
pub(super) trait TensorReal: Real + WithDType {}

impl TensorReal for f32 {}
impl TensorReal for f64 {}

/// A tensor's elements, last dimension fastest.
pub(super) fn slice<'a, T: TensorReal>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!(
            "a tensor of strides {:?} is not contiguous",
            layout.stride()
        );
    };
    Ok(&storage.as_slice::<T>()?[start..end])
}

/// A tensor's elements, copied.
pub(super) fn values<T: TensorReal>(tensor: &Tensor) -> Result<Vec<T>> {
    tensor.flatten_all()?.to_vec1()
}

/// A tensor on the CPU.
pub(super) fn tensor<T: TensorReal>(values: Vec<T>, like: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, like.shape(), &Device::Cpu)
}

/// What a forward pass returns.
pub(super) fn stored<T: TensorReal>(
    values: Vec<T>,
    shape: impl Into<Shape>,
) -> (CpuStorage, Shape) {
    (T::to_cpu_storage_owned(values), shape.into())
}

/// The error for a type that has no kernels.
pub(super) fn unsupported<R>(name: &str, dtype: DType) -> Result<R> {
    candle_core::bail!("{name} is computed in f32 or f64, not in {dtype:?}")
}
