use candle_core::{Device, Tensor};

/// A named tensor of weights, in PyTorch's order of dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// PyTorch's name, as `conv1.weight`.
    pub name: String,
    /// PyTorch's shape, as `[32, 3, 3, 3]`.
    pub shape: Vec<usize>,
    /// The values, last dimension fastest.
    pub values: Vec<f32>,
}

impl Parameter {
    /// The same as a candle tensor on the CPU.
    ///
    /// # Errors
    /// If the number of values does not fit the shape.
    pub fn to_tensor(&self) -> candle_core::Result<Tensor> {
        Tensor::from_slice(&self.values, self.shape.as_slice(), &Device::Cpu)
    }
}
