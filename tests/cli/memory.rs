//! `--max-memory`: the bound holds, and changes no result.

use std::fs;
use std::path::Path;

use layerprobe::memory::MemoryLimit;
use predicates::str::contains;
use serde_json::Value;

use crate::folder::{assert_same, layerprobe, results};
use crate::own_activations::write_npy;

/// A layer of 144 MB: 200 groups of 3 stimuli, the first dimensions of which
/// tell four values apart.
const STIMULI: usize = 600;
const DIM: usize = 60_000;

fn write_layer(folder: &Path) {
    let mut state = 99u32;
    let values: Vec<f32> = (0..STIMULI * DIM)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1u32 << 24) as f32;
            let signal = i % DIM == i / DIM / 3 % 4;
            noise + if signal { 2.0 } else { 0.0 }
        })
        .collect();
    write_npy(&folder.join("wide.npy"), &values, "(600, 60, 1000)");
    let rows: String = (0..STIMULI)
        .map(|i| format!("v{},{}\n", i / 3 % 4, i / 3))
        .collect();
    fs::write(folder.join("labels.csv"), format!("value,group\n{rows}")).unwrap();
}

/// Runs and returns the last message, which tells the peak.
fn peak(folder: &Path, arguments: &[&str]) -> u64 {
    let output = layerprobe(folder)
        .args(["--message-format", "json"])
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{told} {error}"
    );
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(last["reason"], "done");
    // systems that do not tell are not held to anything
    last["peak_rss_bytes"].as_u64().unwrap_or(0)
}

/// What a refusal names as enough, as an argument.
fn enough(folder: &Path, arguments: &[&str]) -> String {
    let output = layerprobe(folder)
        .args(arguments)
        .args(["--max-memory", "1M"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    let amount = told.split("--max-memory ").nth(1).unwrap();
    amount.split(',').next().unwrap().to_owned()
}

#[test]
fn a_layer_larger_than_the_limit_is_probed_within_it() {
    let dir = tempfile::tempdir().unwrap();
    write_layer(dir.path());
    let run = |out: &str, more: &[&str]| {
        let mut all = vec![
            "probe",
            "--activations",
            "wide.npy",
            "--labels",
            "labels.csv",
        ];
        all.extend([
            "--penalties",
            "1,100",
            "--threads",
            "2",
            "--predictions",
            "p.csv",
        ]);
        all.extend(["--out", out]);
        all.extend(more);
        let peak = peak(dir.path(), &all);
        let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
        (peak, read(out), read("p.csv"))
    };
    let matrix = (4 * STIMULI * DIM) as u64;
    let (free, results, predictions) = run("free.csv", &[]);
    let (held, bounded, again) = run("held.csv", &["--max-memory", "120M"]);
    assert!(results == bounded && predictions == again, "other results");
    if cfg!(target_os = "linux") {
        assert!(free > matrix, "{free}");
        assert!(held <= 120 << 20, "{held}");
    }
    // nothing of it stays on disk
    let mut left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["free.csv", "held.csv", "labels.csv", "p.csv", "wide.npy"]
    );
}

#[test]
fn what_cannot_fit_is_refused_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    write_layer(dir.path());
    let probe = [
        "probe",
        "--activations",
        "wide.npy",
        "--labels",
        "labels.csv",
    ];
    layerprobe(dir.path())
        .args(probe)
        .args(["--out", "r.csv", "--max-memory", "20M"])
        .assert()
        .code(2)
        .stderr(contains("probing layer `wide` (600 x 60000) takes up to"))
        .stderr(contains(
            "the limit is 20 MiB. Allow more with --max-memory",
        ));
    assert!(!dir.path().join("r.csv").exists());
    layerprobe(dir.path())
        .args(["run", "smoke", "--max-memory", "1M"])
        .assert()
        .code(2)
        .stderr(contains("--max-memory"));
    assert!(!dir.path().join("runs").exists(), "work was started");
    for wrong in ["lots", "-1G"] {
        layerprobe(dir.path())
            .args(["run", "smoke", "--max-memory", wrong])
            .assert()
            .code(2)
            .stderr(contains("write 512M, 4G or 1.5G"));
    }
}

#[test]
fn a_run_with_its_layers_on_disk_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let run = [
        &["run", "smoke", "--threads", "2"][..],
        &["--set", "probes.layers=['input', 'pool3', 'fc1']"],
        &["--set", "probes.ridge=['x', 'phase_x']"],
        &["--set", "probes.views=['full', 'gap', 'pca:8', 'rp:8']"],
    ]
    .concat();
    peak(dir.path(), &[&run[..], &["--out", "free"]].concat());
    let limit = enough(dir.path(), &run);
    let held = [&run[..], &["--out", "held", "--max-memory", &limit]].concat();
    peak(dir.path(), &held);
    let of = |name: &str| results(&dir.path().join(name));
    assert_same(&of("free"), &of("held"));
}

/// Each thread factors matrices of its own: 6 MiB for `fc1`.
#[test]
fn fewer_threads_probe_where_memory_is_short_and_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let run = [
        &["run", "smoke", "--threads", "16"][..],
        &["--set", "probes.layers=['fc1']"],
        &["--set", "training.targets=['color']"],
        &["--set", "training.epochs=1", "--set", "checkpoints.count=2"],
    ]
    .concat();
    peak(dir.path(), &[&run[..], &["--out", "free"]].concat());
    let limit = enough(dir.path(), &run);
    layerprobe(dir.path())
        .args(&run)
        .args(["--out", "held", "--max-memory", &limit])
        .assert()
        .stderr(contains("of 16 threads, for memory"));
    let of = |name: &str| results(&dir.path().join(name));
    assert_same(&of("free"), &of("held"));
}

/// Probes trained by Adam keep 12 bytes a weight, over the 8192 dimensions of
/// `pool1`: 38 MiB for six with a hidden layer, 28 for the grid of the protocol
/// `paper`. Fits without a penalty keep the layer in doubles and a Hessian.
#[test]
fn what_probes_of_other_kinds_take_is_held_to_the_limit_too() {
    let dir = tempfile::tempdir().unwrap();
    let run = [
        &["run", "smoke", "--threads", "2"][..],
        &["--set", "probes.layers=['pool1']"],
        &["--set", "training.targets=['color']"],
        &["--set", "training.epochs=1", "--set", "checkpoints.count=2"],
    ]
    .concat();
    let plain = ["--set", "probes.penalties=[10]"];
    let nonlinear = [&plain[..], &["--set", "probes.nonlinear_seeds=2"]].concat();
    let paper = [
        &["--set", "probes.protocol='paper'"][..],
        &["--set", "probes.paper.epochs=2"],
    ]
    .concat();
    let free = ["--set", "probes.penalties=[0]"];
    let enough = |more: &[&str]| {
        let text = enough(dir.path(), &[&run[..], more].concat());
        let limit: MemoryLimit = text.parse().unwrap();
        (text, limit.bytes())
    };
    let (_, plain) = enough(&plain);
    for (name, more, least) in [
        ("nonlinear", &nonlinear[..], 32 << 20),
        ("paper", &paper, 16 << 20),
        ("free", &free, 32 << 20),
    ] {
        let (text, limit) = enough(more);
        assert!(limit > plain + least, "{name}: {limit} after {plain}");
        let held = ["--out", name, "--max-memory", &text];
        let peak = peak(dir.path(), &[&run[..], more, &held].concat());
        if cfg!(target_os = "linux") {
            assert!(peak <= limit, "{name}: {peak} of {limit}");
        }
    }
}
