//! `layerprobe layers`.

use predicates::str::contains;
use serde_json::Value;

use crate::folder::layerprobe;

#[test]
fn the_papers_layers_are_there_with_their_sizes() {
    let dir = tempfile::tempdir().unwrap();
    let listed = |arch: &str| -> Vec<Value> {
        let output = layerprobe(dir.path())
            .args(["layers", arch, "--message-format", "json"])
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let dim = |layers: &[Value], name: &str| {
        let named = |layer: &&Value| {
            let aliases = layer["aliases"].as_array().unwrap();
            layer["name"] == name || aliases.iter().any(|alias| alias == name)
        };
        layers.iter().find(named).unwrap()["dim"].as_u64().unwrap()
    };
    let alexnet = listed("alexnet");
    assert_eq!(dim(&alexnet, "pool3"), 9216);
    assert_eq!(dim(&alexnet, "features.12"), 9216);
    assert_eq!(dim(&alexnet, "fc6"), 29);
    assert_eq!(dim(&alexnet, "fc7"), 29);
    let resnet = listed("resnet50");
    assert_eq!(dim(&resnet, "pre_pool"), 100_352);
    assert_eq!(dim(&resnet, "layer4"), 100_352);
    assert_eq!(dim(&resnet, "post_pool"), 2048);
    assert_eq!(dim(&listed("mlp"), "fc4"), 64);
}

#[test]
fn a_table_is_for_people_and_mistakes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args([
            "layers",
            "resnet18",
            "--image-size",
            "64",
            "--classes",
            "1000",
        ])
        .assert()
        .success()
        .stdout(contains("512 x 2 x 2"))
        .stdout(contains("layer4, pre_pool"))
        .stdout(contains("11689512 parameters"));
    layerprobe(dir.path())
        .args(["layers", "resnet5"])
        .assert()
        .code(2)
        .stderr(contains("resnet50"));
    layerprobe(dir.path())
        .args(["layers", "alexnet", "--image-size", "48"])
        .assert()
        .code(2)
        .stderr(contains("below 63"));
}
