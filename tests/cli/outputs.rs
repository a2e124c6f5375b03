//! Nothing is written over what it was made from.

use std::fs;

use predicates::str::contains;

use crate::folder::{files, layerprobe};
use crate::own_activations::write_npy;

#[test]
fn an_output_that_is_an_input_is_refused_and_nothing_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let values: Vec<f32> = (0..240).map(|i| (i * i % 101) as f32).collect();
    write_npy(&at("a.npy"), &values, "(40, 6)");
    write_npy(&at("a.csv"), &values, "(40, 6)");
    fs::write(
        at("labels.csv"),
        "shape\n".to_owned() + &"x\ny\n".repeat(20),
    )
    .unwrap();
    fs::write(at("w.safetensors"), "weights").unwrap();
    fs::write(at("results.csv"), "rows").unwrap();
    let before = files(dir.path());
    let refused = |arguments: &[&str], said: &str| {
        layerprobe(dir.path())
            .args(arguments)
            .assert()
            .code(2)
            .stderr(contains(said));
        assert_eq!(files(dir.path()), before, "{arguments:?}");
    };
    let probe = ["probe", "--activations", "a.npy", "--labels", "labels.csv"];
    let probe = |more: &[&'static str]| [&probe, more].concat();
    refused(
        &probe(&["--out", "a.npy"]),
        "--out a.npy: that is the file of --activations",
    );
    refused(
        &probe(&["--out", "./labels.csv"]),
        "that is the file of --labels",
    );
    refused(
        &probe(&["--out", "r.csv", "--predictions", "r.csv"]),
        "--predictions r.csv: that is the file of --out",
    );
    refused(&probe(&["--out", "labels.csv/r.csv"]), "cannot be written");
    refused(
        &["compare", "--activations", "a.csv", "--out", "a.csv"],
        "that is the file of --activations",
    );
    refused(
        &["export", "results.csv", "--out", "results.csv"],
        "that is the file of the results",
    );
    let weights = ["--arch", "cnn4", "--weights", "w.safetensors"];
    let rest = ["--input", "a.npy", "--layers", "fc1"];
    refused(
        &[
            &["extract"][..],
            &weights,
            &rest,
            &["--out", "w.safetensors"],
        ]
        .concat(),
        "that is the file of --weights",
    );
}

#[test]
fn stimuli_are_not_drawn_among_others() {
    let dir = tempfile::tempdir().unwrap();
    let render = |count: &str| {
        layerprobe(dir.path())
            .args(["render", "navon", "--out", "letters", "--count", count])
            .args(["--set", "image_size=64", "--set", "large_letter=60"])
            .args(["--set", "small_letter=7", "--quiet"])
            .assert()
    };
    render("3").success();
    let before = files(dir.path());
    render("2")
        .code(2)
        .stderr(contains("choose another folder"));
    assert_eq!(files(dir.path()), before);
    // the same again, and more, may be drawn there
    render("4").success();
}
