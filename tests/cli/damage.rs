//! Files of a run that are not what they were: named, set aside, made again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use predicates::prelude::*;
use predicates::str::contains;

use crate::folder::{assert_same, layerprobe, results};

const CONDITION: &str = "conditions/trifeature-color-cnn4-split0-seed0";

/// A run of one condition, with every kind of file.
pub fn small_run(dir: &Path, out: &str) -> assert_cmd::Command {
    let mut command = layerprobe(dir);
    command.args(["run", "smoke", "--out", out]).args([
        "--set",
        "training.targets=[\"color\"]",
        "--set",
        "training.epochs=1",
        "--set",
        "probes.predictions=ends",
        "--set",
        "probes.penalties=[10]",
    ]);
    command
}

/// What a run left, without what was set aside.
fn made(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = results(root);
    found.retain(|name, _| !name.contains(".damaged"));
    found
}

#[test]
fn altered_and_torn_files_are_named_set_aside_and_made_again() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let root = dir.path().join("run");
    let whole = made(&root);
    let in_condition = |name: &str| format!("{CONDITION}/{name}");
    let files = [
        in_condition("checkpoints/step-000000.safetensors"),
        in_condition("checkpoints/best.safetensors"),
        in_condition("training.csv"),
        in_condition("training.json"),
        in_condition("probes/step-000000/pool3.csv"),
        in_condition("probes/step-000000/fc1.json"),
        in_condition("by-value/step-000000/fc1.csv"),
        in_condition("confusion/step-000000/fc1.csv"),
        in_condition("predictions/step-000000/fc1/shape.csv"),
        "results.csv".to_owned(),
        "by_value.csv".to_owned(),
        "confusion.csv".to_owned(),
        "report/index.html".to_owned(),
        "report/figures/untrained-against-trained.svg".to_owned(),
        "manifest.json".to_owned(),
    ];
    for (number, file) in files.iter().enumerate() {
        let path = root.join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        // proofs and the manifest are known by their form, all else by its hash
        match number % 2 == 0 || file.ends_with(".json") {
            true => bytes.truncate(middle),
            false => bytes[middle] ^= 1,
        }
        fs::write(&path, &bytes).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        small_run(dir.path(), "run")
            .assert()
            .success()
            .stderr(contains("is not what was written there"))
            .stderr(contains(file).and(contains(format!("{name}.damaged"))));
        let aside = path.with_file_name(format!("{name}.damaged"));
        assert_eq!(fs::read(aside).unwrap(), bytes, "{file}");
        assert_same(&whole, &made(&root));
    }
    // all of it is found by the next run, which has nothing to say
    let quiet = small_run(dir.path(), "run").assert().success();
    quiet.stderr(contains("damaged").not());
}

#[test]
fn no_report_is_drawn_from_tables_that_were_altered() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let root = dir.path().join("run");
    let report = || layerprobe(dir.path()).args(["report", "run"]).assert();
    let manifest = || fs::read_to_string(root.join("manifest.json")).unwrap();
    let before = manifest();
    for name in ["results.csv", "by_value.csv", "confusion.csv"] {
        let path = root.join(name);
        let bytes = fs::read(&path).unwrap();
        let mut altered = bytes.clone();
        *altered.last_mut().unwrap() ^= 1;
        fs::write(&path, altered).unwrap();
        let refused = || {
            report()
                .code(1)
                .stderr(contains(format!("cannot draw a report from run/{name}")))
                .stderr(contains("run the same configuration again"))
                .stderr(contains("layerprobe run run/config.toml --out run"))
        };
        refused();
        fs::remove_file(&path).unwrap();
        // without results there is no finished run
        if name != "results.csv" {
            refused();
        }
        assert_eq!(manifest(), before, "{name}");
        fs::write(&path, bytes).unwrap();
    }
    // a page that was altered is drawn again, and listed as it is now
    fs::write(root.join("report/index.html"), "").unwrap();
    report().success();
    layerprobe(dir.path())
        .args(["verify", "run"])
        .assert()
        .success();
}

#[test]
fn a_missing_file_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let root = dir.path().join("run");
    let whole = made(&root);
    for file in ["training.csv", "by-value/step-000000/pool3.csv"] {
        fs::remove_file(root.join(CONDITION).join(file)).unwrap();
        let again = small_run(dir.path(), "run").assert().success();
        again.stderr(contains(file).and(contains("is missing")));
        assert_same(&whole, &made(&root));
    }
}

#[cfg(unix)]
#[test]
fn a_second_process_says_who_holds_the_folder_or_waits() {
    use std::process::{Command, Stdio};

    use crate::folder::wait_until;

    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let mut first = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
        .args(["run", "smoke", "--out", "held"])
        .args(["--set", "training.epochs=500"])
        .current_dir(dir.path())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let config = dir.path().join("held/config.toml");
    wait_until(&mut first, "the folder is taken", || config.exists());
    let second = || {
        let mut second = layerprobe(dir.path());
        second.args(["run", "smoke", "--out", "held"]);
        second.args(["--set", "training.epochs=500"]);
        second
    };
    second()
        .assert()
        .code(1)
        .stderr(contains(format!("held by process {}", first.id())))
        .stderr(contains("--wait"));
    let (said, log) = (dir.path().join("said.txt"), dir.path().join("log.jsonl"));
    let mut waiting = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
        .args(["run", "smoke", "--out", "held", "--wait"])
        .args(["--set", "training.epochs=500", "--log-file", "log.jsonl"])
        .current_dir(dir.path())
        .stderr(fs::File::create(&said).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until(&mut waiting, "it says that it waits", || {
        let said = fs::read_to_string(&said).unwrap_or_default();
        said.contains("waiting for held: it is held by process")
    });
    first.kill().unwrap();
    first.wait().unwrap();
    wait_until(&mut waiting, "it trains", || {
        let log = fs::read_to_string(&log).unwrap_or_default();
        log.contains("starts with step 0") || log.contains("goes on from a snapshot")
    });
    // like a batch system before a time limit
    let asked = Command::new("kill")
        .args(["-USR1", &waiting.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    let status = waiting.wait().unwrap();
    let said = fs::read_to_string(said).unwrap();
    assert_eq!(status.code(), Some(75), "{said}");
    assert!(said.contains("run it again to go on"), "{said}");
}
