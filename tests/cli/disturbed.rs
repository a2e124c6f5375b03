//! Runs that are killed, or whose disk fails: never a wrong file taken for a
//! right one, and in the end the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use layerprobe::config::Config;
use layerprobe::experiment::{self, Execution, Silent, standing};
use layerprobe_durable::faults::{self, Fault};
use layerprobe_streams::StreamKey;

use crate::folder::{assert_same, layerprobe, results};

/// A smoke run of one network, as short as can be.
const SETTINGS: [&str; 5] = [
    "training.targets=[\"color\"]",
    "training.epochs=3",
    "probes.layers=[\"fc1\"]",
    "probes.penalties=[10]",
    "probes.resamples=20",
];

fn arguments(out: &str) -> Vec<String> {
    let mut arguments: Vec<String> = ["run", "smoke", "--quiet", "--out", out]
        .map(str::to_owned)
        .into();
    arguments.extend(["--snapshot-every".to_owned(), "0.02".to_owned()]);
    for setting in SETTINGS {
        arguments.extend(["--set".to_owned(), setting.to_owned()]);
    }
    arguments
}

#[test]
fn fifty_kills_at_random_moments_leave_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    layerprobe(dir.path())
        .args(arguments("whole"))
        .assert()
        .success();
    let undisturbed = began.elapsed();
    let whole = results(&dir.path().join("whole"));

    let mut moments = StreamKey::from_seed(50).at(0);
    let errors = dir.path().join("errors.txt");
    let (mut kills, mut folder) = (0, 0);
    let (mut in_training, mut in_probing) = (0, 0);
    while kills < 50 {
        let out = format!("killed-{folder}");
        let root = dir.path().join(&out);
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
            .args(arguments(&out))
            .current_dir(dir.path())
            .stderr(fs::File::create(&errors).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(undisturbed.mul_f64(moments.uniform_in(0.0, 0.8)));
        match child.try_wait().unwrap() {
            Some(status) => {
                let said = fs::read_to_string(&errors).unwrap();
                assert!(status.success(), "{out}, {kills} kills: {status}: {said}");
                assert_same(&whole, &results(&root));
                folder += 1;
            }
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                let trained = root
                    .join("conditions/trifeature-color-cnn4-split0-seed0/training.json")
                    .exists();
                in_training += u32::from(!trained);
                in_probing += u32::from(trained && !root.join("results.csv").exists());
            }
        }
    }
    let out = format!("killed-{folder}");
    layerprobe(dir.path())
        .args(arguments(&out))
        .assert()
        .success();
    assert_same(&whole, &results(&dir.path().join(out)));
    eprintln!(
        "{kills} kills: {in_training} in training, {in_probing} in probing, {folder} runs finished between"
    );
    assert!(
        in_training > 0 && in_probing > 0,
        "{in_training} {in_probing}"
    );
}

/// Every file that counts as finished is the undisturbed run's.
fn assert_nothing_wrong(root: &Path, whole: &BTreeMap<String, Vec<u8>>, said: &str) {
    let condition = "conditions/trifeature-color-cnn4-split0-seed0";
    let trained = root.join(condition).join("training.json").exists();
    for (name, bytes) in results(root) {
        if name.ends_with("resume.safetensors") {
            continue;
        }
        let right = &whole[&name];
        match name.ends_with("training.csv") {
            _ if name.ends_with("best.safetensors") && !trained => {}
            true if !trained => assert!(right.starts_with(&bytes), "{name}: {said}"),
            _ => assert!(*right == bytes, "{name}: {said}"),
        }
    }
}

#[test]
fn a_fault_at_every_write_leaves_no_wrong_file_and_in_the_end_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::load("smoke", &SETTINGS.map(str::to_owned)).unwrap();
    let execution = Execution {
        snapshot_every: Duration::from_secs(3600),
        ..Execution::default()
    };
    let stop = AtomicBool::new(false);
    let run = |root: &Path| experiment::run(&config, root, &execution, &stop, &Silent);
    run(&dir.path().join("whole")).unwrap();
    let whole = results(&dir.path().join("whole"));

    // each session fails one write later than the last, and at its first again
    // once a piece of work is proven: so every write fails once, of training,
    // of each layer, of the tables, of each figure, of the page and the manifest
    let root = dir.path().join("faulty");
    let (mut failed, mut proven, mut passing) = (0, 0, 0);
    for fault in Fault::ALL.into_iter().cycle() {
        faults::arm(&root, passing, fault);
        match run(&root) {
            Err(error) => {
                failed += 1;
                let said = format!("write {passing}, {fault:?}: {error}");
                assert!(!faults::disarm(&root), "{said}");
                assert_nothing_wrong(&root, &whole, &said);
            }
            Ok(_) => {
                assert!(
                    faults::disarm(&root),
                    "a fault at write {passing} was not told"
                );
                break;
            }
        }
        let now = standing(&root, &config).unwrap();
        match now.trained + now.probed > proven {
            true => (proven, passing) = (now.trained + now.probed, 0),
            false => passing += 1,
        }
    }
    eprintln!("{failed} writes failed");
    assert!(failed > 40, "{failed}");
    assert_same(&whole, &results(&root));
    assert!(fs::read_dir(&root).unwrap().all(|entry| {
        !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".tmp")
    }));
}
