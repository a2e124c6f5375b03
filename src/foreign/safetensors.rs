use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::ForeignError;
use super::layers::{ForeignLayer, chosen, dim};

pub(super) fn read(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ForeignLayer>, ForeignError> {
    let bytes = std::fs::read(path).map_err(|source| ForeignError::Read {
        path: path.to_owned(),
        source,
    })?;
    let damaged = |problem: String| ForeignError::Content {
        path: path.to_owned(),
        problem,
    };
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| damaged(format!("not a whole safetensors file ({error})")))?;
    let known = file.names().into_iter().map(ToString::to_string).collect();
    chosen(path, known, layers)?
        .into_iter()
        .map(|name| {
            let tensor = file.tensor(&name).map_err(|e| damaged(e.to_string()))?;
            Ok(ForeignLayer {
                dim: dim(path, &name, tensor.shape())?,
                values: values(&tensor).ok_or_else(|| ForeignError::Type {
                    path: path.to_owned(),
                    array: name.clone(),
                    found: format!("{:?}", tensor.dtype()),
                })?,
                name,
            })
        })
        .collect()
}

/// The numbers as `f32`, little-endian as the format has them.
fn values(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = tensor.data();
    Some(match tensor.dtype() {
        Dtype::F32 => numbers(data, f32::from_le_bytes),
        Dtype::F64 => numbers(data, |bytes| f64::from_le_bytes(bytes) as f32),
        Dtype::F16 => numbers(data, |bytes| f16::from_le_bytes(bytes).to_f32()),
        Dtype::BF16 => numbers(data, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        _ => return None,
    })
}

fn numbers<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.as_chunks::<N>()
        .0
        .iter()
        .map(|bytes| number(*bytes))
        .collect()
}
