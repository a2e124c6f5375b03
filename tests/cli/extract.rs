//! `layerprobe extract`.

use std::fs;
use std::path::Path;

use layerprobe::models::{Arch, ImageBatch, Network, Workspace};
use layerprobe_streams::StreamKey;
use predicates::str::contains;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::folder::layerprobe;

/// A named tensor and its bytes.
pub type Named = (String, Dtype, Vec<usize>, Vec<u8>);

pub fn single(name: &str, shape: &[usize], values: &[f32]) -> Named {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    (name.to_owned(), Dtype::F32, shape.to_vec(), bytes)
}

pub fn save(path: &Path, tensors: &[Named]) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

pub fn load(path: &Path, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor(name).unwrap();
    let chunks = tensor.data().chunks_exact(4);
    let values = chunks.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    (tensor.shape().to_vec(), values.collect())
}

/// A network and its weights as a state_dict has them, batch counts included.
fn network(arch: Arch, size: usize, classes: usize) -> (Network, Vec<Named>) {
    let network = Network::new(arch, size, classes, StreamKey::from_seed(1)).unwrap();
    let mut tensors = Vec::new();
    for tensor in network.tensors() {
        tensors.push(single(&tensor.name, &tensor.shape, &tensor.values));
        if let Some(norm) = tensor.name.strip_suffix(".running_mean") {
            let name = format!("{norm}.num_batches_tracked");
            tensors.push((name, Dtype::I64, vec![], vec![0; 8]));
        }
    }
    (network, tensors)
}

pub fn images(n: usize, size: usize) -> Vec<f32> {
    let mut stream = StreamKey::from_seed(2).at(0);
    let len = n * 3 * size * size;
    (0..len)
        .map(|_| stream.uniform_in(-1.0, 1.0) as f32)
        .collect()
}

#[test]
fn a_state_dict_and_images_become_activations() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (arch, size, layers) in [
        (Arch::ResNet18, 40, ["layer2.1", "post_pool"]),
        (Arch::AlexNet, 63, ["pool3", "fc7"]),
    ] {
        let (network, weights) = network(arch, size, 5);
        save(&path("w.safetensors"), &weights);
        let pixels = images(5, size);
        let x = single("images", &[5, 3, size, size], &pixels);
        save(&path("x.safetensors"), &[x]);
        layerprobe(dir.path())
            .args([
                "extract",
                "--arch",
                arch.name(),
                "--weights",
                "w.safetensors",
            ])
            .args([
                "--input",
                "x.safetensors",
                "--out",
                "a.safetensors",
                "--batch",
                "2",
            ])
            .args(["--layers", &layers.join(",")])
            .assert()
            .success()
            .stdout(contains("a.safetensors"));
        let batch = ImageBatch::from_chw(network.input_layout(), &pixels);
        let read = network.read(&mut Workspace::default(), &batch, &layers);
        for rows in read.unwrap() {
            let (shape, found) = load(&path("a.safetensors"), &rows.name);
            assert_eq!(shape[0], 5);
            assert_eq!(shape.iter().product::<usize>(), rows.values.len());
            let scale = rows.values.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            // a product's blocks follow its number of rows
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * scale;
            assert!(
                scale > 0.0 && found.iter().zip(&rows.values).all(near),
                "{}",
                rows.name
            );
        }
    }
    let files = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 3, "nothing temporary stays");
}

#[test]
fn a_folder_of_images_is_normalized_and_named() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args([
            "render",
            "trifeature",
            "--out",
            "stimuli",
            "--count",
            "3",
            "--quiet",
        ])
        .args([
            "--set",
            "image_size=64",
            "--set",
            "object_size=40",
            "--set",
            "texture_period=6",
        ])
        .assert()
        .success();
    let (_, weights) = network(Arch::Cnn4, 64, 4);
    save(&dir.path().join("w.safetensors"), &weights);
    let extract = |out: &str, normalization: &[&str]| {
        layerprobe(dir.path())
            .args(["extract", "--arch", "cnn4", "--weights", "w.safetensors"])
            .args([
                "--input",
                "stimuli/images",
                "--layers",
                "pool4",
                "--out",
                out,
            ])
            .args(normalization)
            .assert()
            .success();
        load(&dir.path().join(out), "pool4")
    };
    let (shape, default) = extract("a.safetensors", &[]);
    assert_eq!(shape, [3, 128, 4, 4]);
    let imagenet = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"];
    assert_eq!(extract("b.safetensors", &imagenet).1, default);
    let plain = ["--mean", "0,0,0", "--std", "1,1,1"];
    assert_ne!(extract("c.safetensors", &plain).1, default);
    let bytes = fs::read(dir.path().join("a.safetensors")).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let about = metadata.metadata().clone().unwrap();
    let about: serde_json::Value = serde_json::from_str(&about["layerprobe"]).unwrap();
    let files = about["files"].as_array().unwrap();
    assert!(files.len() == 3 && files.is_sorted_by_key(|f| f.as_str().unwrap().to_owned()));
}

#[test]
fn what_does_not_fit_is_named_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let (_, weights) = network(Arch::Cnn4, 16, 4);
    save(&path("w.safetensors"), &weights);
    let x = single("images", &[2, 3, 16, 16], &images(2, 16));
    save(&path("x.safetensors"), std::slice::from_ref(&x));
    let refused = |weights: &str, input: &str, layers: &str, code: i32, texts: &[&str]| {
        let mut assert = layerprobe(dir.path())
            .args([
                "extract",
                "--arch",
                "cnn4",
                "--weights",
                weights,
                "--input",
                input,
            ])
            .args(["--layers", layers, "--out", "a.safetensors"])
            .assert()
            .code(code);
        for text in texts {
            assert = assert.stderr(contains(*text));
        }
        assert!(!path("a.safetensors").exists());
    };
    let good = ("w.safetensors", "x.safetensors");
    refused(
        good.0,
        good.1,
        "pool_4",
        2,
        &["`pool_4`", "did you mean `pool4`?"],
    );
    refused(good.0, good.1, "fc1,fc1", 2, &["`fc1` is named twice"]);
    refused("none.safetensors", good.1, "fc1", 2, &["none.safetensors"]);

    let mut changed = weights.clone();
    changed.retain(|(name, ..)| name != "conv2.bias");
    save(&path("missing.safetensors"), &changed);
    refused(
        "missing.safetensors",
        good.1,
        "fc1",
        2,
        &["`conv2.bias`", "[64]"],
    );
    changed = weights.clone();
    changed.push(single("extra.weight", &[2], &[0.0; 2]));
    save(&path("extra.safetensors"), &changed);
    refused(
        "extra.safetensors",
        good.1,
        "fc1",
        2,
        &["`extra.weight`", "[2]"],
    );
    changed = weights.clone();
    changed[0] = single(&weights[0].0, &[32, 3, 3], &[0.0; 288]);
    save(&path("wrong.safetensors"), &changed);
    refused(
        "wrong.safetensors",
        good.1,
        "fc1",
        2,
        &["conv1.weight", "[32, 3, 3]"],
    );

    let odd = single("images", &[1, 3, 16, 15], &images(1, 16)[..720]);
    save(&path("odd.safetensors"), &[odd]);
    refused(good.0, "odd.safetensors", "fc1", 2, &["[1, 3, 16, 15]"]);
    let small = single("images", &[1, 3, 24, 24], &images(1, 24));
    save(&path("small.safetensors"), &[small]);
    refused(
        good.0,
        "small.safetensors",
        "fc1",
        2,
        &["24 x 24", "divisible by 16"],
    );
    let other = single("pictures", &[1], &[0.0]);
    save(&path("other.safetensors"), &[other]);
    refused(
        good.0,
        "other.safetensors",
        "fc1",
        2,
        &["`images`", "pictures"],
    );
    let whole = fs::read(path("x.safetensors")).unwrap();
    fs::write(path("cut.safetensors"), &whole[..whole.len() - 5]).unwrap();
    refused(
        good.0,
        "cut.safetensors",
        "fc1",
        2,
        &["not a whole safetensors"],
    );
    fs::create_dir(path("empty")).unwrap();
    refused(good.0, "empty", "fc1", 2, &["ends with .png"]);
}
