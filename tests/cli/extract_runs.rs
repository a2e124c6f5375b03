//! `layerprobe extract` from the checkpoints that runs leave.

use std::fs;
use std::path::{Path, PathBuf};

use layerprobe::models::{ImageBatch, Workspace};
use layerprobe::training::Checkpoint;
use predicates::str::contains;

use crate::extract::{images, load, save, single};
use crate::folder::layerprobe;

/// The last checkpoint of a run of one network for one epoch.
fn trained(dir: &Path, arch: &str, settings: &[&str]) -> PathBuf {
    let mut command = layerprobe(dir);
    command.args(["run", "smoke", "--quiet", "--out", "run"]);
    let one = ["training.targets=['color']", "training.epochs=1"];
    for setting in one.iter().chain(settings) {
        command.args(["--set", setting]);
    }
    command.assert().success();
    let condition = format!("run/conditions/trifeature-color-{arch}-split0-seed0");
    // 343 stimuli make 6 batches of 64
    dir.join(condition)
        .join("checkpoints/step-000006.safetensors")
}

/// Stimuli of such a run, with a wider margin where the images are larger.
fn rendered(dir: &Path, out: &str, image_size: &str) {
    let size = format!("image_size={image_size}");
    let sizes = [size.as_str(), "object_size=20", "texture_period=6"];
    let mut command = layerprobe(dir);
    command.args(["render", "trifeature", "--out", out, "--quiet"]);
    command.args(["--count", "12", "--set", "exemplars=1"]);
    for setting in sizes {
        command.args(["--set", setting]);
    }
    command.assert().success();
}

#[test]
fn images_are_normalized_as_those_that_the_network_was_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = trained(dir.path(), "cnn4", &[]);
    rendered(dir.path(), "stimuli", "32");
    let extract = |more: &[&str]| {
        layerprobe(dir.path())
            .args(["extract", "--arch", "cnn4", "--weights"])
            .arg(&checkpoint)
            .args(["--input", "stimuli/images", "--layers", "pool3,fc1"])
            .args(["--out", "a.safetensors"])
            .args(more)
            .assert()
            .success();
        fs::read(dir.path().join("a.safetensors")).unwrap()
    };
    let whole = extract(&["--threads", "1"]);
    let (shape, _) = load(&dir.path().join("a.safetensors"), "pool3");
    assert_eq!(shape, [12, 128, 4, 4]);
    assert!(extract(&["--threads", "2"]) == whole);

    let own = Checkpoint::read(&checkpoint).unwrap().header.normalization;
    let normalized = |mean: [f32; 3], std: [f32; 3]| {
        let [mean, std] = [mean, std].map(|three| three.map(|x| x.to_string()).join(","));
        extract(&["--mean", &mean, "--std", &std])
    };
    assert!(normalized(own.mean, own.std) == whole);
    assert!(normalized(own.mean, [1.0; 3]) != whole);
    // ImageNet's, by which other weights' images are normalized
    assert!(normalized([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) != whole);
}

#[test]
fn a_checkpoint_is_of_one_network_for_images_of_one_size() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = trained(dir.path(), "cnn4", &[]);
    rendered(dir.path(), "stimuli", "32");
    rendered(dir.path(), "larger", "48");
    let refused = |arch: &str, images: &str, said: &str| {
        layerprobe(dir.path())
            .args(["extract", "--arch", arch, "--weights"])
            .arg(&checkpoint)
            .args(["--input", images, "--layers", "fc1"])
            .args(["--out", "a.safetensors"])
            .assert()
            .code(2)
            .stderr(contains(said));
        assert!(!dir.path().join("a.safetensors").exists(), "{said}");
    };
    for arch in ["mlp", "resnet18"] {
        let said = format!("holds the weights of cnn4, not of {arch}");
        refused(arch, "stimuli/images", &said);
    }
    let said = "was trained on images of 32 x 32, these are 48 x 48, and it cannot take others";
    refused("cnn4", "larger/images", said);
}

#[test]
fn what_was_chosen_of_a_network_is_read_with_its_weights() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [
        "network.arch=mlp",
        // not the usual one, and nothing that the weights could tell
        "network.slope=0.5",
        "probes.layers=['fc1']",
    ];
    let checkpoint = trained(dir.path(), "mlp", &settings);
    let pixels = images(5, 32);
    let x = single("images", &[5, 3, 32, 32], &pixels);
    save(&dir.path().join("x.safetensors"), &[x]);
    layerprobe(dir.path())
        .args(["extract", "--arch", "mlp", "--weights"])
        .arg(&checkpoint)
        .args(["--input", "x.safetensors", "--layers", "fc1,fc4"])
        .args(["--out", "a.safetensors"])
        .assert()
        .success();
    let network = Checkpoint::read(&checkpoint).unwrap().network;
    let batch = ImageBatch::from_chw(network.input_layout(), &pixels);
    let read = network.read(&mut Workspace::default(), &batch, &["fc1", "fc4"]);
    for rows in read.unwrap() {
        let (shape, found) = load(&dir.path().join("a.safetensors"), &rows.name);
        assert_eq!(shape, [5, rows.dim]);
        assert_eq!(found.len(), rows.values.len());
        let scale = rows.values.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        // a product's blocks follow its number of rows
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * scale;
        assert!(scale > 0.0 && found.iter().zip(&rows.values).all(near));
        // those below 0 are halved, not nearly gone
        let least = found.iter().fold(0.0f32, |m, x| m.min(*x));
        assert!(least < -0.1 * scale, "{}: {least}", rows.name);
    }
}
