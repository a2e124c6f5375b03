//! The binary-features experiment, at its smallest size.

use std::fs;
use std::path::Path;

use layerprobe_reports::{ResultRow, read_results};
use predicates::str::contains;

use crate::folder::{assert_same, files, layerprobe, results};
#[cfg(unix)]
use crate::stopping::interrupted_can_go_on;
use crate::stopping::killed_ends_as_whole;

fn run(dir: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    layerprobe(dir)
        .args(["binary", "binary-smoke"])
        .args(arguments)
        .assert()
}

/// Rows of one metric, feature and probe at the end of training.
fn rows<'a>(rows: &'a [ResultRow], metric: &str, feature: &str, probe: &str) -> Vec<&'a ResultRow> {
    let found = rows.iter().filter(|row| {
        (
            row.metric.as_str(),
            row.feature.as_str(),
            row.probe.as_str(),
        ) == (metric, feature, probe)
            && row.checkpoint_role == "last"
    });
    found.collect()
}

#[test]
fn the_same_config_gives_the_same_bytes_whatever_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    for threads in ["1", "3"] {
        run(
            dir.path(),
            &["--quiet", "--threads", threads, "--out", threads],
        )
        .success();
    }
    let one = results(&dir.path().join("1"));
    assert_same(&one, &results(&dir.path().join("3")));
    for name in [
        "results.csv",
        "conditions/binary-label-easy0.65-mlp-run2-seed0/training.csv",
        "conditions/binary-multi-easy0.5-mlp-run0-seed0/checkpoints/step-000100.safetensors",
        "report/figures/over-predictivity.svg",
        "report/figures/over-training-easy0.65.png",
        "report/figures/input-bits.svg",
        "report/figures/similarity-rsa_pearson.svg",
        "report/figures/similarity-cka_debiased.png",
    ] {
        assert!(one.contains_key(name), "{name}");
    }
}

#[test]
fn every_measure_is_a_row_of_the_long_table() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &[])
        .success()
        .stdout(contains("easy decoded"))
        .stdout(contains("RSA between runs"))
        .stdout(contains("results  runs/binary-smoke/results.csv"))
        .stderr(contains("its numbers mean nothing"));
    let all = read_results(dir.path().join("runs/binary-smoke/results.csv")).unwrap();
    // two predictivities and one network for both features, three runs; by
    // Adam and by the certified probe, on two layers; and the means over runs
    assert_eq!(
        rows(&all, "accuracy", "easy", "linear").len(),
        3 * 2 * 2 * (3 + 1)
    );
    assert_eq!(
        rows(&all, "accuracy", "bit17", "linear").len(),
        3 * 2 * (3 + 1)
    );
    // nonlinear decoders read two of the runs
    assert_eq!(rows(&all, "accuracy", "hard", "mlp64").len(), 3 * (2 + 1));
    for feature in ["easy", "hard"] {
        let used = rows(&all, "feature_use", feature, "none");
        assert_eq!(used.len(), 3 * (3 + 1));
        assert!(used.iter().all(|row| (0.0..=1.0).contains(&row.value)));
        assert!(used.iter().all(|row| row.lower <= Some(row.value)));
    }
    // trained at a high rate, the label's networks learn something
    let right = rows(&all, "accuracy", "label", "none");
    let mean = right
        .iter()
        .find(|r| r.n_runs == Some(3) && r.predictivity == Some(0.65));
    assert_eq!(mean.unwrap().interval_kind, "runs");
    assert!(all.iter().any(|row| row.metric == "enhancement"));
    // three untrained networks and nine trained ones, each with each, then the
    // four kinds
    for metric in ["rsa_pearson", "cka_debiased"] {
        let alike = all
            .iter()
            .filter(|r| (&*r.metric, &*r.dataset) == (metric, "binary"));
        assert_eq!(alike.count(), 12 * 11 / 2 + 4 * 5 / 2);
    }
    let xor = all.iter().find(|row| row.dataset == "xor").unwrap();
    assert!((xor.value + 0.795).abs() < 5e-4);
}

#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    let command = ["binary", "binary-smoke", "--set", "training.epochs=2000"];
    killed_ends_as_whole(&command, &[100, 300, 500, 900]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_that_it_can_go_on() {
    let epochs = "training.epochs=50000000";
    let command = ["binary", "binary-smoke", "--set", epochs];
    interrupted_can_go_on(&command, "runs/binary-smoke/conditions", 200);
}

#[test]
fn a_finished_run_is_not_done_again_and_damage_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["--quiet"]).success();
    let root = dir.path().join("runs/binary-smoke");
    let before = results(&root);
    let condition = root.join("conditions/binary-label-easy0.5-mlp-run1-seed0");
    let changed = |name: &str| {
        fs::metadata(condition.join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let (trained, measured) = (changed("training.csv"), changed("measures.csv"));
    run(dir.path(), &["--quiet"]).success();
    assert_same(&before, &results(&root));
    assert_eq!(
        (changed("training.csv"), changed("measures.csv")),
        (trained, measured)
    );

    fs::write(condition.join("measures.csv"), "condition\n").unwrap();
    run(dir.path(), &[])
        .success()
        .stderr(contains("kept as measures.csv.damaged and made again"));
    fs::remove_file(condition.join("measures.csv.damaged")).unwrap();
    assert_eq!(changed("training.csv"), trained);
    assert_same(&before, &results(&root));
    fs::write(condition.join("checkpoints/step-000100.safetensors"), "").unwrap();
    run(dir.path(), &[])
        .success()
        .stderr(contains("kept as step-000100.safetensors.damaged"));
    fs::remove_file(condition.join("checkpoints/step-000100.safetensors.damaged")).unwrap();
    assert_same(&before, &results(&root));
}

#[test]
fn other_configurations_and_bad_values_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["--quiet"]).success();
    let refused = |arguments: &[&str], texts: &[&str]| {
        let mut assert = layerprobe(dir.path()).args(arguments).assert().code(2);
        for text in texts {
            assert = assert.stderr(contains(*text));
        }
    };
    let before = files(&dir.path().join("runs"));
    let set = |assignment: &'static str| ["binary", "binary-smoke", "--set", assignment];
    refused(
        &set("seed=1"),
        &["belongs to a run of another configuration"],
    );
    refused(&set("training.run=2"), &["did you mean `training.runs`?"]);
    refused(
        &set("training.targets=[\"lable\"]"),
        &["did you mean `label`?"],
    );
    refused(
        &set("stimuli.easy_predictivity=[0.4]"),
        &["0.4 is not within [0.5, 1]"],
    );
    refused(
        &set("stimuli.easy_predictivity=[0.6, 0.6]"),
        &["0.6 is named twice"],
    );
    refused(
        &set("stimuli.easy_rule=first"),
        &["did you mean `first_bit`?"],
    );
    refused(&set("network.initial=hee"), &["known: torch, xavier, he"]);
    refused(&set("network.slope=0"), &["0 is not above 0"]);
    refused(&set("decoding.bits=[33]"), &["there is no bit 33"]);
    refused(
        &set("decoding.stimuli=fresh"),
        &["known: independent, as_trained"],
    );
    refused(
        &set("checkpoints.steps=[400]"),
        &["training ends after step 300"],
    );
    refused(
        &["binary", "binary-quik"],
        &["did you mean `binary-quick`?"],
    );
    refused(&["binary", "smoke"], &["layerprobe run smoke"]);
    refused(
        &["run", "binary-smoke"],
        &["layerprobe binary binary-smoke"],
    );
    refused(&["binary"], &["PRESET_OR_FILE"]);
    assert_same(&before, &files(&dir.path().join("runs")));
}

#[test]
fn rules_initial_values_and_epochs_can_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let few = [
        "--quiet",
        "--set",
        "training.runs=1",
        "--set",
        "training.epochs=100",
    ];
    for (name, settings) in [
        ("majority", "stimuli.easy_rule=majority"),
        ("xavier", "network.initial=xavier"),
        ("he", "network.initial=he"),
        ("trained", "decoding.stimuli=as_trained"),
        ("none", "decoding.nonlinear_epochs=0"),
        ("both", "training.targets=[\"multi\"]"),
    ] {
        run(
            dir.path(),
            &[&few[..], &["--set", settings, "--out", name]].concat(),
        )
        .success();
        let rows = read_results(dir.path().join(name).join("results.csv")).unwrap();
        assert_eq!(rows.iter().any(|row| row.probe == "mlp64"), name != "none");
        // one run gives no mean over runs
        assert!(rows.iter().all(|row| row.interval_kind != "runs"));
    }
    layerprobe(dir.path())
        .args(["config", "show", "binary-smoke"])
        .assert()
        .success()
        .stdout(contains("easy_rule = \"first_bit\""));
}

#[test]
fn the_xor_example_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["binary", "--xor-example"])
        .assert()
        .success()
        .stdout(contains(
            "distances of the pairs  1.000 1.000 1.414 0.000 1.000 1.000",
        ))
        .stdout(contains("correlation of the distances  -0.795"));
}

#[test]
fn a_run_is_verified_and_a_network_made_again() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["--quiet"]).success();
    let verify = || {
        let mut command = layerprobe(dir.path());
        command.args(["verify", "runs/binary-smoke", "--recompute", "1"]);
        command.assert()
    };
    verify()
        .success()
        .stdout(contains("1 condition made again: all agree"));
    let root = dir.path().join("runs/binary-smoke");
    for (name, problem) in [
        ("results.csv", "its hash differs from manifest.json"),
        ("results.csv", "is not what the networks' own tables make"),
        (
            "conditions/binary-label-easy0.5-mlp-run0-seed0/training.csv",
            "has other bytes when it is made again",
        ),
    ] {
        let path = root.join(name);
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        fs::write(&path, text.replacen("0.5", "0.6", 40)).unwrap();
        verify()
            .code(1)
            .stdout(contains(problem))
            .stdout(contains("layerprobe binary runs/binary-smoke/config.toml"));
        fs::write(&path, bytes).unwrap();
    }
    verify().success();
}
