use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use half::f16;
use npyz::npz::NpzArchive;
use npyz::{DType, Deserialize, NpyFile, Order, TypeChar};

use super::ForeignError;
use super::layers::{AT_ONCE, ArrayShape, channels, chosen, narrowed, rows_and_dim};

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
    let bytes = open(path)?.metadata().map_err(|e| damaged(path, &e))?;
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

/// Bytes of the longest header that is read: a description of one plain array
/// takes about a hundred, and NumPy reads no more than 10,000.
const HEADER: u32 = 1 << 16;
/// Brackets within each other in a header that is read: a plain array has two, a
/// record of records six.
const DEPTH: usize = 8;

fn opened(path: &Path) -> Result<NpyFile<BufReader<File>>, ForeignError> {
    check_header(path, open(path)?)?;
    NpyFile::new(BufReader::new(open(path)?)).map_err(|e| damaged(path, &e))
}

/// Bytes before the numbers. Refuses an array whose header says that it is longer
/// than any is, for which the reader would take as much memory before it finds out,
/// and one whose header the reader does not survive.
fn check_header(path: &Path, mut array: impl Read) -> Result<u64, ForeignError> {
    let content = |problem: String| ForeignError::Content {
        path: path.to_owned(),
        problem,
    };
    let mut start = Vec::with_capacity(12);
    let read = array.by_ref().take(12).read_to_end(&mut start);
    read.map_err(|e| damaged(path, &e))?;
    // magic string, version, length: of two bytes in version 1, of four later
    let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _, a, b, c, d] = start[..] else {
        return Ok(0);
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    let (begin, length) = match version {
        1 => (10, length & 0xffff),
        _ => (12, length),
    };
    if length > HEADER {
        return Err(content(format!(
            "its header is said to be {length} bytes long, {HEADER} is the most that is read"
        )));
    }
    let end = begin + length as usize;
    let rest = end.saturating_sub(12) as u64;
    let read = array.take(rest).read_to_end(&mut start);
    read.map_err(|e| damaged(path, &e))?;
    let text = &start[begin..end.min(start.len())];
    let plain = without_strings(text);
    // no name of a type has a backslash, after which a quote would not end it
    if depth(&plain) > DEPTH || text.contains(&b'\\') {
        return Err(content(format!(
            "its header has a backslash, or more than {DEPTH} brackets within each other"
        )));
    }
    if product(&plain).is_none() {
        return Err(content(
            "its header has a shape too large for this machine, or numbers that are not \
             plain digits"
                .to_owned(),
        ));
    }
    Ok(end as u64)
}

/// A header's text, Python's, but for what stands in quotes.
fn without_strings(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut quote = None;
    for &byte in text {
        match (quote, byte) {
            (Some(end), _) if byte == end => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => {
                quote = Some(byte);
                plain.push(b' ');
            }
            (None, _) => plain.push(byte),
        }
    }
    plain
}

/// How many brackets stand within each other. The reader tries what is within each
/// more than once, and thus takes twice the time and more for every further one.
fn depth(plain: &[u8]) -> usize {
    let (mut open, mut most) = (0usize, 0);
    for byte in plain {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// All numbers multiplied, 0 as 1; none if one is not in plain digits, or the product
/// too large. The reader multiplies the axes of a shape from either end before it
/// says what they are, and looks for no overflow.
fn product(plain: &[u8]) -> Option<u64> {
    let sign = |byte: &u8| b"+-".contains(byte);
    let in_words = |byte: &u8| byte.is_ascii_alphanumeric() || sign(byte) || b"._".contains(byte);
    let words = plain.split(|byte| !in_words(byte));
    words
        .filter(|word| word.iter().any(|byte| byte.is_ascii_digit() || sign(byte)))
        .try_fold(1u64, |product, word| {
            // Python 2 wrote 3L
            let word = word.strip_suffix(b"L".as_slice()).unwrap_or(word);
            if !word.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let number: u64 = std::str::from_utf8(word).ok()?.parse().ok()?;
            product.checked_mul(number.max(1))
        })
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
    NpzArchive::new(BufReader::new(open(path)?)).map_err(|e| damaged(path, &e))
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
    let array = archive.by_name(name).map_err(|e| damaged(path, &e))?;
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

fn damaged(path: &Path, error: &std::io::Error) -> ForeignError {
    ForeignError::Content {
        path: path.to_owned(),
        problem: format!("not a whole array file ({error})"),
    }
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
    std::io::copy(&mut bytes, &mut std::io::sink()).map_err(|e| damaged(path, &e))?;
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
        rows.push(number(value.map_err(|e| damaged(path, &e))?)?);
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
    use std::path::Path;

    use super::{DEPTH, HEADER, check_header, depth, product, turned, without_strings};

    #[test]
    fn a_header_that_is_said_to_be_huge_is_not_made_room_for() {
        let checked = |version: u8, length: u32| {
            let start = [b"\x93NUMPY", &[version, 0][..], &length.to_le_bytes()].concat();
            check_header(Path::new("a.npy"), &start[..])
        };
        let error = checked(2, 662_380_544).unwrap_err().to_string();
        assert!(error.contains("662380544 bytes long"), "{error}");
        assert!(checked(3, HEADER + 1).is_err());
        assert!(checked(2, HEADER).is_ok());
        // version 1 has two bytes for it, and the header's text behind
        assert!(checked(1, u32::MAX).is_ok());
        assert!(check_header(Path::new("a.npy"), &b"\x93NUM"[..]).is_ok());
        assert_eq!(checked(1, 118).unwrap(), 128);
        assert_eq!(checked(2, 116).unwrap(), 128);
    }

    #[test]
    fn a_header_is_looked_at_before_the_reader_multiplies() {
        let checked = |text: &str| {
            let length = (text.len() as u16).to_le_bytes();
            let start = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat();
            // numbers follow, which are not looked at
            check_header(Path::new("a.npy"), &[&start[..], b" 99 ** 99"].concat()[..])
        };
        let shape = |shape: &str| {
            let text =
                format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}   \n");
            checked(&text).map_err(|error| error.to_string())
        };
        assert!(shape("(3, 4)").is_ok());
        assert!(shape("(0, 6)").is_ok());
        assert!(shape("(3L, 4L)").is_ok());
        assert!(shape("(4294967295, 4294967296)").is_ok());
        for large in [
            "(4294967296, 4294967296)",
            "(4294967296, 4294967296, 0)",
            "(0, 4294967296, 4294967296)",
            "(18446744073709551616, 1)",
            // numbers that Python writes in other ways
            "(4294967295 + 1, 4294967296)",
            "(4294967295 +1, 4294967296)",
            "(0x100000000, 0x100000000)",
            "(4_294_967_296, 4_294_967_296)",
            "(-1, 4)",
            "(1e308, 4)",
        ] {
            let error = shape(large).unwrap_err();
            assert!(
                error.contains("too large for this machine"),
                "{large}: {error}"
            );
        }
        let deep = checked(&"[".repeat(DEPTH + 1)).unwrap_err().to_string();
        assert!(deep.contains("brackets within each other"), "{deep}");
        assert!(checked(&"[".repeat(DEPTH)).is_ok());
        // what is in quotes is not counted
        assert!(checked(r#"{'"99 ** 99((((((((((': "'+"}"#).is_ok());
        // where it ends is plain
        assert!(checked(r"{'a\N{'}': 0}").is_err());
        let header = b"{'descr': [('a', '<f4', (2, 3))], 'shape': (5,)}";
        let plain = without_strings(header);
        assert_eq!((depth(&plain), product(&plain)), (4, Some(30)));
    }

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
