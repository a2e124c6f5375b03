//! Whether a finished run still is what it says.

use std::fs;

use predicates::prelude::*;
use predicates::str::{contains, is_empty};

use crate::damage::small_run;
use crate::folder::layerprobe;

#[test]
fn a_sound_run_agrees_and_every_kind_of_damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let root = dir.path().join("run");
    let verify = |more: &[&str]| {
        let mut command = layerprobe(dir.path());
        command.args(["verify", "run"]).args(more).assert()
    };
    // 1 target x 3 checkpoints x 2 layers x 3 features
    verify(&["--recompute", "1"]).success().stdout(contains(
        "18 accuracies asked for, 1 condition made again: all agree",
    ));
    layerprobe(dir.path())
        .args(["report", "run"])
        .assert()
        .success();
    verify(&["--quiet"]).success().stdout(is_empty());

    let condition = "conditions/trifeature-color-cnn4-split0-seed0";
    for (file, problem) in [
        (
            format!("{condition}/checkpoints/best.safetensors"),
            "its hash differs",
        ),
        (
            format!("{condition}/probes/step-000000/fc1.csv"),
            "its hash differs",
        ),
        (format!("{condition}/training.json"), "is no proof"),
        ("results.csv".to_owned(), "its hash differs"),
        ("report/index.html".to_owned(), "its hash differs"),
        ("manifest.json".to_owned(), "cannot be read"),
        ("config.toml".to_owned(), "it was edited"),
    ] {
        let path = root.join(&file);
        let before = fs::read(&path).unwrap();
        let mut bytes = before.clone();
        match file.as_str() {
            "config.toml" => bytes.extend(b"# a note\n"),
            name if name.ends_with(".json") => bytes.truncate(bytes.len() / 2),
            _ => *bytes.last_mut().unwrap() ^= 1,
        }
        fs::write(&path, &bytes).unwrap();
        verify(&[])
            .code(1)
            .stdout(contains(format!("run/{file} {problem}")).or(contains(problem)))
            .stdout(contains(file.as_str()));
        assert_eq!(fs::read(&path).unwrap(), bytes, "verify changes nothing");
        fs::write(&path, &before).unwrap();
    }
    verify(&[]).success();

    let figure = root.join("report/figures/untrained-against-trained.png");
    let bytes = fs::read(&figure).unwrap();
    fs::remove_file(&figure).unwrap();
    verify(&[])
        .code(1)
        .stdout(contains("untrained-against-trained.png is missing"));
    fs::write(&figure, bytes).unwrap();
    fs::write(root.join("report/notes.txt"), "mine").unwrap();
    verify(&[])
        .code(1)
        .stdout(contains("report/notes.txt is not listed"));
    fs::remove_file(root.join("report/notes.txt")).unwrap();

    // what lies beside the run's own files is the user's, before and after a run
    fs::write(root.join("notes.txt"), "mine").unwrap();
    verify(&[]).success();
    small_run(dir.path(), "run").assert().success();
    fs::write(root.join("notes.txt"), "mine, and more").unwrap();
    verify(&[]).success();
    let again = small_run(dir.path(), "run").assert().success();
    again.stderr(contains("notes.txt").not());
    assert_eq!(fs::read(root.join("notes.txt")).unwrap(), b"mine, and more");
}

#[test]
fn what_is_only_read_needs_no_memory_for_probes() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let verify = |more: &[&str]| {
        let mut command = layerprobe(dir.path());
        command.args(["verify", "run", "--max-memory", "1M"]);
        command.args(more).assert()
    };
    verify(&[]).success().stdout(contains("all agree"));
    verify(&["--recompute", "1"])
        .code(2)
        .stderr(contains("--max-memory"));
}

#[test]
fn results_that_were_changed_with_their_hashes_are_found_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    let root = dir.path().join("run");
    let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
    let results = fs::read_to_string(root.join("results.csv")).unwrap();
    let manifest = fs::read_to_string(root.join("manifest.json")).unwrap();
    let forge = |forged: &str| {
        let listed = manifest.replace(&hash(&results), &hash(forged));
        assert_ne!(listed, manifest);
        fs::write(root.join("results.csv"), forged).unwrap();
        fs::write(root.join("manifest.json"), listed).unwrap();
    };
    let verify = || layerprobe(dir.path()).args(["verify", "run"]).assert();

    let row = results
        .lines()
        .find(|line| line.contains(",accuracy,"))
        .unwrap();
    forge(&results.replace(&format!("{row}\n"), ""));
    verify()
        .code(1)
        .stdout(contains("results.csv has no accuracy of"));
    forge(&format!("{results}{row}\n"));
    verify()
        .code(1)
        .stdout(contains("results.csv has more than one accuracy of"));
    forge(&results.replace(row, &row.replace("-seed0,", "-seed1,")));
    verify().code(1).stdout(contains("does not ask for"));
    let value: Vec<&str> = row.split(',').collect();
    let at = results
        .lines()
        .next()
        .unwrap()
        .split(',')
        .position(|c| c == "value")
        .unwrap();
    let better = row.replacen(&format!(",{},", value[at]), ",0.999,", 1);
    forge(&results.replace(row, &better));
    verify().code(1).stdout(contains(
        "results.csv is not what the conditions' own tables make",
    ));
}

#[test]
fn a_checkpoint_that_was_changed_with_its_hashes_is_found_when_it_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    // one condition, so it is the one that is made again
    small_run(dir.path(), "run").assert().success();
    let root = dir.path().join("run");
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    // what is written in the place of a text, where that stands once
    let relisted = |file: &str, before: &str, after: &str| {
        let path = root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(before).count(), 1, "{file}");
        let changed = text.replace(before, after);
        fs::write(&path, &changed).unwrap();
        (hash(text.as_bytes()), hash(changed.as_bytes()))
    };
    let condition = "conditions/trifeature-color-cnn4-split0-seed0";
    // the last of 6 steps
    let checkpoint = format!("{condition}/checkpoints/step-000006.safetensors");
    let weights = fs::read(root.join(&checkpoint)).unwrap();
    let mut forged = weights.clone();
    // the lowest bit of the last weight
    let place = forged.len() - 4;
    forged[place] ^= 1;
    fs::write(root.join(&checkpoint), &forged).unwrap();
    let (before, after) = (hash(&weights), hash(&forged));
    let proof = format!("{condition}/training.json");
    let proofs = relisted(&proof, &before, &after);
    relisted("manifest.json", &before, &after);
    relisted("manifest.json", &proofs.0, &proofs.1);

    let verify = |more: &[&str]| {
        let mut command = layerprobe(dir.path());
        command.args(["verify", "run"]).args(more).assert()
    };
    // each file is what its proof and the manifest say
    verify(&[]).success().stdout(contains("all agree"));
    verify(&["--recompute", "1"])
        .code(1)
        .stdout(contains(format!(
            "run/{checkpoint} has other bytes when it is made again"
        )))
        .stdout(contains("1 condition made again: 2 findings"));
}

#[test]
fn an_unfinished_run_is_said_to_be_one() {
    let dir = tempfile::tempdir().unwrap();
    small_run(dir.path(), "run").assert().success();
    fs::remove_file(dir.path().join("run/manifest.json")).unwrap();
    layerprobe(dir.path())
        .args(["verify", "run"])
        .assert()
        .code(1)
        .stdout(contains("was not finished"))
        .stdout(contains("layerprobe run run/config.toml --out run"));
    layerprobe(dir.path())
        .args(["verify", "."])
        .assert()
        .code(2);
}
