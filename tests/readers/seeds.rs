//! Whole files of every kind, small.

use std::fs;
use std::path::Path;

use layerprobe::config::{BinaryConfig, Config};
use layerprobe_reports::{
    ConfusionRow, ResultRow, ValueRow, write_by_value, write_confusions, write_results,
};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

pub fn configurations() -> Vec<Vec<u8>> {
    let smoke = Config::load("smoke", &[]).unwrap().to_toml();
    let short = "base = \"quick\"\n[training]\nepochs = 3\n[correlation]\npair = [\"shape\", \"color\"]\npredictivity = 0.5\n";
    vec![smoke.into_bytes(), short.as_bytes().to_vec()]
}

pub fn bits() -> Vec<Vec<u8>> {
    let config = BinaryConfig::load("binary-smoke", &[]).unwrap();
    vec![config.to_toml().into_bytes()]
}

pub fn claims() -> Vec<Vec<u8>> {
    let text = include_bytes!("../../src/reproduction/hermann_lampinen_2020/claims.toml");
    vec![text.to_vec()]
}

pub fn sweeps() -> Vec<Vec<u8>> {
    let text = "name = \"seeds\"\nbase = \"smoke\"\n[set]\ntraining.epochs = 1\n[axes]\nseed = [0, 1]\nsplit = [0, 1]\n[[exclude]]\nseed = 1\nsplit = 1\n[[include]]\nseed = 9\n";
    vec![text.as_bytes().to_vec()]
}

pub fn labels() -> Vec<Vec<u8>> {
    let text = "shape,color,split,group\nround,red,train,a\nsquare,blue,train,b\nround,blue,select,c\nsquare,red,test,\"d, e\"\n";
    vec![text.as_bytes().to_vec()]
}

pub fn results() -> Vec<Vec<u8>> {
    let row = ResultRow {
        condition: "shape-0".into(),
        layer: "fc1".into(),
        feature: "color".into(),
        metric: "accuracy".into(),
        value: 0.5,
        lower: Some(0.25),
        n_train: Some(343),
        ..ResultRow::default()
    };
    vec![written(|path| {
        write_results(path, &[row.clone(), row.clone()]).unwrap()
    })]
}

pub fn by_value() -> Vec<Vec<u8>> {
    let rows = vec![ValueRow::default(); 2];
    vec![written(|path| write_by_value(path, &rows).unwrap())]
}

pub fn confusions() -> Vec<Vec<u8>> {
    let rows = vec![ConfusionRow::default(); 2];
    vec![written(|path| write_confusions(path, &rows).unwrap())]
}

pub fn logs() -> Vec<Vec<u8>> {
    let text = "step,epoch,loss,train_accuracy,validation_accuracy\n0,0,1.9,0.25,0.125\n54,1,1.7,0.5,0.25\n";
    vec![text.as_bytes().to_vec()]
}

/// An `.npy` file, its header padded with spaces as NumPy does: a number in it may
/// become a longer one, and the rest is still within the header.
pub fn array_file(dtype: &str, order: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let mut head = format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while !(10 + head.len() + 1).is_multiple_of(64) {
        head.push(' ');
    }
    head.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((head.len() as u16).to_le_bytes());
    file.extend(head.bytes());
    file.extend(bytes);
    file
}

pub fn npy() -> Vec<Vec<u8>> {
    let array = |dtype, order, bytes: Vec<u8>| array_file(dtype, order, "(3, 4)", &bytes);
    let numbers = || (0..12u8).map(f32::from);
    vec![
        array(
            "<f4",
            "False",
            numbers().flat_map(f32::to_le_bytes).collect(),
        ),
        array(
            "<f4",
            "True",
            numbers().flat_map(f32::to_le_bytes).collect(),
        ),
        array(
            "<f8",
            "False",
            numbers().flat_map(|x| f64::from(x).to_le_bytes()).collect(),
        ),
    ]
}

pub fn npz() -> Vec<Vec<u8>> {
    use npyz::WriterBuilder;

    vec![written(|path| {
        let file = fs::File::create(path).unwrap();
        let mut archive = npyz::npz::NpzWriter::new(file);
        for name in ["conv", "fc"] {
            let mut array = archive
                .array(name, Default::default())
                .unwrap()
                .default_dtype()
                .shape(&[3, 4])
                .begin_nd()
                .unwrap();
            array.extend((0..12u8).map(f32::from)).unwrap();
            array.finish().unwrap();
        }
    })]
}

pub fn safetensors() -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = (0..24u8)
        .map(f32::from)
        .flat_map(f32::to_le_bytes)
        .collect();
    let view = |shape: Vec<usize>, bytes| TensorView::new(Dtype::F32, shape, bytes).unwrap();
    let tensors = [
        ("conv", view(vec![3, 2, 2, 2], &bytes[..])),
        ("fc", view(vec![3, 4], &bytes[..48])),
    ];
    vec![::safetensors::serialize(tensors, None).unwrap()]
}

pub fn checkpoints() -> Vec<Vec<u8>> {
    use layerprobe::models::{Arch, Network};
    use layerprobe::training::{Checkpoint, CheckpointHeader, Normalization, Role};
    use layerprobe_streams::StreamKey;

    let network = Network::new(Arch::Cnn4, 16, 3, StreamKey::from_seed(0)).unwrap();
    let header = CheckpointHeader {
        arch: Arch::Cnn4,
        channels: 3,
        classes: 3,
        config_hash: "of a test".into(),
        epoch: 0.0,
        image_size: 16,
        layers: vec!["fc1".into()],
        normalization: Normalization::IDENTITY,
        options: Default::default(),
        role: Role::Initial,
        step: 0,
    };
    vec![written(|path| {
        Checkpoint::write(path, &header, &network).unwrap();
    })]
}

pub fn manifests() -> Vec<Vec<u8>> {
    let text = r#"{
  "version": "0.1.0", "git": "unknown", "config_hash": "a", "protocol": "clean/4",
  "seeds": {"master": 0, "data": 0, "init": 0, "order": 0},
  "host": "here", "processor": "one", "platform": "linux", "threads": 2,
  "seconds": {"train": 1.5}, "artifacts": {"results.csv": "00ff"}
}"#;
    vec![text.as_bytes().to_vec()]
}

/// The bytes of a file that is written.
fn written(write: impl FnOnce(&Path)) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    write(&path);
    fs::read(path).unwrap()
}
