//! Work that several runs share is done once, and nobody can tell by the bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use layerprobe::config::Config;
use layerprobe::experiment::{self, Execution, Silent};
use layerprobe_durable::faults::{self, Fault};
use layerprobe_streams::StreamKey;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::folder::{assert_same, files, layerprobe, results};

/// As small as a run can be that has every kind of file.
const SETTINGS: [&str; 6] = [
    "training.epochs=1",
    "checkpoints.count=2",
    "probes.layers=[\"pixel_stats\", \"fc1\"]",
    "probes.penalties=[10]",
    "probes.resamples=20",
    "probes.predictions=\"ends\"",
];
const COLOR: [&str; 2] = ["--set", "training.targets=[\"color\"]"];

fn run(dir: &Path, out: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = layerprobe(dir);
    command.args(["run", "smoke", "--out", out]);
    for setting in SETTINGS {
        command.args(["--set", setting]);
    }
    command.args(more).assert()
}

/// What came from the store: proofs, and where they lay.
fn from_store(root: &Path) -> BTreeMap<String, String> {
    let manifest = fs::read_to_string(root.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let taken = manifest["from_store"].as_object().into_iter().flatten();
    taken
        .map(|(proof, place)| (proof.clone(), place.as_str().unwrap().to_owned()))
        .collect()
}

/// All but manifest and page, proofs included.
fn bytes(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files(root);
    found.retain(|name, _| name != "manifest.json" && name != "report/index.html");
    found
}

#[test]
fn shared_work_is_done_once_and_the_bytes_are_those_of_a_run_alone() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let shape = ["--set", "training.targets=[\"shape\"]"];
    let other = [&COLOR[..], &["--set", "probes.penalties=[1, 100]"]].concat();
    let both = ["--set", "name=\"another\""];
    let store = ["--store", "store"];
    // who has what from whom: training, probes of step 0, of the end, baselines
    for (name, settings, wanted) in [
        ("shape", &shape[..], [0, 0, 0, 0]),
        // the untrained network, the same for all targets, and no network at all
        ("color", &COLOR[..], [0, 1, 0, 1]),
        // a trained network under other probes
        ("other", &other[..], [1, 0, 0, 0]),
        // all of it
        ("both", &both[..], [2, 2, 2, 1]),
    ] {
        let alone = format!("{name}-alone");
        run(dir.path(), &alone, settings).success();
        let shared = run(dir.path(), name, &[settings, &store].concat()).success();
        assert_same(&bytes(&at(&alone)), &bytes(&at(name)));
        let taken = from_store(&at(name));
        let count = |part: &str| taken.keys().filter(|proof| proof.contains(part)).count();
        let parts = [
            "/training.json",
            "/step-000000/",
            "/step-000006/",
            "baselines/",
        ];
        assert_eq!(parts.map(count), wanted, "{name}: {taken:?}");
        assert!(from_store(&at(&alone)).is_empty());
        if wanted.iter().sum::<usize>() > 0 {
            shared.stderr(contains(
                "were made by others: see from_store in manifest.json",
            ));
        }
    }
    for name in ["color", "both"] {
        let mut verify = layerprobe(dir.path());
        let verify = verify.args(["verify", name, "--recompute", "1"]);
        verify.assert().success().stdout(contains("all agree"));
    }
    // nothing is rendered where nothing is made; the manifest goes on to tell
    let before = from_store(&at("both"));
    fs::remove_file(at("both").join("results.csv")).unwrap();
    run(dir.path(), "both", &[&both[..], &store].concat()).success();
    assert_eq!(from_store(&at("both")), before);
    let again = [&both[..], &store, &["--message-format", "json"]].concat();
    run(dir.path(), "both-again", &again)
        .success()
        .stdout(contains("\"stage\":\"train\""))
        .stdout(contains("\"stage\":\"render\"").not());

    what_is_altered_is_named_set_aside_and_made_again(dir.path());
}

/// A checkpoint and a table, altered in place in the store, and so in the run that
/// made them; not in the run that took them.
fn what_is_altered_is_named_set_aside_and_made_again(dir: &Path) {
    let store = dir.join("store");
    let taken = from_store(&dir.join("both"));
    let place = |proof: &str| {
        let mut known = taken.iter();
        known.find_map(|(name, place)| name.ends_with(proof).then(|| place.clone()))
    };
    let checkpoint = place("shape-cnn4-split0-seed0/training.json").unwrap()
        + "/checkpoints/step-000000.safetensors";
    let table =
        place("color-cnn4-split0-seed0/probes/step-000006/fc1.json").unwrap() + "/by_value.csv";
    let torn = place("baselines/split0/pixel_stats.json").unwrap() + ".json";
    for name in [&checkpoint, &table] {
        let mut bytes = fs::read(store.join(name)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(store.join(name), bytes).unwrap();
    }
    let bytes_of_proof = fs::read(store.join(&torn)).unwrap();
    fs::write(
        store.join(&torn),
        &bytes_of_proof[..bytes_of_proof.len() / 2],
    )
    .unwrap();
    let settings = ["--set", "name=\"another\"", "--store", "store"];
    let mut said = run(dir, "mended", &settings).success();
    for name in [&checkpoint, &table, &torn] {
        said = said.stderr(contains(format!("{name} is not what was written there")));
    }
    assert_same(&bytes(&dir.join("both-alone")), &bytes(&dir.join("mended")));
    assert_same(&bytes(&dir.join("both-alone")), &bytes(&dir.join("both")));
    let taken_again = from_store(&dir.join("mended"));
    assert_eq!(taken_again.len(), taken.len() - 3, "{taken_again:?}");
    run(dir, "mended-again", &settings)
        .success()
        .stderr(contains("is not what").not());
    assert_eq!(from_store(&dir.join("mended-again")), taken);
}

#[test]
fn a_folder_of_something_else_is_no_store() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("thesis")).unwrap();
    fs::write(dir.path().join("thesis/thesis.tex"), "x").unwrap();
    run(dir.path(), "run", &["--store", "thesis"])
        .code(2)
        .stderr(contains("it holds thesis.tex"));
    run(dir.path(), "run", &["--store", "run/store"])
        .code(2)
        .stderr(contains("it lies in the run folder"));
}

const SWEEP: &str = r#"
name = "shared"
base = "smoke"

[set]
training.epochs = 1
checkpoints.count = 2
probes.penalties = [10]
probes.layers = ["fc1"]

[axes]
target = ["shape", "color"]
probes.resamples = [20, 30]
"#;

#[test]
fn cells_that_need_the_same_at_once_do_it_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sweep.toml"), SWEEP).unwrap();
    let sweep = |more: &[&str]| {
        let mut command = layerprobe(dir.path());
        command.args(["sweep", "run", "sweep.toml", "--workers", "4"]);
        command.args(more).assert().success()
    };
    sweep(&[]);
    sweep(&["--out", "alone", "--no-store"]);
    let cells = dir.path().join("sweeps/shared/cells");
    let mut taken = Vec::new();
    for cell in ["20-shape", "30-shape", "20-color", "30-color"] {
        let cell = format!("resamples{cell}");
        let alone = dir.path().join("alone/cells").join(&cell);
        assert_same(&bytes(&alone), &bytes(&cells.join(&cell)));
        taken.extend(from_store(&cells.join(&cell)).into_keys());
    }
    // of four trainings two, of four probings of the untrained network two
    let count = |part: &str| taken.iter().filter(|proof| proof.contains(part)).count();
    assert_eq!(count("/training.json"), 2, "{taken:?}");
    assert_eq!(count("/step-000000/"), 2, "{taken:?}");
    assert_eq!(taken.len(), 4);
    assert!(!dir.path().join("alone/store").exists());
}

#[test]
fn runs_killed_while_they_share_leave_a_store_that_others_can_use() {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    run(dir.path(), "whole", &COLOR).success();
    let undisturbed = began.elapsed();
    let whole = bytes(&dir.path().join("whole"));
    let mut moments = StreamKey::from_seed(10).at(0);
    for number in 0..6 {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
            .args(["run", "smoke", "--quiet", "--store", "store", "--out"])
            .arg(format!("run-{number}"))
            .args(SETTINGS.iter().flat_map(|setting| ["--set", setting]))
            .args(COLOR)
            .current_dir(dir.path())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(undisturbed.mul_f64(moments.uniform_in(0.1, 0.7)));
        // one that has ended needs no killing
        let _ = child.kill();
        child.wait().unwrap();
    }
    for number in 0..2 {
        let out = format!("run-{number}");
        run(
            dir.path(),
            &out,
            &[&COLOR[..], &["--store", "store"]].concat(),
        )
        .success();
        assert_same(&whole, &bytes(&dir.path().join(out)));
    }
}

#[test]
fn a_store_whose_disk_fails_costs_the_runs_nothing_but_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings: Vec<String> = SETTINGS.map(str::to_owned).into();
    settings.push(COLOR[1].to_owned());
    let config = Config::load("smoke", &settings).unwrap();
    let stop = AtomicBool::new(false);
    let make = |name: &str, store: Option<&Path>| {
        let execution = Execution {
            snapshot_every: Duration::from_secs(3600),
            store: store.map(Path::to_owned),
            ..Execution::default()
        };
        let root = dir.path().join(name);
        let made = experiment::run(&config, &root, &execution, &stop, &Silent);
        made.map(|_| results(&root))
    };
    let whole = make("whole", None).unwrap();
    // a link of a network's files, their proof, the same of probes
    let faults_met = [Fault::Create, Fault::Flush, Fault::Rename];
    for (fault, number) in faults_met.into_iter().zip(0..) {
        let store = dir.path().join(format!("store-{number}"));
        faults::arm(&store, 1 + 4 * number, fault);
        let made = make(&format!("first-{number}"), Some(&store)).unwrap();
        assert_same(&whole, &made);
        assert!(!faults::disarm(&store), "the fault of {number} was met");
        let made = make(&format!("second-{number}"), Some(&store)).unwrap();
        assert_same(&whole, &made);
    }
    let store = dir.path().join("store");
    faults::arm(&store, 0, Fault::Full);
    make("never", Some(&store)).unwrap_err();
}
