use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use half::f16;
use npyz::npz::NpzArchive;
use npyz::{DType, Deserialize, NpyFile, Order, TypeChar};

use super::ForeignError;
use super::layers::{ForeignLayer, chosen, dim};

pub(super) fn read_npy(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ForeignLayer>, ForeignError> {
    let name = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    chosen(path, vec![name.clone()], layers)?;
    let file = NpyFile::new(BufReader::new(open(path)?)).map_err(|e| damaged(path, &e))?;
    Ok(vec![layer(path, name, file)?])
}

pub(super) fn read_npz(
    path: &Path,
    layers: Option<&[String]>,
) -> Result<Vec<ForeignLayer>, ForeignError> {
    let file = BufReader::new(open(path)?);
    let mut archive = NpzArchive::new(file).map_err(|e| damaged(path, &e))?;
    let known = archive.array_names().map(ToOwned::to_owned).collect();
    chosen(path, known, layers)?
        .into_iter()
        .map(|name| {
            let array = archive.by_name(&name).map_err(|e| damaged(path, &e))?;
            let array = array.ok_or_else(|| ForeignError::Content {
                path: path.to_owned(),
                problem: format!("the array `{name}` is listed, but not there"),
            })?;
            layer(path, name, array)
        })
        .collect()
}

fn open(path: &Path) -> Result<File, ForeignError> {
    File::open(path).map_err(|source| ForeignError::Read {
        path: path.to_owned(),
        source,
    })
}

fn damaged(path: &Path, error: &std::io::Error) -> ForeignError {
    ForeignError::Content {
        path: path.to_owned(),
        problem: format!("not a whole array file ({error})"),
    }
}

fn layer(
    path: &Path,
    name: String,
    file: NpyFile<impl Read>,
) -> Result<ForeignLayer, ForeignError> {
    let wrong_type = |found: String| ForeignError::Type {
        path: path.to_owned(),
        array: name.clone(),
        found,
    };
    let sizes = file.shape().iter().map(|&axis| usize::try_from(axis));
    let shape: Vec<usize> = sizes
        .collect::<Result<_, _>>()
        .map_err(|_| ForeignError::Content {
            path: path.to_owned(),
            problem: format!("`{name}` is too large for this machine"),
        })?;
    let dim = dim(path, &name, &shape)?;
    let by_columns = file.order() == Order::Fortran;
    let kind = match file.dtype() {
        DType::Plain(kind) if kind.type_char() == TypeChar::Float => kind,
        other => return Err(wrong_type(other.descr())),
    };
    let values = match kind.size_field() {
        2 => read::<f16>(path, file, f16::to_f32)?,
        4 => read::<f32>(path, file, |x| x)?,
        8 => read::<f64>(path, file, |x| x as f32)?,
        _ => return Err(wrong_type(kind.to_string())),
    };
    Ok(ForeignLayer {
        values: match by_columns {
            true => by_rows(&values, &shape),
            false => values,
        },
        dim,
        name,
    })
}

fn read<T: Deserialize>(
    path: &Path,
    file: NpyFile<impl Read>,
    number: impl Fn(T) -> f32,
) -> Result<Vec<f32>, ForeignError> {
    let numbers = file.data::<T>().map_err(|error| ForeignError::Content {
        path: path.to_owned(),
        problem: error.to_string(),
    })?;
    numbers
        .map(|x| x.map(&number))
        .collect::<Result<_, _>>()
        .map_err(|e| damaged(path, &e))
}

/// From Fortran's order, first axis fastest, to C's, last axis fastest.
fn by_rows(values: &[f32], shape: &[usize]) -> Vec<f32> {
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
    use super::by_rows;

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
        assert_eq!(by_rows(&columns, &[a, b, c]), rows);
    }
}
