//! What stands around each number of activations that the program did not make.

use std::fs;

use predicates::str::contains;

use crate::folder::layerprobe;
use crate::own_activations::{DIM, STIMULI, activations, arguments, split, write_npy};

#[test]
fn what_stands_around_each_number_is_measured_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    // 60 groups of 4 stimuli, so that one of each can be withheld
    let mut table = "direction,group,split\n".to_owned();
    let mut values = [activations(), activations()].concat();
    for stimulus in 0..2 * STIMULI {
        let group = stimulus / 4;
        table += &format!("{},{group},{}\n", group % 2, split(stimulus));
        values[stimulus * DIM] = (group % 2) as f32 + 0.1 * values[stimulus * DIM + 1];
    }
    fs::write(at("labels.csv"), table).unwrap();
    write_npy(&at("fc6.npy"), &values, "(240, 6)");
    let mut tables = Vec::new();
    for threads in ["1", "2"] {
        layerprobe(dir.path())
            .args(arguments(&[
                "--activations",
                "fc6.npy",
                "--threads",
                threads,
            ]))
            .args(["--controls", "5", "--permutations", "19"])
            .args(["--v-information", "--code-orders", "2"])
            .assert()
            .success()
            .stdout(contains(
                "chance   bits  selectivity  compression      p  penalty",
            ));
        tables.push(fs::read_to_string(at("results.csv")).unwrap());
    }
    assert_eq!(tables[0], tables[1]);
    let rows = layerprobe_reports::read_results(at("results.csv")).unwrap();
    let count = |metric: &str| rows.iter().filter(|row| row.metric == metric).count();
    assert_eq!(count("null_accuracy"), 19);
    assert_eq!(count("v_information_null"), 19);
    for metric in ["v_information", "selectivity", "compression", "p_value"] {
        assert_eq!(count(metric), 1, "{metric}");
    }
    let of = |metric: &str| rows.iter().find(|row| row.metric == metric).unwrap();
    // the feature is read with ease: nothing reaches it by chance
    assert_eq!(of("p_value").value, 0.05);
    assert!(of("v_information").value > 0.9);
    let controls = rows
        .iter()
        .filter(|row| row.probe == "control" && row.metric == "accuracy");
    assert_eq!(controls.count(), 5);
}

#[test]
fn what_says_too_little_is_refused_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    for (given, said) in [
        (
            ["--controls", "3"],
            "--controls: 3 labelings: give at least 5",
        ),
        (["--permutations", "18"], "give at least 19, or 0 for none"),
        (["--strata", "color"], "give --permutations 19 or more, too"),
    ] {
        layerprobe(dir.path())
            .args(arguments(&["--activations", "none.npy"]))
            .args(given)
            .assert()
            .code(2)
            .stderr(contains(said));
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 0, "{said}: work was started");
    }
}

#[test]
fn labels_are_permuted_within_strata() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    // the layer has the color alone, and four shapes in five go with it
    let mut table = "shape,color,split\n".to_owned();
    let mut values = activations();
    for stimulus in 0..STIMULI {
        let color = stimulus % 2;
        let shape = if stimulus / 2 % 5 == 0 {
            1 - color
        } else {
            color
        };
        table += &format!("{shape},{color},{}\n", split(stimulus));
        for value in &mut values[stimulus * DIM..][..DIM] {
            *value = color as f32 + 0.1 * *value;
        }
    }
    fs::write(at("labels.csv"), table).unwrap();
    write_npy(&at("fc6.npy"), &values, "(120, 6)");
    let p_value = |more: &[&str]| {
        layerprobe(dir.path())
            .args(arguments(&["--activations", "fc6.npy"]))
            .args(["--permutations", "19", "--penalties", "100"])
            .args(more)
            .assert()
            .success();
        let rows = layerprobe_reports::read_results(at("results.csv")).unwrap();
        let own: Vec<_> = rows
            .into_iter()
            .filter(|row| row.metric == "p_value")
            .collect();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].feature, "shape");
        (own[0].value, own[0].protocol.clone())
    };
    let plain = p_value(&["--features", "shape"]);
    assert_eq!(plain, (0.05, "own/3".to_owned()));
    let within = p_value(&["--strata", "color"]);
    assert!(within.0 > 0.05, "{within:?}");
    assert_eq!(within.1, "own/3 strata=color");
}
