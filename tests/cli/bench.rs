//! `layerprobe bench`.

use predicates::str::contains;
use serde_json::Value;

use crate::folder::layerprobe;

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
