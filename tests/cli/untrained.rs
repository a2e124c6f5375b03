//! Networks that are not trained: `training.epochs = 0`.

use std::fs;

use layerprobe_reports::read_results;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::folder::layerprobe;

#[test]
fn untrained_networks_are_probed_as_they_start() {
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let mut command = layerprobe(dir.path());
        command.args(["run", "smoke", "--out", "out"]);
        for setting in [
            "training.epochs=0",
            "probes.protocol=['clean', 'paper']",
            "probes.paper.epochs=2",
        ] {
            command.args(["--set", setting]);
        }
        command
    };
    run()
        .assert()
        .success()
        .stderr(contains("networks are not trained"))
        .stdout(contains("trained on").not());
    let out = dir.path().join("out");
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let rows = read_results(out.join("results.csv")).unwrap();
    assert!(rows.iter().any(|row| row.protocol.starts_with("paper/")));
    for row in &rows {
        assert_eq!((&*row.checkpoint_role, row.step), ("initial", Some(0)));
    }
    let page = read("report/index.html");
    assert!(page.contains("networks are not trained"));
    assert!(!page.contains("best validation accuracy"));
    let figures: Vec<String> = fs::read_dir(out.join("report/figures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(figures.contains(&"untrained-against-trained.svg".to_owned()));
    assert!(!figures.iter().any(|name| name.contains("over-training")));
    assert!(!figures.iter().any(|name| name.contains("training-curves")));

    // nothing is left to do, and nothing is missing
    let results = read("results.csv");
    run().assert().success();
    assert_eq!(read("results.csv"), results);
    layerprobe(dir.path())
        .args(["verify", "out"])
        .assert()
        .success()
        .stdout(contains("all agree"));
    layerprobe(dir.path())
        .args(["compare", "out", "--checkpoint", "best", "--out", "c.csv"])
        .assert()
        .failure()
        .stderr(contains(
            "networks that are not trained keep no best checkpoint",
        ));
    layerprobe(dir.path())
        .args(["plan", "smoke", "--set", "training.epochs=0"])
        .assert()
        .success()
        .stdout(contains("version 0  not trained"));
}
