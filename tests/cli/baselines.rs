//! Layers that are no network's.

use std::fs;

use layerprobe_reports::{ResultRow, read_results};
use predicates::str::contains;

use crate::folder::{assert_same, layerprobe, results};

#[test]
fn pixels_are_probed_once_for_each_version() {
    let dir = tempfile::tempdir().unwrap();
    let run = |out: &str, threads: &str| {
        layerprobe(dir.path())
            .args([
                "run",
                "smoke",
                "--quiet",
                "--out",
                out,
                "--threads",
                threads,
            ])
            .args(["--set", "probes.layers=['fc1', 'input', 'pixel_stats']"])
            .args(["--set", "split.versions=[0, 2]"])
            .assert()
            .success();
    };
    run("run", "1");
    let root = dir.path().join("run");
    let rows = read_results(root.join("results.csv")).unwrap();
    let accuracies = |layer: &str| -> Vec<&ResultRow> {
        let own = |row: &&ResultRow| row.layer == layer && row.metric == "accuracy";
        rows.iter().filter(own).collect()
    };
    for (layer, dim) in [("pixel_stats", 6), ("input", 3 * 32 * 32)] {
        let found = accuracies(layer);
        // three features, two versions, whatever the targets and checkpoints
        assert_eq!(found.len(), 6, "{layer}");
        for row in found {
            assert_eq!((row.arch.as_str(), row.dim), ("none", Some(dim)));
            assert!(row.target.is_empty() && row.step.is_none() && row.init_seed.is_none());
        }
    }
    // six numbers tell the color of an object on gray, and not its shape
    let of = |feature: &str| {
        let found = accuracies("pixel_stats");
        let row = found.into_iter().find(|row| row.feature == feature);
        row.unwrap().value
    };
    assert!(
        of("color") > 0.5 && of("shape") < 0.4,
        "{} {}",
        of("color"),
        of("shape")
    );

    let page = fs::read_to_string(root.join("report/index.html")).unwrap();
    assert!(page.contains("Without a network"));
    assert!(page.contains("mean and deviation of each color channel (pixel_stats)"));
    let figure = fs::read_to_string(root.join("report/figures/decodability-over-training.svg"));
    assert!(figure.unwrap().contains("pixel_stats (no network)"));

    let verify = || {
        layerprobe(dir.path())
            .args(["verify", "run", "--recompute", "1"])
            .assert()
    };
    verify().success().stdout(contains("all agree"));

    // what was interrupted goes on with the same bytes, and so does what was altered
    let stats = root.join("baselines/split0/pixel_stats.csv");
    let text = fs::read_to_string(&stats).unwrap();
    fs::write(&stats, text.replace("pixel_stats", "pixel_stat5")).unwrap();
    fs::remove_file(root.join("baselines/split2/input.csv")).unwrap();
    verify()
        .code(1)
        .stdout(contains("split0/pixel_stats.csv is not what the run wrote"))
        .stdout(contains("split2/input.csv is missing"));
    let before = results(&root);
    run("run", "2");
    fs::remove_file(root.join("baselines/split0/pixel_stats.csv.damaged")).unwrap();
    run("again", "2");
    let after = results(&root);
    assert_eq!(before.len() + 1, after.len());
    assert_same(&after, &results(&dir.path().join("again")));
}

#[test]
fn baselines_are_named_like_layers() {
    let dir = tempfile::tempdir().unwrap();
    for (layers, said) in [
        ("['pixel_stat', 'fc1']", "did you mean `pixel_stats`?"),
        ("['input']", "name at least one layer of the network"),
        ("['input', 'fc1', 'input']", "`input` is named twice"),
    ] {
        layerprobe(dir.path())
            .args(["run", "smoke", "--set", &format!("probes.layers={layers}")])
            .assert()
            .code(2)
            .stderr(contains(said));
    }
}
