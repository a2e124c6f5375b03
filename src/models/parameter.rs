use candle_core::{Device, Tensor};
use layerprobe_streams::StreamKey;

use super::ModelError;
use super::graph::{Initial, TensorSpec};
use crate::nn::init::{normal_fan_out, uniform_fan_in};

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

    /// The tensor at its start, drawn from its own stream
    /// `init.derive("init/<tensor>")`.
    pub(super) fn initial(spec: TensorSpec, init: StreamKey) -> Self {
        let mut values = vec![0.0; spec.len()];
        let key = init.derive(&format!("init/{}", spec.name));
        match spec.initial {
            Initial::UniformFanIn(fan_in) => uniform_fan_in(&mut values, fan_in, key),
            Initial::NormalFanOut(fan_out) => normal_fan_out(&mut values, fan_out, key),
            Initial::Constant(value) => values.fill(value),
        }
        Self {
            name: spec.name,
            shape: spec.shape,
            values,
        }
    }
}

/// Takes the tensors of `wanted` out of `given`, in their order and of their
/// shapes.
pub(super) fn take_in_order(
    wanted: impl Iterator<Item = TensorSpec>,
    given: &mut Vec<Parameter>,
) -> Result<Vec<Parameter>, ModelError> {
    let mut taken = Vec::new();
    for TensorSpec { name, shape, .. } in wanted {
        let Some(place) = given.iter().position(|tensor| tensor.name == name) else {
            return Err(ModelError::MissingTensor { name, shape });
        };
        let tensor = given.swap_remove(place);
        if tensor.shape != shape || tensor.values.len() != shape.iter().product::<usize>() {
            return Err(ModelError::TensorShape {
                name,
                found: tensor.shape,
                expected: shape,
            });
        }
        taken.push(tensor);
    }
    Ok(taken)
}

/// Fails if a tensor is left that nobody wanted. How many batches a batch norm
/// has seen, which PyTorch counts, matters to nothing here.
pub(super) fn none_left(given: Vec<Parameter>) -> Result<(), ModelError> {
    let counts = |name: &str| name.ends_with(".num_batches_tracked");
    match given.into_iter().find(|tensor| !counts(&tensor.name)) {
        Some(extra) => Err(ModelError::ExtraTensor {
            name: extra.name,
            shape: extra.shape,
        }),
        None => Ok(()),
    }
}
