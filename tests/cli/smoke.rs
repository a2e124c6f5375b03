//! The whole way from a preset to a report, at the smallest size.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use predicates::prelude::*;
use predicates::str::contains;

use crate::folder::{assert_same, files, layerprobe, results};
#[cfg(unix)]
use crate::stopping::interrupted_can_go_on;
use crate::stopping::killed_ends_as_whole;

#[test]
fn the_same_config_gives_the_same_bytes_whatever_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    for threads in ["1", "2"] {
        layerprobe(dir.path())
            .args([
                "run",
                "smoke",
                "--quiet",
                "--threads",
                threads,
                "--out",
                threads,
            ])
            .assert()
            .success();
    }
    let one = results(&dir.path().join("1"));
    assert!(
        one.keys()
            .any(|name| name.ends_with("step-000000.safetensors"))
    );
    assert!(one.contains_key("results.csv"));
    assert_same(&one, &results(&dir.path().join("2")));
}

#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    let (epochs, exemplars) = ("training.epochs=6", "stimuli.exemplars=2");
    let command = ["run", "smoke", "--set", epochs, "--set", exemplars];
    killed_ends_as_whole(&command, &[150, 400, 700, 1100, 1600]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_that_it_can_go_on() {
    let command = ["run", "smoke", "--set", "training.epochs=500"];
    interrupted_can_go_on(&command, "runs/smoke/config.toml", 500);
}

/// When each file of the conditions was written.
fn written(root: &Path) -> BTreeMap<String, SystemTime> {
    let conditions = root.join("conditions");
    let names = files(&conditions).into_keys();
    let moments = names.map(|name| {
        let metadata = fs::metadata(conditions.join(&name)).unwrap();
        (name, metadata.modified().unwrap())
    });
    moments.collect()
}

#[test]
fn a_finished_run_is_not_done_again_and_its_report_can_be_drawn_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        layerprobe(dir.path())
            .args(["run", "smoke"])
            .assert()
            .success()
            .stdout(contains("results  runs/smoke/results.csv"))
            .stdout(contains("report   runs/smoke/report/index.html"))
            .stderr(contains("its numbers mean nothing"))
    };
    run();
    let root = dir.path().join("runs/smoke");
    let before = files(&root);
    for name in [
        "config.toml",
        "manifest.json",
        "results.csv",
        "report/index.html",
        "conditions/trifeature-shape-cnn4-split0-seed0/training.csv",
        "conditions/trifeature-color-cnn4-split0-seed0/checkpoints/step-000000.safetensors",
    ] {
        assert!(before.contains_key(name), "{name} is missing");
    }
    let moments = written(&root);
    // of 2 networks: a log, and for 3 checkpoints x 2 layers a table and its proof
    let count = |part: &str| moments.keys().filter(|name| name.contains(part)).count();
    assert_eq!((count("training.csv"), count("probes")), (2, 24));
    run();
    assert_same(&results(&root), &{
        let mut before = before.clone();
        before.retain(|name, _| {
            name != "manifest.json"
                && name != "report/index.html"
                && !name.ends_with("training.json")
        });
        before
    });
    // nothing is trained or probed twice
    assert_eq!(written(&root), moments);

    fs::remove_dir_all(root.join("report")).unwrap();
    layerprobe(dir.path())
        .args(["report", "runs/smoke"])
        .assert()
        .success()
        .stdout(contains("runs/smoke/report/index.html"));
    assert_same(&results(&root), &{
        let mut before = before;
        before.retain(|name, _| {
            name != "manifest.json"
                && name != "report/index.html"
                && !name.ends_with("training.json")
        });
        before
    });
}

#[test]
fn the_table_holds_every_condition_step_layer_and_feature() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["run", "smoke", "--quiet"])
        .assert()
        .success()
        .stdout(predicate::str::is_empty());
    let rows = layerprobe_reports::read_results(dir.path().join("runs/smoke/results.csv")).unwrap();
    let accuracies: Vec<_> = rows.iter().filter(|r| r.metric == "accuracy").collect();
    // 2 targets x 3 checkpoints x 2 layers x 3 features
    assert_eq!(accuracies.len(), 36);
    // beside each the penalty that cross-entropy would have had
    let surest = rows
        .iter()
        .filter(|r| r.metric == "selection_cross_entropy");
    let surest: Vec<_> = surest.collect();
    assert_eq!(surest.len(), 36);
    assert!(
        surest
            .iter()
            .all(|r| r.penalty.is_some() && r.selected_by == "cross_entropy")
    );
    for row in &accuracies {
        assert_eq!(row.probe, "linear");
        assert_eq!(row.protocol, "clean/4");
        assert_eq!(row.split_kind, "held_out_values");
        assert_eq!((row.n_train, row.n_test), (Some(343), Some(357)));
        let (lower, upper) = (row.lower.unwrap(), row.upper.unwrap());
        assert!(lower <= row.value && row.value <= upper, "{row:?}");
    }
    let untrained = |target: &str| -> Vec<f64> {
        let of = |r: &&&layerprobe_reports::ResultRow| r.step == Some(0) && r.target == target;
        accuracies.iter().filter(of).map(|r| r.value).collect()
    };
    assert_eq!(
        untrained("shape"),
        untrained("color"),
        "the untrained network is shared"
    );
    assert!(
        rows.iter()
            .any(|r| r.metric == "chance" && (r.value - 1.0 / 7.0).abs() < 1e-9)
    );
}
