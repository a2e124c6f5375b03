//! Runs that are killed or asked to stop.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[cfg(unix)]
use crate::folder::wait_until;
use crate::folder::{assert_same, layerprobe, results};

/// Runs a command once as a whole and once killed after each of these times,
/// and expects the same results.
pub fn killed_ends_as_whole(command: &[&str], milliseconds: &[u64]) {
    let dir = tempfile::tempdir().unwrap();
    let finish = |out: &str| {
        layerprobe(dir.path())
            .args(command)
            .args(["--quiet", "--out", out])
            .assert()
            .success();
        results(&dir.path().join(out))
    };
    let whole = finish("whole");
    for (attempt, milliseconds) in milliseconds.iter().enumerate() {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
            .args(command)
            .args(["--quiet", "--out", "killed"])
            .current_dir(dir.path())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(*milliseconds));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(
            attempt > 0 || !status.success(),
            "the first kill came too late to test anything"
        );
    }
    assert_same(&whole, &finish("killed"));
}

/// Asks a command to stop, some time after `begun` is there, and expects that
/// it says how to go on.
#[cfg(unix)]
pub fn interrupted_can_go_on(command: &[&str], begun: impl AsRef<Path>, milliseconds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
        .args(command)
        .current_dir(dir.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = dir.path().join(begun);
    wait_until(&mut child, "work has begun", || begun.exists());
    std::thread::sleep(Duration::from_millis(milliseconds));
    let stopped = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(stopped.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("run it again to go on from there"),
        "{message}"
    );
}

/// As `nohup` has it.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_that_is_ignored_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" run smoke --quiet --out run"])
        .arg(assert_cmd::cargo::cargo_bin("layerprobe"))
        .current_dir(dir.path())
        .spawn()
        .unwrap();
    let begun = dir.path().join("run/config.toml");
    wait_until(&mut child, "work has begun", || begun.exists());
    let sent = Command::new("kill")
        .args(["-HUP", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    assert!(child.wait().unwrap().success());
    assert!(dir.path().join("run/results.csv").exists());
}
