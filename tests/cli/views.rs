//! Views of layers.

use layerprobe_reports::{ResultRow, read_results};

use crate::bad_input::refused;
use crate::folder::{assert_same, layerprobe, results};

#[test]
fn each_view_of_each_layer_is_probed() {
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
            .args(["--set", "probes.layers=['pixel_stats', 'pool3', 'fc1']"])
            .args(["--set", "probes.views=['full', 'gap', 'pca:8', 'rp:8']"])
            .args(["--set", "probes.features=['color']"])
            .args(["--set", "probes.permutations=19"])
            .assert()
            .success();
        results(&dir.path().join(out))
    };
    assert_same(&run("one", "1"), &run("two", "2"));
    layerprobe(dir.path())
        .args(["verify", "one", "--recompute", "1"])
        .assert()
        .success();
    let rows = read_results(dir.path().join("one/results.csv")).unwrap();
    let dims = |layer: &str| -> Vec<(&str, u64)> {
        let own = |row: &&ResultRow| {
            (&*row.layer, &*row.metric) == (layer, "accuracy")
                && row.step.is_none_or(|step| step == 0)
                && matches!(&*row.target, "" | "shape")
        };
        let found = rows.iter().filter(own);
        found
            .map(|row| (row.view.as_str(), row.dim.unwrap()))
            .collect()
    };
    let maps = [("full", 2048), ("gap", 128), ("pca:8", 8), ("rp:8", 8)];
    assert_eq!(dims("pool3"), maps);
    // a vector has no pixels to average over
    assert_eq!(dims("fc1"), [("full", 128), ("pca:8", 8), ("rp:8", 8)]);
    let few = [("full", 6), ("pca:8", 6), ("rp:8", 6)];
    assert_eq!(dims("pixel_stats"), few);
    // a family of p-values is of one view
    let maxima = rows.iter().filter(|row| row.metric == "null_max");
    let mut views: Vec<&str> = maxima.map(|row| row.view.as_str()).collect();
    views.sort_unstable();
    views.dedup();
    assert_eq!(views, ["full", "gap", "pca:8", "rp:8"]);
    assert!(rows.iter().all(|row| !row.view.is_empty()));
}

#[test]
fn views_that_cannot_be_are_refused_before_any_work() {
    let no_map = "none of the network's layers is a map";
    for (layers, views, said) in [
        (
            "['fc1']",
            "['pac:8']",
            "there are full, gap, pca:K and rp:K",
        ),
        ("['fc1']", "['gap', 'gap']", "`gap` is named twice"),
        ("['fc1']", "[]", "name at least one view"),
        ("['fc1']", "['gap']", no_map),
        // the images that go in are one, but no layer of a network
        ("['input', 'fc1']", "['gap']", no_map),
    ] {
        let (layers, views) = (
            format!("probes.layers={layers}"),
            format!("probes.views={views}"),
        );
        let arguments = ["run", "smoke", "--set", &layers, "--set", &views];
        refused(&arguments, &[said]);
    }
}
