use std::collections::TryReserveError;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::array::{AT_ONCE, ArrayShape};
use super::{ForeignError, npy, safetensors};
use crate::activations::{BlockWriter, Matrix};

/// One matrix of activations.
#[derive(Debug)]
pub struct ForeignLayer {
    /// The file.
    pub path: PathBuf,
    /// The array's name.
    pub name: String,
    /// Number of stimuli.
    pub rows: usize,
    /// Numbers a stimulus has.
    pub dim: usize,
    /// Channels, where the array has the axes stimulus, channel, row, column.
    pub channels: Option<usize>,
    /// The numbers.
    pub matrix: Matrix,
}

/// The arrays of a `.safetensors`, `.npy` or `.npz` file. Numbers of 16 and 64
/// bits become `f32`.
#[derive(Debug)]
pub struct ForeignFile {
    path: PathBuf,
    arrays: Vec<ArrayShape>,
}

impl ForeignFile {
    /// Looks at the arrays named in `layers`, in that order, or at all of them
    /// in the order of their names; no number is read yet.
    ///
    /// # Errors
    /// If the file cannot be read or its head is damaged, if an array does not
    /// exist, has no axis of stimuli or holds anything but floating-point
    /// numbers.
    pub fn open(path: &Path, layers: Option<&[String]>) -> Result<Self, ForeignError> {
        let arrays = match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => safetensors::arrays(path, layers)?,
            Some("npy") => npy::array(path, layers)?,
            Some("npz") => npy::arrays(path, layers)?,
            _ => {
                return Err(ForeignError::Format {
                    path: path.to_owned(),
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            arrays,
        })
    }

    /// Refuses arrays that have not a row for each row of the labels.
    ///
    /// # Errors
    /// With the first such array.
    pub fn check_counts(&self, labels: usize) -> Result<(), ForeignError> {
        match self.arrays.iter().find(|array| array.rows != labels) {
            Some(array) => Err(ForeignError::Count {
                path: self.path.clone(),
                layer: array.name.clone(),
                stimuli: array.rows,
                labels,
            }),
            None => Ok(()),
        }
    }

    /// The arrays.
    pub fn arrays(&self) -> &[ArrayShape] {
        &self.arrays
    }

    /// Reads an array into memory or, given a folder, to a file without a name
    /// there.
    ///
    /// # Errors
    /// If the file is cut short, or the disk does not take the numbers.
    pub fn read(
        &self,
        array: &ArrayShape,
        folder: Option<&Path>,
    ) -> Result<ForeignLayer, ForeignError> {
        let &ArrayShape { rows, dim, .. } = array;
        let full = |source: io::Error| ForeignError::Disk {
            array: array.name.clone(),
            source,
        };
        let matrix = match folder {
            None => {
                let numbers = rows * dim;
                let short = |_: TryReserveError| full(io::ErrorKind::OutOfMemory.into());
                let mut values = Vec::new();
                // an archive only says how long its arrays are, other files have that length
                if self.path.extension().is_none_or(|kind| kind != "npz") {
                    values.try_reserve_exact(numbers).map_err(short)?;
                }
                self.each(array, &mut |part| {
                    make_room(&mut values, part.len(), numbers).map_err(short)?;
                    values.extend_from_slice(part);
                    Ok(())
                })?;
                Matrix::Memory(match array.by_columns {
                    true => npy::by_rows(&self.path, &array.name, &values)?,
                    false => values,
                })
            }
            Some(_) if array.by_columns => {
                return Err(ForeignError::Content {
                    path: self.path.clone(),
                    problem: format!(
                        "`{}` is in Fortran's order and too large to be turned in memory; save it as numpy.ascontiguousarray gives it",
                        array.name
                    ),
                });
            }
            Some(folder) => {
                let mut writer = BlockWriter::create(folder, rows, dim).map_err(full)?;
                self.each(array, &mut |part| writer.append(part).map_err(full))?;
                Matrix::Disk(writer.finish().map_err(full)?)
            }
        };
        Ok(ForeignLayer {
            path: self.path.clone(),
            name: array.name.clone(),
            rows,
            dim,
            channels: array.channels,
            matrix,
        })
    }

    /// Hands the array over, some rows at a time.
    fn each(
        &self,
        array: &ArrayShape,
        part: &mut dyn FnMut(&[f32]) -> Result<(), ForeignError>,
    ) -> Result<(), ForeignError> {
        let numbers = (AT_ONCE / array.dim).max(1) * array.dim;
        match self.path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => safetensors::read(&self.path, &array.name, numbers, part),
            Some("npy") => npy::read_npy(&self.path, &array.name, numbers, part),
            _ => npy::read_npz(&self.path, &array.name, numbers, part),
        }
    }
}

/// Makes room for some more numbers: for as many again as there are, so that they
/// seldom move, but not for more than there are to be in all.
fn make_room(values: &mut Vec<f32>, more: usize, all: usize) -> Result<(), TryReserveError> {
    if values.capacity() - values.len() >= more {
        return Ok(());
    }
    let missing = all.saturating_sub(values.len());
    values.try_reserve_exact(more.max(missing.min(values.len())))
}

#[cfg(test)]
mod tests {
    use super::make_room;

    #[test]
    fn room_doubles_as_numbers_arrive_up_to_all_of_them() {
        let mut values = Vec::new();
        let mut moves = 0;
        let all = 1000;
        for _ in 0..100 {
            let before = values.capacity();
            make_room(&mut values, 10, all).unwrap();
            values.extend([0.5; 10]);
            moves += usize::from(values.capacity() != before);
            assert!(values.capacity() <= (2 * values.len()).min(all));
        }
        // 10, 20, 40 .. 640, 1000
        assert_eq!((values.len(), moves), (all, 8));
    }
}
