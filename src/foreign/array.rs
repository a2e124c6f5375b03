//! What an array of a file is, whatever the format, and what is refused of it.

use std::path::Path;

use super::ForeignError;

/// Numbers that are taken from a file at a time.
pub(super) const AT_ONCE: usize = 1 << 18;

/// An array of a file: a row a stimulus, further axes flattened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayShape {
    /// The array's name; the file's, if the format gives its array none.
    pub name: String,
    /// Number of stimuli.
    pub rows: usize,
    /// Numbers a stimulus has.
    pub dim: usize,
    /// Channels, where the array has the axes stimulus, channel, row, column.
    pub channels: Option<usize>,
    /// The file has the first axis fastest (Fortran's order): it can only be
    /// read as a whole, and takes twice its memory meanwhile.
    pub by_columns: bool,
}

/// The names to read, of those that a file holds.
pub(super) fn chosen(
    path: &Path,
    mut known: Vec<String>,
    layers: Option<&[String]>,
) -> Result<Vec<String>, ForeignError> {
    known.sort();
    if known.is_empty() {
        return Err(ForeignError::Content {
            path: path.to_owned(),
            problem: "no array is in it; wanted one for each layer".to_owned(),
        });
    }
    let Some(layers) = layers else {
        return Ok(known);
    };
    for (place, layer) in layers.iter().enumerate() {
        if layers[..place].contains(layer) {
            return Err(ForeignError::Content {
                path: path.to_owned(),
                problem: format!("the array `{layer}` is asked for twice"),
            });
        }
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

/// Channels of an array of a shape.
pub(super) fn channels(shape: &[usize]) -> Option<usize> {
    match shape {
        [_, channels, _, _] => Some(*channels),
        _ => None,
    }
}

/// A number of 64 bits as one of 32.
pub(super) fn narrowed(path: &Path, array: &str, number: f64) -> Result<f32, ForeignError> {
    match number as f32 {
        narrow if narrow.is_infinite() && number.is_finite() => Err(ForeignError::Content {
            path: path.to_owned(),
            problem: format!(
                "`{array}` holds {number:e}, more than floating point of 32 bits can; scale it down"
            ),
        }),
        narrow => Ok(narrow),
    }
}

/// Stimuli and numbers a stimulus has in an array of a shape.
pub(super) fn rows_and_dim(
    path: &Path,
    array: &str,
    shape: &[usize],
) -> Result<(usize, usize), ForeignError> {
    let dim = shape
        .iter()
        .skip(1)
        .try_fold(1usize, |product, &axis| product.checked_mul(axis));
    match (shape.first(), dim) {
        (Some(&rows @ 1..), Some(dim @ 1..))
            if shape.len() > 1 && rows.checked_mul(dim).is_some_and(|n| n < usize::MAX / 8) =>
        {
            Ok((rows, dim))
        }
        _ => Err(ForeignError::Shape {
            path: path.to_owned(),
            array: array.to_owned(),
            shape: shape.to_vec(),
        }),
    }
}
