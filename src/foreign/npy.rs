use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use half::f16;
use npyz::npz::NpzArchive;
use npyz::{DType, Deserialize, NpyFile, Order, TypeChar};

use super::ForeignError;
use super::array::{AT_ONCE, ArrayShape, channels, chosen, narrowed, rows_and_dim};
use super::header::check_header;

/// Takes some whole rows.
type Part<'a> = &'a mut dyn FnMut(&[f32]) -> Result<(), ForeignError>;

/// The array of an `.npy` file.
pub(super) fn array(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ArrayShape>, ForeignError> {
    let name = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    chosen(path, vec![name.clone()], layers)?;
    let found = described(path, name, &opened(path)?)?;
    let header = check_header(path, open(path)?)?;
    let bytes = open(path)?
        .metadata()
        .map_err(|e| ForeignError::damaged(path, &e))?;
    check_length(path, &found, header, bytes.len())?;
    Ok(vec![found.shape])
}

/// The arrays of an `.npz` file.
pub(super) fn arrays(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ArrayShape>, ForeignError> {
    let mut archive = archive(path)?;
    let known = archive.array_names().map(ToOwned::to_owned).collect();
    chosen(path, known, layers)?
        .into_iter()
        .map(|name| {
            let found = described(path, name.clone(), &entry(path, &mut archive, &name)?)?;
            let file = npyz::npz::file_name_from_array_name(&name);
            if let Ok(packed) = archive.zip_archive().by_name(&file) {
                let bytes = packed.size();
                let header = check_header(path, packed)?;
                check_length(path, &found, header, bytes)?;
            }
            Ok(found.shape)
        })
        .collect()
}

/// Reads an `.npy` file's numbers, so many at a time, as they follow each
/// other there.
pub(super) fn read_npy(
    path: &Path,
    name: &str,
    numbers: usize,
    part: Part<'_>,
) -> Result<(), ForeignError> {
    values(path, name, opened(path)?, numbers, part)
}

/// The same of an array in an `.npz` file.
pub(super) fn read_npz(
    path: &Path,
    name: &str,
    numbers: usize,
    part: Part<'_>,
) -> Result<(), ForeignError> {
    let mut archive = archive(path)?;
    let file = entry(path, &mut archive, name)?;
    values(path, name, file, numbers, part)
}

/// An array's numbers from Fortran's order, as its file has them, to C's.
pub(super) fn by_rows(path: &Path, name: &str, values: &[f32]) -> Result<Vec<f32>, ForeignError> {
    let shape = match path.extension().is_some_and(|kind| kind == "npy") {
        true => shape(path, name, &opened(path)?)?,
        false => {
            let mut archive = archive(path)?;
            let file = entry(path, &mut archive, name)?;
            shape(path, name, &file)?
        }
    };
    Ok(turned(values, &shape))
}

fn opened(path: &Path) -> Result<NpyFile<BufReader<File>>, ForeignError> {
    check_header(path, open(path)?)?;
    NpyFile::new(BufReader::new(open(path)?)).map_err(|e| ForeignError::damaged(path, &e))
}

/// Compares an array's bytes with what its header says.
fn check_length(
    path: &Path,
    found: &Described,
    header: u64,
    bytes: u64,
) -> Result<(), ForeignError> {
    let ArrayShape {
        name, rows, dim, ..
    } = &found.shape;
    let numbers = (rows * dim) as u64 * found.size;
    match header.checked_add(numbers) == Some(bytes) {
        true => Ok(()),
        false => Err(ForeignError::Content {
            path: path.to_owned(),
            problem: format!(
                "not a whole array file: `{name}` has {} bytes of numbers, its shape wants {numbers}",
                bytes.saturating_sub(header)
            ),
        }),
    }
}

fn archive(path: &Path) -> Result<NpzArchive<BufReader<File>>, ForeignError> {
    NpzArchive::new(BufReader::new(open(path)?)).map_err(|e| ForeignError::damaged(path, &e))
}

fn entry<'a>(
    path: &Path,
    archive: &'a mut NpzArchive<BufReader<File>>,
    name: &str,
) -> Result<NpyFile<impl Read + 'a>, ForeignError> {
    let file = npyz::npz::file_name_from_array_name(name);
    if let Ok(packed) = archive.zip_archive().by_name(&file) {
        check_header(path, packed)?;
    }
    let array = archive
        .by_name(name)
        .map_err(|e| ForeignError::damaged(path, &e))?;
    array.ok_or_else(|| ForeignError::Content {
        path: path.to_owned(),
        problem: format!("the array `{name}` is listed, but not there"),
    })
}

fn open(path: &Path) -> Result<File, ForeignError> {
    File::open(path).map_err(|source| ForeignError::Read {
        path: path.to_owned(),
        source,
    })
}

fn shape<R: Read>(path: &Path, name: &str, file: &NpyFile<R>) -> Result<Vec<usize>, ForeignError> {
    let sizes = file.shape().iter().map(|&axis| usize::try_from(axis));
    sizes
        .collect::<Result<_, _>>()
        .map_err(|_| ForeignError::Content {
            path: path.to_owned(),
            problem: format!("`{name}` is too large for this machine"),
        })
}

/// An array, and the bytes of a number in it.
struct Described {
    shape: ArrayShape,
    size: u64,
}

fn described<R: Read>(
    path: &Path,
    name: String,
    file: &NpyFile<R>,
) -> Result<Described, ForeignError> {
    let shape = shape(path, &name, file)?;
    let (rows, dim) = rows_and_dim(path, &name, &shape)?;
    Ok(Described {
        size: size(path, &name, file)?,
        shape: ArrayShape {
            rows,
            dim,
            channels: channels(&shape),
            by_columns: file.order() == Order::Fortran,
            name,
        },
    })
}

/// Bytes of a number.
fn size<R: Read>(path: &Path, name: &str, file: &NpyFile<R>) -> Result<u64, ForeignError> {
    match file.dtype() {
        DType::Plain(kind)
            if kind.type_char() == TypeChar::Float && [2, 4, 8].contains(&kind.size_field()) =>
        {
            Ok(kind.size_field())
        }
        other => Err(ForeignError::Type {
            path: path.to_owned(),
            array: name.to_owned(),
            found: other.descr(),
        }),
    }
}

fn values<R: Read>(
    path: &Path,
    name: &str,
    file: NpyFile<R>,
    numbers: usize,
    part: Part<'_>,
) -> Result<(), ForeignError> {
    let (size, header) = (size(path, name, &file)?, file.header().clone());
    let mut bytes = file.into_inner();
    let file = NpyFile::with_header(header, &mut bytes);
    match size {
        2 => read::<f16, _>(path, file, numbers, |x| Ok(x.to_f32()), part),
        4 => read::<f32, _>(path, file, numbers, Ok, part),
        _ => read::<f64, _>(path, file, numbers, |x| narrowed(path, name, x), part),
    }?;
    // an archive's checksum is compared where the array's end is met
    std::io::copy(&mut bytes, &mut std::io::sink()).map_err(|e| ForeignError::damaged(path, &e))?;
    Ok(())
}

fn read<T: Deserialize, R: Read>(
    path: &Path,
    file: NpyFile<R>,
    numbers: usize,
    number: impl Fn(T) -> Result<f32, ForeignError>,
    part: Part<'_>,
) -> Result<(), ForeignError> {
    let all = file.data::<T>().map_err(|error| ForeignError::Content {
        path: path.to_owned(),
        problem: error.to_string(),
    })?;
    // a row may be said to be longer than there are numbers
    let mut rows = Vec::with_capacity(numbers.min(AT_ONCE));
    for value in all {
        rows.push(number(value.map_err(|e| ForeignError::damaged(path, &e))?)?);
        if rows.len() == numbers {
            part(&rows)?;
            rows.clear();
        }
    }
    match rows.is_empty() {
        true => Ok(()),
        false => part(&rows),
    }
}

/// From Fortran's order, first axis fastest, to C's, last axis fastest.
fn turned(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |next, axis| {
            let stride = *next;
            *next *= axis;
            Some(stride)
        })
        .collect();
    let mut place = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let at: usize = place.iter().zip(&strides).map(|(i, s)| i * s).sum();
        out.extend(values.get(at));
        for (i, &axis) in place.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < axis {
                break;
            }
            *i = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::turned;

    #[test]
    fn fortran_order_is_turned() {
        // a[i][j][k] = 100 i + 10 j + k, first axis fastest
        let (a, b, c) = (2, 3, 2);
        let entry = |i: usize, j: usize, k: usize| (100 * i + 10 * j + k) as f32;
        let mut columns = Vec::new();
        let mut rows = Vec::new();
        for k in 0..c {
            for j in 0..b {
                columns.extend((0..a).map(|i| entry(i, j, k)));
            }
        }
        for i in 0..a {
            for j in 0..b {
                rows.extend((0..c).map(|k| entry(i, j, k)));
            }
        }
        assert_eq!(turned(&columns, &[a, b, c]), rows);
    }
}
