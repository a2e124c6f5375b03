//! Layers that are no network's.

use std::fs;
use std::path::Path;

use layerprobe_reports::{ResultRow, read_by_value, read_confusions, read_results};
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
            .args(["--set", "probes.predictions='ends'"])
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

    has_tables_beside(&root, &accuracies("pixel_stats"));
    has_tables_beside(&root, &accuracies("input"));

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

/// The tables beside the results say of a baseline's probes what they say of a
/// network's: each accuracy is the share of the right among its predictions and in
/// its confusion matrix, and is split by held-out value.
fn has_tables_beside(root: &Path, accuracies: &[&ResultRow]) {
    let by_value = read_by_value(root.join("by_value.csv")).unwrap();
    let confusions = read_confusions(root.join("confusion.csv")).unwrap();
    for row in accuracies {
        let own = (&row.condition, &row.layer, &row.feature);
        let values = by_value.iter();
        let values = values.filter(|v| (&v.condition, &v.layer, &v.feature) == own);
        let values: Vec<_> = values.collect();
        // three held-out values of each of the two other features
        assert_eq!(values.len(), 6, "{own:?}");
        for value in values {
            assert!(value.arch == "none" && value.target.is_empty() && value.step.is_none());
            assert_eq!(value.status, row.status);
        }

        let counts = confusions.iter().filter(|c| {
            (&c.condition, &c.layer, &c.feature) == own && c.split_kind == row.split_kind
        });
        let (mut right, mut all) = (0, 0);
        for count in counts {
            all += count.count;
            right += count.count * u64::from(count.label == count.predicted);
        }
        assert_eq!(Some(all), row.n_test);
        assert!((right as f64 / all as f64 - row.value).abs() < 1e-12);

        let (version, layer, feature) = (row.split.unwrap(), &row.layer, &row.feature);
        let path = format!("baselines/split{version}/predictions/{layer}/{feature}.csv");
        let mut said = csv::Reader::from_path(root.join(path)).unwrap();
        let header = said.headers().unwrap().clone();
        let column = |name: &str| header.iter().position(|found| found == name).unwrap();
        let (kind, label, predicted) = (column("split_kind"), column("label"), column("predicted"));
        let said = said.records().map(Result::unwrap);
        let said: Vec<_> = said.filter(|line| line[kind] == row.split_kind).collect();
        let hits = said.iter().filter(|line| line[label] == line[predicted]);
        assert_eq!((said.len() as u64, hits.count() as u64), (all, right));
    }
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
