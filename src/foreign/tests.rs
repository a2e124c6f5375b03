use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use half::{bf16, f16};
use npyz::npz::NpzWriter;

use super::ForeignFile;
use crate::activations::Matrix;

/// Stimuli, channels, pixels: no two axes are as long.
const SHAPE: [usize; 3] = [4, 3, 2];

/// Halves, which both kinds of 16 bits hold as they are; no two are the same.
fn numbers() -> Vec<f32> {
    (0..24u8).map(|i| 1.5 * f32::from(i) - 12.5).collect()
}

/// The same with the first axis fastest.
fn by_columns() -> Vec<f32> {
    let ([stimuli, channels, pixels], numbers) = (SHAPE, numbers());
    let mut columns = Vec::new();
    for pixel in 0..pixels {
        for channel in 0..channels {
            let place = |stimulus: usize| (stimulus * channels + channel) * pixels + pixel;
            columns.extend((0..stimuli).map(|stimulus| numbers[place(stimulus)]));
        }
    }
    columns
}

/// Numbers as a file has them whose header names this type.
fn encoded(kind: &str, numbers: &[f32]) -> Vec<u8> {
    let encode = |&x: &f32| match kind {
        "F16" | "<f2" => f16::from_f32(x).to_le_bytes().to_vec(),
        "BF16" => bf16::from_f32(x).to_le_bytes().to_vec(),
        "F32" | "<f4" => x.to_le_bytes().to_vec(),
        _ => f64::from(x).to_le_bytes().to_vec(),
    };
    numbers.iter().flat_map(encode).collect()
}

/// An array file in version 1.0 of NumPy's format.
fn npy(kind: &str, fortran: bool) -> Vec<u8> {
    let (order, numbers) = match fortran {
        true => ("True", by_columns()),
        false => ("False", numbers()),
    };
    let [a, b, c] = SHAPE;
    let mut header =
        format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({a}, {b}, {c}), }}");
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(encoded(kind, &numbers));
    bytes
}

/// An archive of this array file.
fn write_npz(path: &Path, array: &[u8]) {
    let mut archive = NpzWriter::new(File::create(path).unwrap());
    let zip = archive.zip_writer();
    zip.start_file("layer.npy", Default::default()).unwrap();
    zip.write_all(array).unwrap();
    zip.finish().unwrap();
}

fn safetensors(kind: &str) -> Vec<u8> {
    let numbers = encoded(kind, &numbers());
    let info = format!(
        r#""dtype":"{kind}","shape":{SHAPE:?},"data_offsets":[0,{}]"#,
        numbers.len()
    );
    let header = format!(r#"{{"layer":{{{info}}}}}"#);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(numbers);
    bytes
}

fn loaded(path: &Path) -> Vec<f32> {
    let file = ForeignFile::open(path, None).unwrap();
    assert_eq!(file.arrays().len(), 1);
    let array = &file.arrays()[0];
    assert_eq!((&*array.name, array.rows, array.dim), ("layer", 4, 6));
    match file.read(array, None).unwrap().matrix {
        Matrix::Memory(values) => values,
        Matrix::Disk(_) => panic!("without a folder there is no disk"),
    }
}

#[test]
fn numpys_types_and_orders_hold_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let [npy_file, npz_file] = ["layer.npy", "layer.npz"].map(|name| dir.path().join(name));
    for kind in ["<f2", "<f4", "<f8"] {
        for fortran in [false, true] {
            let array = npy(kind, fortran);
            fs::write(&npy_file, &array).unwrap();
            write_npz(&npz_file, &array);
            for file in [&npy_file, &npz_file] {
                let case = format!("{kind} in {}, fortran: {fortran}", file.display());
                assert_eq!(loaded(file), numbers(), "{case}");
            }
        }
    }
}

#[test]
fn safetensors_types_hold_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("layer.safetensors");
    for kind in ["F16", "BF16", "F32", "F64"] {
        fs::write(&file, safetensors(kind)).unwrap();
        assert_eq!(loaded(&file), numbers(), "{kind}");
    }
}
