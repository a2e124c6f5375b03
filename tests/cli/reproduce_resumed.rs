//! `layerprobe reproduce`, killed and called again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::folder::{assert_same, files, layerprobe, wait_until};

/// What is asked of the study: an experiment on images, its networks compared, and one on
/// bits, in some seconds.
fn arguments(out: &str) -> [&str; 9] {
    [
        "reproduce",
        "hermann-lampinen-2020",
        "--scale",
        "smoke",
        "--only",
        "rsa-order,untrained-trifeature,binary-dynamics",
        "--quiet",
        "--out",
        out,
    ]
}

/// The answers, and all that they are decided by.
fn answers(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let tables = ["claims.json", "results.csv"].map(|name| {
        let bytes = fs::read(out.join(name)).unwrap();
        (name.to_owned(), bytes)
    });
    let mut found = BTreeMap::from(tables);
    for folder in ["evidence", "similarity"] {
        let of_folder = files(&out.join(folder)).into_iter();
        found.extend(of_folder.map(|(name, bytes)| (format!("{folder}/{name}"), bytes)));
    }
    found
}

#[test]
fn a_study_that_was_killed_goes_on_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let reproduce = |out: &str, threads: &str| {
        layerprobe(dir.path())
            .args(arguments(out))
            .args(["--threads", threads])
            .assert()
            .success();
        answers(&dir.path().join(out))
    };
    let whole = reproduce("whole", "1");
    for table in ["evidence/binary.csv", "similarity/trifeature-second.csv"] {
        assert!(whole.contains_key(table), "{table}");
    }

    let out = dir.path().join("killed");
    let images = "runs/trifeature-second";
    let shape = format!("{images}/conditions/trifeature-shape-cnn4-split0-seed0");
    let bits = "runs/binary/conditions/binary-label-easy0.5-mlp-run0-seed0";
    // in training, in probing, in comparing, and in the next experiment: what is there
    // when it is killed, and what is not yet
    for (begun, later) in [
        (
            format!("{shape}/training.json"),
            format!("{images}/results.csv"),
        ),
        (
            format!("{shape}/probes/step-000000/fc1.json"),
            format!("{images}/results.csv"),
        ),
        (
            "evidence/trifeature-second.csv".to_owned(),
            "similarity/trifeature-second.csv".to_owned(),
        ),
        (format!("{bits}/measures.json"), "claims.json".to_owned()),
    ] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
            .args(arguments("killed"))
            .current_dir(dir.path())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let there = format!("{begun} is there");
        wait_until(&mut child, &there, || out.join(&begun).exists());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            !out.join(&later).exists(),
            "{later}: the kill came too late to test anything"
        );
    }
    assert_same(&whole, &reproduce("killed", "2"));
}
