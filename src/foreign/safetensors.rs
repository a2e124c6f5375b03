use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::ForeignError;
use super::array::{ArrayShape, channels, chosen, narrowed, rows_and_dim};

/// The longest header that is read; safetensors' own limit.
const MAX_HEADER: u64 = 100_000_000;

/// The arrays of a file.
pub(super) fn arrays(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ArrayShape>, ForeignError> {
    let (_, header, _) = open(path)?;
    let tensors = header.tensors();
    let known = tensors.keys().cloned().collect();
    chosen(path, known, layers)?
        .into_iter()
        .map(|name| {
            let info = named(path, &header, &name)?;
            let (rows, dim) = rows_and_dim(path, &name, &info.shape)?;
            size(path, &name, info)?;
            Ok(ArrayShape {
                channels: channels(&info.shape),
                name,
                rows,
                dim,
                by_columns: false,
            })
        })
        .collect()
}

/// Reads an array's numbers, so many at a time.
pub(super) fn read(
    path: &Path,
    name: &str,
    numbers: usize,
    part: &mut dyn FnMut(&[f32]) -> Result<(), ForeignError>,
) -> Result<(), ForeignError> {
    let (mut file, header, begin) = open(path)?;
    let info = named(path, &header, name)?;
    let size = size(path, name, info)?;
    let (start, end) = info.data_offsets;
    let unreadable = |source| unreadable(path, source);
    file.seek(SeekFrom::Start(begin + start as u64))
        .map_err(unreadable)?;
    let mut left = end - start;
    let (mut bytes, mut values) = (Vec::new(), Vec::new());
    while left > 0 {
        bytes.resize(left.min(numbers * size), 0);
        left -= bytes.len();
        file.read_exact(&mut bytes).map_err(unreadable)?;
        values.clear();
        match info.dtype {
            Dtype::F16 => extend(&mut values, &bytes, |x| Ok(f16::from_le_bytes(x).to_f32()))?,
            Dtype::BF16 => extend(&mut values, &bytes, |x| Ok(bf16::from_le_bytes(x).to_f32()))?,
            Dtype::F32 => extend(&mut values, &bytes, |x| Ok(f32::from_le_bytes(x)))?,
            _ => extend(&mut values, &bytes, |x| {
                narrowed(path, name, f64::from_le_bytes(x))
            })?,
        }
        part(&values)?;
    }
    Ok(())
}

/// The file, its header, and where its numbers begin.
fn open(path: &Path) -> Result<(File, Metadata, u64), ForeignError> {
    let cut = |problem: &dyn std::fmt::Display| ForeignError::Content {
        path: path.to_owned(),
        problem: format!("not a whole safetensors file ({problem})"),
    };
    let mut file = File::open(path).map_err(|source| unreadable(path, source))?;
    let size = file.metadata().map_err(|source| unreadable(path, source))?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|e| cut(&e))?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER || length + 8 > size.len() {
        let found = size.len().saturating_sub(8);
        return Err(cut(&format!(
            "its first eight bytes announce a header of {length}, {found} follow"
        )));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(|e| cut(&e))?;
    // safetensors checks that tensors follow each other without a gap, and that
    // each is as long as its shape
    let header: Metadata = serde_json::from_slice(&header).map_err(|e| cut(&e))?;
    let begin = 8 + length;
    let found = size.len() - begin;
    let tensors = header.tensors();
    let ends = tensors.values().map(|info| info.data_offsets.1);
    let expected = ends.max().unwrap_or(0) as u64;
    if found != expected {
        return Err(cut(&format!("{found} bytes of {expected}")));
    }
    Ok((file, header, begin))
}

fn unreadable(path: &Path, source: io::Error) -> ForeignError {
    ForeignError::Read {
        path: path.to_owned(),
        source,
    }
}

fn named<'a>(
    path: &Path,
    header: &'a Metadata,
    name: &str,
) -> Result<&'a TensorInfo, ForeignError> {
    header.info(name).ok_or_else(|| ForeignError::Content {
        path: path.to_owned(),
        problem: format!("the array `{name}` is listed, but not there"),
    })
}

/// Bytes of a number.
fn size(path: &Path, name: &str, info: &TensorInfo) -> Result<usize, ForeignError> {
    match info.dtype {
        Dtype::F16 | Dtype::BF16 => Ok(2),
        Dtype::F32 => Ok(4),
        Dtype::F64 => Ok(8),
        other => Err(ForeignError::Type {
            path: path.to_owned(),
            array: name.to_owned(),
            found: format!("{other:?}"),
        }),
    }
}

/// Numbers are little-endian, as the format has them.
fn extend<const N: usize>(
    values: &mut Vec<f32>,
    bytes: &[u8],
    number: impl Fn([u8; N]) -> Result<f32, ForeignError>,
) -> Result<(), ForeignError> {
    for bytes in bytes.as_chunks::<N>().0 {
        values.push(number(*bytes)?);
    }
    Ok(())
}
