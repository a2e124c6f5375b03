//! The log of `--log-file`.

use std::fs;
use std::path::Path;

use predicates::prelude::*;
use predicates::str::{contains, is_empty};
use serde_json::Value;

use crate::folder::{assert_same, layerprobe, results};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn with<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    let said = |line: &&Value| line["fields"]["message"] == message;
    lines.iter().filter(said).collect()
}

/// The value of a field, in the innermost span around a line that has it.
fn around<'a>(line: &'a Value, field: &str) -> &'a Value {
    let mut spans = line["spans"].as_array().into_iter().flatten();
    let found = spans.rfind(|span| !span[field].is_null());
    found.map_or(&Value::Null, |span| &span[field])
}

#[test]
fn a_log_holds_what_was_done_and_decided_and_changes_no_result() {
    let dir = tempfile::tempdir().unwrap();
    let run = |out: &str, more: &[&str]| {
        layerprobe(dir.path())
            .args(["run", "smoke", "--out", out])
            .args(more)
            .assert()
            .success()
    };
    let silent = run("without", &[]).get_output().stderr.clone();
    let log = ["--log-file", "log.jsonl"];
    run("with", &log).stderr(String::from_utf8(silent).unwrap());
    let (with_log, without) = (dir.path().join("with"), dir.path().join("without"));
    assert_same(&results(&with_log), &results(&without));

    let first = lines(&dir.path().join("log.jsonl"));
    for line in &first {
        assert!(line["timestamp"].is_string() && line["level"].is_string());
        let target = line["target"].as_str().unwrap();
        assert!(target.starts_with("layerprobe"), "{target}");
    }
    assert!(around(&first[0], "pid").is_u64());
    let begin = &first[0]["fields"];
    assert_eq!(begin["version"], env!("CARGO_PKG_VERSION"));
    assert!(begin["command"].as_str().unwrap().contains("smoke"));
    assert_eq!(with(&first, "holds the folder")[0]["fields"]["lease"], 1);
    let opened = &with(&first, "opens the run")[0]["fields"];
    let manifest = fs::read_to_string(with_log.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(opened["config_hash"], manifest["config_hash"]);
    assert_eq!(opened["begun"], false);
    for stage in ["render", "train", "probe", "report"] {
        let of_stage = |line: &&&Value| around(line, "stage") == stage;
        assert_eq!(with(&first, "started").iter().filter(of_stage).count(), 1);
        let spent = with(&first, "time spent");
        let mut finished = with(&first, "finished").into_iter().chain(spent);
        let end = finished.find(|line| line["fields"]["stage"] == stage);
        assert!(end.unwrap()["fields"]["seconds"].is_f64(), "{stage}");
    }
    let trained = with(&first, "trained");
    assert!(trained.iter().all(|line| around(line, "stage") == "train"));
    let conditions = fs::read_dir(with_log.join("conditions")).unwrap().count();
    assert_eq!(trained.len(), conditions);
    assert!(
        with_log
            .join("conditions")
            .join(around(trained[0], "id").as_str().unwrap())
            .is_dir()
    );

    // a second time it adds to the file, and finds all there
    run("with", &log);
    let both = lines(&dir.path().join("log.jsonl"));
    assert_eq!(&both[..first.len()], &first[..]);
    let second = &both[first.len()..];
    assert_eq!(with(second, "holds the folder")[0]["fields"]["lease"], 2);
    assert_eq!(with(second, "opens the run")[0]["fields"]["begun"], true);
    assert_eq!(with(second, "nothing is missing").len(), 2);
    assert!(with(second, "trained").is_empty());
}

#[test]
fn warnings_and_errors_are_logged_with_all_their_causes() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log.jsonl");
    let run = || {
        let mut command = layerprobe(dir.path());
        command.args(["run", "smoke", "--quiet", "--out", "run"]);
        command.args(["--log-file", "log.jsonl"]);
        command
    };
    run().assert().success();
    fs::write(dir.path().join("run/results.csv"), "torn").unwrap();
    run().assert().success();
    let warnings = lines(&log);
    let warnings = warnings.iter().filter(|line| line["level"] == "WARN");
    let told: Vec<String> = warnings
        .map(|line| line["fields"]["message"].to_string())
        .collect();
    let torn = |text: &String| text.contains("results.csv.damaged");
    assert!(told.iter().any(torn), "{told:?}");

    layerprobe(dir.path())
        .args(["run", "none.toml", "--log-file", "log.jsonl"])
        .assert()
        .code(2);
    let last = lines(&log).pop().unwrap();
    assert_eq!(
        (&last["level"], &last["fields"]["code"]),
        (&"ERROR".into(), &2.into())
    );
    let said = last["fields"]["message"].to_string() + &last["fields"]["because"].to_string();
    assert!(said.contains("none.toml"), "{said}");
}

#[test]
fn the_cells_of_a_sweep_write_to_the_same_log() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = "name = \"two\"\nbase = \"smoke\"\n[axes]\nseed = [0, 1]\n";
    fs::write(dir.path().join("two.toml"), sweep).unwrap();
    layerprobe(dir.path())
        .args(["sweep", "run", "two.toml", "--workers", "2"])
        .args(["--log-file", "log.jsonl"])
        .assert()
        .success();
    let lines = lines(&dir.path().join("log.jsonl"));
    let begun = with(&lines, "begins");
    let mut processes: Vec<String> = begun
        .iter()
        .map(|line| around(line, "pid").to_string())
        .collect();
    processes.sort();
    processes.dedup();
    assert_eq!((begun.len(), processes.len()), (3, 3));
    let done = |line: &&Value| line["fields"]["cell"] == "seed1";
    assert!(lines.iter().filter(done).count() >= 2, "begins, done");
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_any_more_is_told_once_and_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["run", "smoke", "--quiet", "--log-file", "/dev/full"])
        .assert()
        .success()
        .stderr(contains("cannot write the log /dev/full").count(1));
}

#[test]
fn a_log_that_cannot_be_begun_is_an_error_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |log: &str, why: &str| {
        layerprobe(dir.path())
            .args(["run", "smoke", "--out", "run", "--log-file", log])
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains(log).and(contains(why)));
    };
    refused("none/log.jsonl", "cannot be written");
    refused(".", "cannot be written");
    assert!(!dir.path().join("run").exists());
    layerprobe(dir.path())
        .args(["run", "smoke", "--quiet", "--out", "run"])
        .assert()
        .success();
    refused("run/log.jsonl", "keep the log elsewhere");
    assert!(!dir.path().join("run/log.jsonl").exists());
}
