use std::path::Path;
use std::sync::OnceLock;

use layerprobe_streams::StreamKey;
use proptest::prelude::*;

use super::*;
use crate::models::{Arch, Network, Options};
use crate::training::Normalization;

fn valid() -> &'static (CheckpointHeader, Network, Vec<u8>) {
    static VALID: OnceLock<(CheckpointHeader, Network, Vec<u8>)> = OnceLock::new();
    VALID.get_or_init(|| {
        let network = Network::new(Arch::Cnn4, 16, 3, StreamKey::from_seed(0)).unwrap();
        let header = CheckpointHeader {
            arch: Arch::Cnn4,
            channels: 3,
            classes: 3,
            config_hash: "0123".into(),
            epoch: 0.4,
            image_size: 16,
            layers: network
                .layer_names()
                .iter()
                .map(|s| (*s).to_owned())
                .collect(),
            normalization: Normalization {
                mean: [0.1, 0.25, 1.0 / 3.0],
                std: [0.3, 0.2, 0.7],
            },
            options: Options::default(),
            role: Role::Scheduled,
            step: 2,
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/folder/step.safetensors");
        Checkpoint::write(&path, &header, &network).unwrap();
        let read = Checkpoint::read(&path).unwrap();
        assert_eq!((&read.header, &read.network), (&header, &network));
        let bytes = std::fs::read(&path).unwrap();
        // nothing temporary stays
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1);
        (header, network, bytes)
    })
}

fn read(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::from_bytes(bytes, Path::new("x.safetensors"))
}

/// An error with all its sources.
fn message(error: CheckpointError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

#[test]
fn the_header_is_one_json_text_with_sorted_keys() {
    let (_, _, bytes) = valid();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes).unwrap();
    let entries = metadata.metadata().as_ref().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries["layerprobe"],
        r#"{"arch":"cnn4","classes":3,"config_hash":"0123","epoch":0.4,"image_size":16,"layers":["pool1","pool2","pool3","pool4","fc1","fc2"],"normalization":{"mean":[0.1,0.25,0.33333334],"std":[0.3,0.2,0.7]},"role":"scheduled","step":2}"#
    );
}

#[test]
fn foreign_and_damaged_files_are_named() {
    let (header, network, bytes) = valid();
    for cut in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        let message = message(read(&bytes[..cut]).unwrap_err());
        assert!(
            message.contains("x.safetensors is not a whole"),
            "{message}"
        );
    }
    assert!(matches!(
        Checkpoint::read(Path::new("/nowhere/at/all")),
        Err(CheckpointError::Read { .. })
    ));

    let tensors = || -> Tensors<'_> {
        let all = network.parameters().iter();
        all.map(|p| (p.name.clone(), p.shape.as_slice(), p.values.as_slice()))
            .collect()
    };
    let path = Path::new("x.safetensors");
    let error = |header: &CheckpointHeader, tensors| {
        message(read(&serialize(path, header, tensors).unwrap()).unwrap_err())
    };
    let mut lacking = tensors();
    lacking.remove(4);
    let text = error(header, lacking);
    assert!(
        text.contains("x.safetensors") && text.contains("conv3.weight"),
        "{text}"
    );
    let mut wrong = tensors();
    wrong[10].1 = &[128, 3];
    let text = error(header, wrong);
    assert!(text.contains("fc2.weight") && text.contains("[128, 3]") && text.contains("[3, 128]"));
    let classes = CheckpointHeader {
        classes: 4,
        ..header.clone()
    };
    let text = error(&classes, tensors());
    assert!(
        text.contains("fc2.weight") && text.contains("[4, 128]"),
        "{text}"
    );
    for image_size in [0, 17, 1 << 14, usize::MAX / 16 * 16] {
        let other = CheckpointHeader {
            image_size,
            ..header.clone()
        };
        assert!(error(&other, tensors()).contains("x.safetensors"));
    }

    let text = message(read(&serialize(path, &"no header", tensors()).unwrap()).unwrap_err());
    assert!(text.contains("cannot be understood"), "{text}");
    let plain = safetensors::serialize(
        [(
            "a",
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4])
                .unwrap(),
        )],
        None,
    );
    assert!(message(read(&plain.unwrap()).unwrap_err()).contains("was not written by layerprobe"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn damaged_headers_are_read_without_panic(at in 0..2200usize, with: u8) {
        let mut bytes = valid().2.clone();
        prop_assume!(at < bytes.len());
        bytes[at] = with;
        // some changes, as of a step, leave a valid file
        if let Ok(checkpoint) = read(&bytes) {
            prop_assert_eq!(checkpoint.network.arch(), Arch::Cnn4);
        }
    }
}
