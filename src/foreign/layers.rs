use std::ffi::OsStr;
use std::path::Path;

use super::{ForeignError, npy, safetensors};

/// One matrix of activations: a row a stimulus, further axes flattened.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignLayer {
    /// The array's name; the file's, if the format gives its array none.
    pub name: String,
    /// Numbers a stimulus has.
    pub dim: usize,
    /// Stimulus after stimulus.
    pub values: Vec<f32>,
}

impl ForeignLayer {
    /// Number of stimuli.
    pub fn rows(&self) -> usize {
        self.values.len() / self.dim.max(1)
    }
}

/// Reads the arrays of a `.safetensors`, `.npy` or `.npz` file, the ones
/// named in `layers` in that order, or all of them in the order of their
/// names. Numbers of 16 and 64 bits become `f32`.
///
/// # Errors
/// If the file cannot be read or is damaged, if an array does not exist, has
/// no axis of stimuli or holds anything but floating-point numbers.
pub fn read_layers(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ForeignLayer>, ForeignError> {
    match path.extension().and_then(OsStr::to_str) {
        Some("safetensors") => safetensors::read(path, layers),
        Some("npy") => npy::read_npy(path, layers),
        Some("npz") => npy::read_npz(path, layers),
        _ => Err(ForeignError::Format {
            path: path.to_owned(),
        }),
    }
}

/// The names to read, of those that a file holds.
pub(super) fn chosen(
    path: &Path,
    mut known: Vec<String>,
    layers: Option<&[String]>,
) -> Result<Vec<String>, ForeignError> {
    known.sort();
    let Some(layers) = layers else {
        return Ok(known);
    };
    for layer in layers {
        if !known.contains(layer) {
            return Err(ForeignError::UnknownLayer {
                path: path.to_owned(),
                layer: layer.clone(),
                known,
            });
        }
    }
    Ok(layers.to_vec())
}

/// Numbers a stimulus has in an array of a shape.
pub(super) fn dim(path: &Path, array: &str, shape: &[usize]) -> Result<usize, ForeignError> {
    let dim = shape
        .iter()
        .skip(1)
        .try_fold(1usize, |product, &axis| product.checked_mul(axis));
    match (shape.first(), dim) {
        (Some(1..), Some(dim @ 1..)) if shape.len() > 1 => Ok(dim),
        _ => Err(ForeignError::Shape {
            path: path.to_owned(),
            array: array.to_owned(),
            shape: shape.to_vec(),
        }),
    }
}
