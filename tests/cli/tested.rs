//! What probes said of single test stimuli: by held-out value, by class, and
//! stimulus by stimulus.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use layerprobe_generators::{StimulusSet, TrifeatureParams};
use layerprobe_reports::{ResultRow, read_by_value, read_confusions, read_results};
use layerprobe_streams::StreamKey;

use crate::folder::{assert_same, files, layerprobe, results};

fn run(dir: &Path, out: &str, settings: &[&str]) {
    let mut command = layerprobe(dir);
    command.args(["run", "smoke", "--quiet", "--out", out]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.assert().success();
}

#[test]
fn accuracy_is_told_by_held_out_value() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "run", &["probes.layers=['fc1']"]);
    let rows = read_by_value(dir.path().join("run/by_value.csv")).unwrap();
    // 2 targets x 3 checkpoints x 3 features x 2 others x 3 held-out values
    assert_eq!(rows.len(), 2 * 3 * 3 * 2 * 3);
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &rows {
        assert_ne!(row.feature, row.held_feature);
        // 7 kept values x 1 held-out one x 10 of the third feature
        assert_eq!((row.n_test, row.n_clusters), (Some(70), Some(70)));
        let (lower, upper) = (row.lower.unwrap(), row.upper.unwrap());
        assert!(
            lower <= row.accuracy && row.accuracy <= upper && lower < upper,
            "{row:?}"
        );
        held.entry(&row.held_feature)
            .or_default()
            .insert(&row.held_value);
    }
    assert_eq!(held.len(), 3);
    assert!(held.values().all(|values| values.len() == 3), "{held:?}");
}

#[test]
fn confusions_are_counted_at_both_ends_of_training() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "run", &["probes.seen_values=true"]);
    let counts = read_confusions(dir.path().join("run/confusion.csv")).unwrap();
    let rows = read_results(dir.path().join("run/results.csv")).unwrap();
    let mut checked = 0;
    for row in rows.iter().filter(|row| row.metric == "accuracy") {
        let own: Vec<_> = counts
            .iter()
            .filter(|c| {
                (&c.condition, c.step, &c.layer) == (&row.condition, row.step, &row.layer)
                    && (&c.feature, &c.split_kind) == (&row.feature, &row.split_kind)
            })
            .collect();
        if row.checkpoint_role == "scheduled" {
            assert!(own.is_empty());
            continue;
        }
        let total: u64 = own.iter().map(|c| c.count).sum();
        let right = own.iter().filter(|c| c.label == c.predicted);
        let right: u64 = right.map(|c| c.count).sum();
        assert_eq!(Some(total), row.n_test);
        assert_eq!(right as f64 / total as f64, row.value);
        checked += 1;
    }
    // 2 targets x 2 checkpoints x 2 layers x 3 features x 2 splits
    assert_eq!(checked, 2 * 2 * 2 * 3 * 2);
}

/// A table of predictions: its header, and its rows as cells by column.
fn predictions(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn every_number_can_be_made_again_from_the_predictions() {
    let dir = tempfile::tempdir().unwrap();
    let settings = ["probes.predictions=all", "probes.seen_values=true"];
    run(dir.path(), "run", &settings);
    let root = dir.path().join("run");
    let rows = read_results(root.join("results.csv")).unwrap();
    let by_value = read_by_value(root.join("by_value.csv")).unwrap();
    let set = TrifeatureParams::default()
        .check(StreamKey::from_seed(0))
        .unwrap();
    let number = |metric: &str, like: &ResultRow| {
        let same = rows.iter().find(|row| {
            row.metric == metric
                && (&row.condition, row.step, &row.layer)
                    == (&like.condition, like.step, &like.layer)
                && (&row.feature, &row.split_kind) == (&like.feature, &like.split_kind)
        });
        same.unwrap().value
    };
    let accuracies: Vec<_> = rows.iter().filter(|r| r.metric == "accuracy").collect();
    // 2 targets x 3 checkpoints x 2 layers x 3 features x 2 splits
    assert_eq!(accuracies.len(), 72);
    let mut values = 0;
    for row in accuracies {
        let file = format!(
            "conditions/{}/predictions/step-{:06}/{}/{}.csv",
            row.condition,
            row.step.unwrap(),
            row.layer,
            row.feature
        );
        let said: Vec<_> = predictions(&root.join(file))
            .into_iter()
            .filter(|cells| cells["split_kind"] == row.split_kind)
            .collect();
        let is_right = |cells: &BTreeMap<String, String>| cells["label"] == cells["predicted"];
        let right = said.iter().filter(|cells| is_right(cells)).count();
        assert_eq!(right as f64 / said.len() as f64, row.value);
        let log = |cells: &BTreeMap<String, String>, column: &str| -> f64 {
            cells[column].parse().unwrap()
        };
        let nats: f64 = said.iter().map(|cells| log(cells, "log_probability")).sum();
        assert_eq!(
            -nats / said.len() as f64,
            number("cross_entropy", row),
            "{row:?}"
        );
        for cells in &said {
            let of_class: BTreeMap<&str, f64> = cells
                .keys()
                .filter_map(|column| {
                    Some((column.strip_prefix(&format!("{}=", row.feature))?, column))
                })
                .map(|(value, column)| (value, log(cells, column)))
                .collect();
            assert_eq!(of_class.len(), 7);
            let sum: f64 = of_class.values().map(|l| l.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
            let own = of_class[&*cells["label"]];
            assert!((own - log(cells, "log_probability")).abs() <= 1e-6 * own.abs().max(1.0));
            let most = of_class.values().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(of_class[&*cells["predicted"]], most);
        }
        if row.split_kind != "held_out_values" {
            continue;
        }
        let own = by_value.iter().filter(|v| {
            (&v.condition, v.step, &v.layer) == (&row.condition, row.step, &row.layer)
                && v.feature == row.feature
        });
        for value in own {
            let features = set.features().iter();
            let place = features.clone().position(|f| f.name == value.held_feature);
            let has = |cells: &&BTreeMap<String, String>| {
                // one exemplar: a stimulus is its combination
                assert_eq!(cells["stimulus"], cells["group"]);
                let mut rest: usize = cells["stimulus"].parse().unwrap();
                let mut digits = [0; 3];
                for digit in digits.iter_mut().rev() {
                    (*digit, rest) = (rest % 10, rest / 10);
                }
                let feature = &set.features()[place.unwrap()];
                feature.values[digits[place.unwrap()]] == value.held_value
            };
            let having: Vec<_> = said.iter().filter(has).collect();
            let right = having.iter().filter(|cells| is_right(cells)).count();
            assert_eq!(having.len(), 70);
            assert_eq!(right as f64 / 70.0, value.accuracy);
            values += 1;
        }
    }
    assert_eq!(values, 36 * 6);

    let manifest = std::fs::read_to_string(root.join("manifest.json")).unwrap();
    assert!(manifest.contains("/predictions/step-000000/fc1/shape.csv"));
}

#[test]
fn kept_predictions_change_no_number_and_are_made_again_where_one_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let settings = |kept: &'static str| [kept, "probes.layers=['fc1']"];
    run(dir.path(), "none", &settings("probes.predictions=none"));
    run(dir.path(), "ends", &settings("probes.predictions=ends"));
    let [none, ends] = ["none", "ends"].map(|name| files(&dir.path().join(name)));
    for table in ["results.csv", "by_value.csv", "confusion.csv"] {
        assert!(none[table] == ends[table], "{table}");
    }
    let kept: Vec<&String> = ends
        .keys()
        .filter(|k| k.contains("/predictions/"))
        .collect();
    // 2 targets x 2 ends x 3 features
    assert_eq!(kept.len(), 12);
    assert!(!none.keys().any(|k| k.contains("/predictions/")));

    let whole = results(&dir.path().join("ends"));
    std::fs::remove_file(dir.path().join("ends").join(kept[1])).unwrap();
    run(dir.path(), "ends", &settings("probes.predictions=ends"));
    assert_same(&whole, &results(&dir.path().join("ends")));
}

#[test]
fn an_unknown_choice_of_predictions_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["run", "smoke", "--set", "probes.predictions=end"])
        .assert()
        .code(2)
        .stderr(predicates::str::contains("did you mean `ends`?"));
}
