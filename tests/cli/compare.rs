//! Layers of finished runs, compared with each other.

use std::path::Path;

use layerprobe_reports::{ResultRow, read_results};
use predicates::prelude::*;
use predicates::str::contains;

use crate::folder::{assert_same, files, layerprobe};
use crate::own_activations::write_npy;

fn run(dir: &Path, settings: &[&str]) {
    let mut command = layerprobe(dir);
    command.args(["run", "smoke", "--quiet", "--out", "run"]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.assert().success();
}

fn rows(dir: &Path, arguments: &[&str]) -> Vec<ResultRow> {
    let mut command = layerprobe(dir);
    command.args(["compare", "--quiet", "--stimuli", "60", "--bootstrap", "50"]);
    command.args(arguments).args(["--out", "similarity.csv"]);
    command.assert().success();
    read_results(dir.join("similarity.csv")).unwrap()
}

#[test]
fn one_run_is_compared_with_itself_whatever_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &[]);
    for threads in ["1", "2"] {
        layerprobe(dir.path())
            .args(["compare", "run", "--stimuli", "60", "--bootstrap", "50"])
            .args(["--metrics", "rsa_pearson,rsa_spearman,cka,cka_debiased"])
            .args(["--threads", threads])
            .arg("--out")
            .arg(format!("{threads}/similarity.csv"))
            .assert()
            .success()
            .stdout(contains("same layer of").and(contains("shape   color")))
            .stderr(contains("6 pairs of 4 layers over 60 stimuli"));
    }
    let one = files(&dir.path().join("1"));
    assert_same(&one, &files(&dir.path().join("2")));
    let names: Vec<&str> = one.keys().map(String::as_str).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    assert!(names.contains(&"similarity-cka.png"), "{names:?}");

    // two networks of two layers: each with each, by four metrics
    let found = read_results(dir.path().join("1/similarity.csv")).unwrap();
    assert_eq!(found.len(), 6 * 4);
    for row in &found {
        let (lower, upper) = (row.lower.unwrap(), row.upper.unwrap());
        assert!(
            lower < upper && (-1.0..=1.01).contains(&row.value),
            "{row:?}"
        );
        let counts = (row.n_test, row.n_clusters, row.n_runs);
        assert_eq!(counts, (Some(60), Some(60), Some(1)));
        assert_eq!((&*row.interval_kind, &*row.probe), ("stimuli", "none"));
        assert_eq!(row.step_b, row.step);
    }
    let across = |row: &&ResultRow| row.metric == "cka" && row.layer_b == "fc1";
    let row = found.iter().rfind(across).unwrap();
    assert_eq!(row.condition, "trifeature-color-cnn4-split0-seed0");
    assert!(found.iter().any(|row| row.condition != row.condition_b));
}

#[test]
fn moments_and_hold_out_versions_are_networks_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        &["split.versions=[0, 1, 2]", "probes.layers=['fc1']"],
    );
    // untrained, and two later checkpoints of two targets, each in three versions
    let all = rows(dir.path(), &["run", "--checkpoint", "all"]);
    let pairs = all.iter().filter(|row| row.n_runs == Some(1)).count();
    assert_eq!(pairs, 2 * (15 * 14 / 2));
    let found = rows(dir.path(), &["run", "--metrics", "rsa_pearson"]);
    let (each, over): (Vec<&ResultRow>, Vec<&ResultRow>) =
        found.iter().partition(|row| row.n_runs == Some(1));
    assert_eq!((each.len(), over.len()), (15, 3));
    for row in over {
        assert_eq!((&*row.interval_kind, row.n_runs), ("runs", Some(3)));
        assert_eq!((row.split, row.condition.contains("split*")), (None, true));
        let target = |condition: &str| condition.split('-').nth(1).map(str::to_owned);
        let alike = |pair: &&&ResultRow| {
            // whichever side a target stands on
            let kinds = |row: &ResultRow| {
                let mut kinds = [target(&row.condition), target(&row.condition_b)];
                kinds.sort();
                kinds
            };
            kinds(pair) == kinds(row)
        };
        let values: Vec<f64> = each.iter().filter(alike).map(|row| row.value).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((row.value - mean).abs() < 1e-12, "{row:?} {mean}");
        assert!(row.lower.unwrap() <= row.value && row.value <= row.upper.unwrap());
    }
}

#[test]
fn a_run_is_exactly_like_itself_and_names_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["training.targets=['shape']"]);
    let found = rows(dir.path(), &["run", "run", "--distance", "euclidean"]);
    assert_eq!(found.len(), 2 * 2 * 2);
    for row in &found {
        assert_eq!(row.value == 1.0, row.layer == row.layer_b, "{row:?}");
        assert_eq!(row.condition, "run/trifeature-shape-cnn4-split0-seed0");
        assert_eq!(row.condition, row.condition_b);
    }
    let layers_b = ["--layers", "pool4", "--layers-b", "pool1", "--steps", "0"];
    let found = rows(dir.path(), &[&["run", "run"], &layers_b[..]].concat());
    assert_eq!(found.len(), 2);
    assert_eq!((&*found[0].layer, &*found[0].layer_b), ("pool4", "pool1"));
}

#[test]
fn what_cannot_be_compared_is_said_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["probes.layers=['fc1']"]);
    let cases: [(&[&str], &str); 10] = [
        (&["elsewhere"], "elsewhere is not a run folder"),
        (&["run", "--layers", "fc9"], "no layer `fc9`"),
        (&["run", "--targets", "colour"], "did you mean `color`?"),
        (
            &["run", "--steps", "7"],
            "no checkpoint at step 7; its steps are 0, ",
        ),
        (&["run", "--stimuli", "9999"], "there are 1000"),
        (&["run", "--stimuli", "12"], "needs at least 20"),
        (&["run", "--targets", "shape"], "nothing to compare"),
        (&["run", "--layers-b", "fc1"], "give two runs"),
        (&["run", "--metrics", "cka,cka"], "named twice"),
        (
            &["run", "--checkpoint", "all", "--steps", "0"],
            "cannot be used with",
        ),
    ];
    for (arguments, part) in cases {
        layerprobe(dir.path())
            .arg("compare")
            .args(arguments)
            .args(["--out", "similarity.csv"])
            .assert()
            .code(2)
            .stderr(contains(part));
    }
    assert!(!dir.path().join("similarity.csv").exists());
}

/// What tells a pair, and how alike it is.
type Pair = (String, String, String, Option<u64>, Option<u64>, u64);

fn pair(row: &ResultRow) -> Pair {
    (
        row.condition.clone(),
        row.condition_b.clone(),
        row.metric.clone(),
        row.step,
        row.step_b,
        row.value.to_bits(),
    )
}

#[test]
fn networks_on_bits_are_compared_as_their_run_does_it() {
    let dir = tempfile::tempdir().unwrap();
    let binary = ["binary", "binary-smoke", "--quiet", "--out", "bits"];
    layerprobe(dir.path()).args(binary).assert().success();
    let compare = |arguments: &[&str]| {
        let mut command = layerprobe(dir.path());
        command.args(["compare", "bits"]).args(arguments);
        if !arguments.contains(&"--out") {
            command.args(["--out", "similarity.csv"]);
        }
        command.assert()
    };
    let found = || read_results(dir.path().join("similarity.csv")).unwrap();

    // nine networks after training, each with each, by two metrics, and over runs
    compare(&[])
        .success()
        .stderr(contains("36 pairs of 9 layers over 40"));
    let own = read_results(dir.path().join("bits/results.csv")).unwrap();
    let own: Vec<Pair> = own.iter().map(pair).collect();
    let found_now = found();
    assert_eq!(found_now.len(), 2 * (36 + 3 * 4 / 2));
    for row in &found_now {
        assert!(own.contains(&pair(row)), "{row:?}");
    }

    // of a run the untrained network comes once
    let few = [
        "--layers",
        "fc1,fc2",
        "--checkpoint",
        "ends",
        "--stimuli",
        "30",
    ];
    compare(&[&few[..], &["--targets", "multi", "--bootstrap", "0"]].concat())
        .success()
        .stderr(contains("66 pairs of 12 layers over 30"));
    let groups = ["1", "2"].map(|threads| {
        compare(&["bits", "--steps", "0,100", "--threads", threads]).success();
        found()
    });
    assert_eq!(groups[0], groups[1]);
    let alike = |row: &&ResultRow| row.condition == row.condition_b && row.step == row.step_b;
    assert!(groups[0][0].condition.starts_with("bits/binary-label-"));
    assert!(
        groups[0]
            .iter()
            .filter(alike)
            .filter(|r| r.n_runs == Some(1))
            .all(|r| r.value == 1.0)
    );

    // given twice, no network meets itself in what is said over runs
    let over_runs = |rows: Vec<ResultRow>| {
        let rows = rows.into_iter().filter(|row| row.n_runs == Some(3));
        let of_kind = rows.filter(|row| row.metric == "rsa_pearson" && row.target == "multi");
        let of_kind = of_kind.filter(|r| {
            r.condition_b
                .ends_with(r.condition.trim_start_matches("bits/"))
        });
        of_kind.map(|row| row.value).collect::<Vec<f64>>()
    };
    compare(&["bits"]).success();
    assert_eq!(over_runs(found()), over_runs(found_now));

    run(dir.path(), &["probes.layers=['fc1']"]);
    let refused: [(&[&str], &str); 9] = [
        (
            &["--stimuli", "100000000"],
            "fewer stimuli (--stimuli), layers",
        ),
        (
            &["--out", "bits/results.csv"],
            "bits is a run folder, whose files are hashed",
        ),
        (
            &["--layers", "fc9"],
            "no layer `fc9`; the hidden layers are fc1, fc2",
        ),
        (&["--layers", "fc01"], "no layer `fc01`"),
        (&["--targets", "labels"], "did you mean `label`?"),
        (
            &["--checkpoint", "best"],
            "networks on bits keep no best checkpoint",
        ),
        (
            &["--steps", "7"],
            "no checkpoint at step 7; its steps are 0, ",
        ),
        (&["--stimuli", "12"], "needs at least 20"),
        (
            &["run"],
            "networks on bits are only compared with each other",
        ),
    ];
    for (arguments, part) in refused {
        compare(arguments).code(2).stderr(contains(part));
    }
    layerprobe(dir.path())
        .args(["compare", "run", "bits", "--out", "similarity.csv"])
        .assert()
        .code(2)
        .stderr(contains("bits is a run of `layerprobe binary`"));
    // the last step is the configuration's, whatever files are there
    let condition = dir
        .path()
        .join("bits/conditions/binary-label-easy0.5-mlp-run1-seed0");
    std::fs::remove_file(condition.join("checkpoints/step-000300.safetensors")).unwrap();
    compare(&[])
        .code(2)
        .stderr(contains("no checkpoint at step 300; its steps are 0, 100"));
    let record = "bits/conditions/binary-label-easy0.5-mlp-run1-seed0/training.json";
    std::fs::remove_file(dir.path().join(record)).unwrap();
    compare(&[])
        .code(2)
        .stderr(contains("finish it with: layerprobe binary"));
}

#[test]
fn files_of_activations_are_compared_too() {
    let dir = tempfile::tempdir().unwrap();
    let values: Vec<f32> = (0..40 * 6).map(|i| (i * i % 101) as f32).collect();
    write_npy(&dir.path().join("a.npy"), &values, "(40, 6)");
    let doubled: Vec<f32> = values.iter().map(|x| 2.0 * x).collect();
    write_npy(&dir.path().join("b.npy"), &doubled, "(40, 2, 3)");
    write_npy(&dir.path().join("c.npy"), &values[..30], "(10, 3)");
    let compare = |files: [&str; 2]| {
        let mut command = layerprobe(dir.path());
        command.args(["compare", "--out", "ab.csv", "--activations"]);
        command.args(files).assert()
    };
    compare(["a.npy", "b.npy"]).success();
    let found = read_results(dir.path().join("ab.csv")).unwrap();
    assert_eq!(found.len(), 2);
    for row in &found {
        assert_eq!((&*row.condition, &*row.condition_b), ("a", "b"));
        assert!(
            (row.value - 1.0).abs() < 1e-12,
            "scale does not matter: {row:?}"
        );
    }
    compare(["a.npy", "c.npy"])
        .code(2)
        .stderr(contains("`a` has 40 rows and `c` has 10"));
    // of two stimuli all dimensions are alike: they have no correlation
    let mut silent = values.clone();
    silent[6..12].fill(0.0);
    silent[60..66].fill(2.0);
    write_npy(&dir.path().join("s.npy"), &silent, "(40, 6)");
    compare(["a.npy", "s.npy"])
        .success()
        .stdout(contains("a and s: "))
        .stderr(contains("2 of 40 stimuli are left out of all layers"));
    let found = read_results(dir.path().join("ab.csv")).unwrap();
    assert!(found.iter().all(|row| row.n_test == Some(38)), "{found:?}");
    assert!((found[0].value - 1.0).abs() < 1e-12, "{found:?}");
    // of more than a tenth: the layer goes, and nothing is left to compare
    silent[..60].fill(0.0);
    write_npy(&dir.path().join("s.npy"), &silent, "(40, 6)");
    compare(["a.npy", "s.npy"])
        .code(2)
        .stderr(contains("is left out: all its units are alike for"))
        .stderr(contains("nothing to compare it with"));
}
