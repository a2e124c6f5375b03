//! Help, lists and machine-readable messages.

use std::process::{Command, Stdio};

use predicates::prelude::*;
use predicates::str::contains;

use crate::folder::layerprobe;

#[test]
fn help_shows_examples_that_can_be_pasted() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["render", "--help"],
        &["report", "--help"],
    ] {
        layerprobe(dir.path())
            .args(arguments)
            .assert()
            .success()
            .stdout(contains("  layerprobe r"));
    }
}

#[test]
fn presets_are_listed_and_shown_complete() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .arg("presets")
        .assert()
        .success()
        .stdout(
            contains("quick5")
                .and(contains("navon-quick"))
                .and(contains("smoke")),
        );
    let shown = layerprobe(dir.path())
        .args(["config", "show", "quick5", "--set", "seeds.init=7"])
        .assert()
        .success()
        .stdout(contains("versions = [0, 1, 2, 3, 4]"))
        .stdout(contains("init = 7"))
        .get_output()
        .stdout
        .clone();
    std::fs::write(dir.path().join("mine.toml"), &shown).unwrap();
    layerprobe(dir.path())
        .args(["config", "show", "mine.toml"])
        .assert()
        .success()
        .stdout(String::from_utf8(shown).unwrap());
}

#[test]
fn messages_for_machines_are_json_lines() {
    let dir = tempfile::tempdir().unwrap();
    let output = layerprobe(dir.path())
        .args(["run", "smoke", "--message-format", "json"])
        .assert()
        .success()
        .stderr(predicate::str::is_empty())
        .get_output()
        .stdout
        .clone();
    let messages: Vec<serde_json::Value> = String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let with = |reason: &str| messages.iter().any(|m| m["reason"] == reason);
    assert!(with("note") && with("started") && with("finished"));
    assert_eq!(messages.last().unwrap()["reason"], "done");
}

#[test]
fn arguments_that_are_refused_are_told_to_machines_too() {
    let dir = tempfile::tempdir().unwrap();
    for format in [
        &["--message-format", "json"][..],
        &["--message-format=json"],
    ] {
        let output = layerprobe(dir.path())
            .args(["run", "smoke", "--no-such-option"])
            .args(format)
            .assert()
            .code(2)
            .stderr(predicate::str::is_empty())
            .get_output()
            .stdout
            .clone();
        let message: serde_json::Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(message["reason"], "error");
        let text = message["message"].as_str().unwrap();
        assert!(
            text.starts_with("unexpected argument '--no-such-option'"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
}

#[test]
fn where_nobody_reads_the_exit_code_still_tells() {
    let dir = tempfile::tempdir().unwrap();
    for format in ["json", "human"] {
        // pipes whose readers have left already
        let unread = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            Stdio::from(writer)
        };
        let status = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
            .args(["run", "nope", "--message-format", format])
            .current_dir(dir.path())
            .stdout(unread())
            .stderr(unread())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(2), "{format}");
    }
}

#[test]
fn completions_exist_for_common_shells() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        layerprobe(dir.path())
            .args(["completions", shell])
            .assert()
            .success()
            .stdout(contains("layerprobe"));
    }
}
