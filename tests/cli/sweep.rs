//! Many runs from one file, through the program.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use layerprobe_reports::{ResultRow, read_results, write_parquet, write_results};
use predicates::prelude::*;
use predicates::str::contains;

#[cfg(unix)]
use crate::folder::wait_until;
use crate::folder::{assert_same, layerprobe, results};

const SMALL: &str = r#"
name = "small"
base = "smoke"

[set]
training.targets = ["color"]
training.epochs = 1
probes.penalties = [10]
probes.layers = ["fc1"]

[axes]
seed = [0, 1]
training.learning_rate = [1e-4, 1e-3]
"#;

fn sweep(dir: &Path, verb: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = layerprobe(dir);
    command.args(["sweep", verb, "sweep.toml"]).args(more);
    command.assert()
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_failed_cell_costs_itself_alone_and_what_is_missing_is_done_later() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sweep.toml"), SMALL).unwrap();
    sweep(dir.path(), "plan", &["--no-bench"])
        .success()
        .stdout(contains(
            "seed1-learning_rate0.001  not begun: 1 conditions, ",
        ))
        .stdout(contains("4 cells, 4 to do: unknown time"));
    assert!(!dir.path().join("sweeps").exists(), "planning does nothing");

    // a folder where a table is to stand
    let cells = dir.path().join("sweeps/small/cells");
    let in_the_way = cells.join("seed1-learning_rate0.001/results.csv/x");
    fs::create_dir_all(&in_the_way).unwrap();
    sweep(dir.path(), "run", &["--workers", "2"])
        .code(1)
        .stderr(contains(
            "seed1-learning_rate0.001 failed (exit code 1) and comes again",
        ))
        .stderr(contains(
            "failed: seed1-learning_rate0.001 (exit code 1); its log ends so:",
        ))
        .stderr(contains("cannot write"))
        .stderr(contains("small/logs/seed1-learning_rate0.001.log"))
        .stdout(contains("3 of 4 cells are done"));
    sweep(dir.path(), "status", &[])
        .success()
        .stdout(contains(
            "seed1-learning_rate0.001  failed: 1 networks trained, ",
        ))
        .stdout(contains("exit code 1 after 2 attempts"))
        .stdout(contains("3 of 4 cells are done"));
    sweep(dir.path(), "collect", &[]).code(1).stderr(contains(
        "1 of 4 cells are not done (seed1-learning_rate0.001 is the first)",
    ));
    sweep(dir.path(), "collect", &["--partial"])
        .success()
        .stderr(contains("not done: seed1-learning_rate0.001"));

    fs::remove_dir_all(in_the_way.parent().unwrap()).unwrap();
    let finished = cells.join("seed0-learning_rate0.001/results.csv");
    let before = modified(&finished);
    sweep(dir.path(), "run", &[])
        .success()
        .stdout(contains("4 of 4 cells are done"));
    assert_eq!(modified(&finished), before, "nothing is done twice");
    sweep(dir.path(), "plan", &[])
        .success()
        .stdout(contains("(measured)").and(contains("4 cells, 0 to do: about 0 s")));

    collected_table_is_right(dir.path());
    exported_tables_are_those_of_the_csv_files(dir.path());
    a_cell_is_the_run_it_names(dir.path());
}

fn collected_table_is_right(dir: &Path) {
    sweep(dir, "collect", &[])
        .success()
        .stdout(contains("sweeps/small/results.csv"))
        .stdout(contains("sweeps/small/report/index.html"));
    let rows = read_results(dir.join("sweeps/small/results.csv")).unwrap();
    let of_runs: Vec<&ResultRow> = rows.iter().filter(|r| r.interval_kind == "runs").collect();
    let last = |row: &&&ResultRow| row.metric == "accuracy" && row.checkpoint_role == "last";
    for variant in ["0.0001", "0.001"] {
        let variant = format!("training.learning_rate={variant}");
        for feature in ["shape", "texture", "color"] {
            let wanted = |row: &&&ResultRow| row.variant == variant && row.feature == feature;
            let single: Vec<f64> = rows
                .iter()
                .collect::<Vec<_>>()
                .iter()
                .filter(|row| row.interval_kind == "stimuli")
                .filter(wanted)
                .filter(last)
                .map(|row| row.value)
                .collect();
            let mean: Vec<&&ResultRow> = of_runs.iter().filter(wanted).filter(last).collect();
            assert_eq!((single.len(), mean.len()), (2, 1), "{variant} {feature}");
            assert_eq!(mean[0].n_runs, Some(2));
            assert!((mean[0].value - (single[0] + single[1]) / 2.0).abs() < 1e-12);
        }
    }
    assert!(rows.iter().any(|row| {
        row.condition == "seed1-learning_rate0.001/trifeature-color-cnn4-split0-seed1"
    }));
    let page = fs::read_to_string(dir.join("sweeps/small/report/index.html")).unwrap();
    assert!(page.contains("sweep small") && page.contains("training.learning_rate=0.001"));

    let table = dir.join("sweeps/small/cells/seed0-learning_rate0.0001/by_value.csv");
    let bytes = fs::read(&table).unwrap();
    fs::write(&table, &bytes[..bytes.len() - 2]).unwrap();
    sweep(dir, "collect", &[])
        .code(1)
        .stderr(contains("by_value.csv is not what its run wrote"));
    fs::write(&table, &bytes).unwrap();
}

fn exported_tables_are_those_of_the_csv_files(dir: &Path) {
    let rows = read_results(dir.join("sweeps/small/results.csv")).unwrap();
    let wanted = dir.join("wanted.parquet");
    write_parquet(&wanted, &rows).unwrap();
    let wanted = fs::read(wanted).unwrap();
    let said = format!("results  all.parquet ({} rows)", rows.len());
    sweep(dir, "export", &["--out", "all.parquet"])
        .success()
        .stdout(contains(said));
    assert!(fs::read(dir.join("all.parquet")).unwrap() == wanted);
    let export = |what: &str| {
        let mut command = layerprobe(dir);
        command
            .args(["export", what, "--out", "again.parquet"])
            .assert()
    };
    export("sweeps/small/results.csv").success();
    assert!(fs::read(dir.join("again.parquet")).unwrap() == wanted);
    let cell = "sweeps/small/cells/seed0-learning_rate0.0001";
    export(cell).success();
    assert!(fs::read(dir.join("again.parquet")).unwrap() != wanted);
    let table = dir.join(cell).join("results.csv");
    let bytes = fs::read(&table).unwrap();
    fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    export(cell)
        .code(1)
        .stderr(contains("not what manifest.json lists"));
    fs::write(&table, &bytes).unwrap();
    export("sweeps")
        .code(2)
        .stderr(contains("sweeps is not a run folder"));
    fs::create_dir(dir.join("begun")).unwrap();
    fs::write(dir.join("begun/config.toml"), "").unwrap();
    export("begun")
        .code(1)
        .stderr(contains("begun has no results yet"));
}

fn a_cell_is_the_run_it_names(dir: &Path) {
    let mut alone = layerprobe(dir);
    alone.args(["run", "smoke", "--quiet", "--out", "alone"]);
    for setting in [
        "training.targets=[\"color\"]",
        "training.epochs=1",
        "probes.penalties=[10]",
        "probes.layers=[\"fc1\"]",
        "seed=1",
        "training.learning_rate=1e-3",
    ] {
        alone.args(["--set", setting]);
    }
    alone.assert().success();
    assert_same(
        &results(&dir.join("alone")),
        &results(&dir.join("sweeps/small/cells/seed1-learning_rate0.001")),
    );
}

#[test]
fn mistakes_are_found_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("sweep.toml"),
        SMALL.replace("training.learning_rate", "training.learning_rat"),
    )
    .unwrap();
    sweep(dir.path(), "run", &[])
        .code(2)
        .stderr(contains("cell seed0-learning_rat0.0001"))
        .stderr(contains("did you mean `training.learning_rate`?"));
    sweep(dir.path(), "plan", &[]).code(2);
    fs::write(dir.path().join("sweep.toml"), SMALL).unwrap();
    sweep(dir.path(), "run", &["--workers", "0"]).code(2);
    assert!(!dir.path().join("sweeps").exists());
}

#[cfg(unix)]
#[test]
fn a_killed_cell_comes_again_and_a_sweep_asked_to_stop_goes_on_later() {
    let dir = tempfile::tempdir().unwrap();
    let text = SMALL
        .replace("learning_rate = [1e-4, 1e-3]", "learning_rate = [1e-3]")
        .replace("epochs = 1", "epochs = 20");
    fs::write(dir.path().join("sweep.toml"), text).unwrap();
    let start = || {
        Command::new(assert_cmd::cargo::cargo_bin("layerprobe"))
            .args(["sweep", "run", "sweep.toml", "--workers", "2"])
            .current_dir(dir.path())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let kill = |signal: &str, process: &str| {
        let killed = Command::new("kill").args([signal, process]).status();
        assert!(killed.unwrap().success());
    };
    let cells = dir.path().join("sweeps/small/cells");
    // the process that holds a cell, once it trains
    let holder = |sweep: &mut Child, cell: &str, lease: &str| -> String {
        let folder = cells.join(cell);
        let mut holder = None;
        wait_until(sweep, &format!("lease {lease} holds {cell}"), || {
            let text = fs::read_to_string(folder.join(".lease").join(lease)).unwrap_or_default();
            let pid = text.lines().find_map(|line| line.strip_prefix("pid "));
            let begun = fs::read_dir(folder.join("conditions")).is_ok();
            let pid = pid.filter(|_| begun && text.ends_with("end\n"));
            holder = pid.map(str::to_owned);
            holder.is_some()
        });
        holder.unwrap()
    };

    let mut first = start();
    let seed0 = holder(&mut first, "seed0-learning_rate0.001", "00000001");
    kill("-KILL", &seed0);
    // once it has come again
    holder(&mut first, "seed0-learning_rate0.001", "00000002");
    holder(&mut first, "seed1-learning_rate0.001", "00000001");
    kill("-TERM", &first.id().to_string());
    let output = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(
        said.contains("seed0-learning_rate0.001 failed (killed (signal 9"),
        "{said}"
    );
    assert!(
        said.contains("stopping: 2 cells finish their step and save"),
        "{said}"
    );
    assert!(said.contains("run it again to go on"), "{said}");
    for seed in 0..2 {
        let condition = format!("conditions/trifeature-color-cnn4-split0-seed{seed}");
        let cell = cells.join(format!("seed{seed}-learning_rate0.001"));
        assert!(cell.join(condition).join("resume.safetensors").exists());
    }
    sweep(dir.path(), "status", &[])
        .success()
        .stdout(contains("seed1-learning_rate0.001  begun"))
        .stdout(contains("0 of 2 cells are done"));
    sweep(dir.path(), "run", &["--workers", "2"])
        .success()
        .stdout(contains("2 of 2 cells are done"));
    // as if nothing had happened
    sweep(dir.path(), "run", &["--workers", "2", "--out", "whole"]).success();
    for seed in 0..2 {
        let cell = format!("seed{seed}-learning_rate0.001");
        let whole = dir.path().join("whole/cells").join(&cell);
        assert_same(&results(&whole), &results(&cells.join(cell)));
    }
}

#[test]
fn a_bench_forecasts_time() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sweep.toml"), SMALL).unwrap();
    sweep(dir.path(), "plan", &[])
        .success()
        .stdout(contains("seed1-learning_rate0.001  not begun"))
        .stdout(contains(" s (from a bench), "))
        .stdout(contains("unknown").not());
    assert!(!dir.path().join("sweeps").exists(), "planning does nothing");
}

/// One network for each version, and two ways to scale what is read of it.
const SCALINGS: &str = r#"
name = "scalings"
base = "smoke"

[set]
training.targets = ["color"]
training.epochs = 1
probes.penalties = [10]
probes.layers = ["fc1"]
checkpoints.count = 2

[axes]
split = [0, 1, 2]
probes.scaling = ["channel", "none"]
"#;

/// Puts other accuracies in the place of those of a cell, which are lucky or not by the
/// processor, and lists the table as it is then.
fn put_accuracies(cell: &Path, accuracy: impl Fn(&ResultRow) -> f64) {
    let (table, manifest) = (cell.join("results.csv"), cell.join("manifest.json"));
    let hash = || {
        let bytes = fs::read(&table).unwrap();
        blake3::hash(&bytes).to_hex().to_string()
    };
    let before = hash();
    let mut rows = read_results(&table).unwrap();
    for row in rows.iter_mut().filter(|row| row.metric == "accuracy") {
        row.value = accuracy(row);
        (row.lower, row.upper) = (Some(row.value), Some(row.value));
    }
    write_results(&table, &rows).unwrap();
    let listed = fs::read_to_string(&manifest).unwrap();
    assert!(listed.contains(&before));
    fs::write(&manifest, listed.replace(&before, &hash())).unwrap();
}

#[test]
fn a_verdict_that_depends_on_the_scaling_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sweep.toml"), SCALINGS).unwrap();
    sweep(dir.path(), "run", &["--workers", "2"]).success();
    for scaling in ["channel", "none"] {
        for split in 0..3i32 {
            let cell = format!("sweeps/scalings/cells/scaling{scaling}-split{split}");
            put_accuracies(&dir.path().join(cell), |row| {
                // scaled by channel, each network has lost some of the shape; all else
                // goes either way
                let change = match (scaling, row.feature.as_str()) {
                    ("channel", "shape") => -0.2 + 0.01 * f64::from(split),
                    _ => 0.2 * f64::from(split - 1),
                };
                match row.step {
                    Some(0) => 0.5,
                    _ => 0.5 + change,
                }
            });
        }
    }
    sweep(dir.path(), "collect", &[]).success();
    let page = dir.path().join("sweeps/scalings/report/index.html");
    let page = fs::read_to_string(page).unwrap();
    let start = page.find("1 verdict depends on the choice of scaling or test stimuli");
    let warning = page[start.expect("no warning, or of others")..]
        .split('<')
        .next()
        .unwrap();
    let (by_channel, by_none) = warning.split_once("scaling=none: ").expect("two sides");
    assert!(
        by_channel.contains("shape at fc1 trained on color"),
        "{warning}"
    );
    assert!(
        by_channel.contains("protocol clean/4: suppressed"),
        "{warning}"
    );
    assert!(by_none.starts_with("cannot tell"), "{warning}");

    // a single scaling has nobody to differ with
    let one = SCALINGS.replace("[\"channel\", \"none\"]", "[\"channel\"]");
    fs::write(dir.path().join("sweep.toml"), one).unwrap();
    sweep(dir.path(), "run", &["--out", "one"]).success();
    sweep(dir.path(), "collect", &["--out", "one"]).success();
    let page = fs::read_to_string(dir.path().join("one/report/index.html")).unwrap();
    assert!(!page.contains("on the choice of scaling"));
}
