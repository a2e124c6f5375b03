//! `layerprobe bench`.

use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;

use crate::folder::layerprobe;
use crate::own_activations::write_npy;

#[test]
fn a_bench_tells_speed_memory_and_threads() {
    let dir = tempfile::tempdir().unwrap();
    let size = ["--image-size", "32", "--batch", "4", "--steps", "2"];
    for work in ["train", "extract"] {
        let output = layerprobe(dir.path())
            .args([
                "bench",
                work,
                "--arch",
                "resnet18",
                "--threads",
                "1",
                "--json",
            ])
            .args(size)
            .output()
            .unwrap();
        assert!(output.status.success());
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(told["images_per_second"].as_f64().unwrap() > 0.0);
        assert_eq!(told["threads"], 1);
        if cfg!(target_os = "linux") {
            // the weights alone are 45 MB
            assert!(told["peak_rss_bytes"].as_u64().unwrap() > 45_000_000);
        }
    }
    layerprobe(dir.path())
        .args(["bench", "train", "--arch", "mlp"])
        .args(size)
        .assert()
        .success()
        .stdout(contains("images/s"))
        .stdout(contains("2 steps of 4"));
    layerprobe(dir.path())
        .args(["bench", "train", "--arch", "cnn4", "--batch", "0"])
        .assert()
        .code(2)
        .stderr(contains("--batch 0"));
}

/// 60 stimuli of 5 dimensions with two features.
fn write_stimuli(dir: &Path) {
    let values: Vec<f32> = (0..60 * 5).map(|i| (i * i % 17) as f32).collect();
    write_npy(&dir.join("a.npy"), &values, "(60, 5)");
    let rows: String = (0..60).map(|i| format!("{},{}\n", i % 3, i / 30)).collect();
    std::fs::write(dir.join("l.csv"), format!("one,two\n{rows}")).unwrap();
}

fn bench_probe(dir: &Path) -> Command {
    let mut command = layerprobe(dir);
    let files = ["--activations", "a.npy", "--labels", "l.csv"];
    command.args(["bench", "probe"]).args(files);
    command
}

#[test]
fn a_bench_of_probes_tells_each_fit() {
    let dir = tempfile::tempdir().unwrap();
    write_stimuli(dir.path());
    let output = bench_probe(dir.path())
        .args(["--penalties", "100,1", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fits = told["fits"].as_array().unwrap();
    let place = |fit: &Value| (fit["feature"].to_string(), fit["penalty"].as_f64().unwrap());
    let places: Vec<_> = fits.iter().map(place).collect();
    let expected = [("one", 100.0), ("one", 1.0), ("two", 100.0), ("two", 1.0)];
    assert_eq!(places, expected.map(|(name, p)| (format!("\"{name}\""), p)));
    assert!(fits.iter().all(|fit| fit["status"] == "converged"));
    // a smaller penalty fits better
    let objective = |i: usize| fits[i]["objective"].as_f64().unwrap();
    assert!(objective(0) > objective(1) && objective(2) > objective(3));
}

#[test]
fn a_bench_of_probes_that_are_not_proven_says_so() {
    let dir = tempfile::tempdir().unwrap();
    write_stimuli(dir.path());
    // an iteration each is not enough
    let hasty = ["--penalties", "0.001", "--max-iterations", "1"];
    bench_probe(dir.path())
        .args(hasty)
        .assert()
        .code(3)
        .stdout(contains("max_iterations"))
        .stdout(contains("2 fits in"))
        .stderr(contains("2 fits did not converge"));
    let output = bench_probe(dir.path())
        .args(hasty)
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["fits"].as_array().unwrap().len(), 2);
}
