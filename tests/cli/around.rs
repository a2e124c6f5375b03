//! What is measured around each accuracy, on request.

use layerprobe_reports::{ResultRow, read_results};

use crate::bad_input::refused;
use crate::folder::layerprobe;

fn rows_of(settings: &[&str]) -> Vec<ResultRow> {
    let dir = tempfile::tempdir().unwrap();
    let mut command = layerprobe(dir.path());
    command.args(["run", "smoke", "--quiet", "--out", "run"]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.assert().success();
    read_results(dir.path().join("run/results.csv")).unwrap()
}

fn of<'a>(rows: &'a [ResultRow], metric: &str, split: &str, by: &str) -> Vec<&'a ResultRow> {
    let wanted = |row: &&ResultRow| {
        (&*row.metric, &*row.split_kind, &*row.selected_by) == (metric, split, by)
    };
    rows.iter().filter(wanted).collect()
}

#[test]
fn bits_stand_beside_each_accuracy() {
    let rows = rows_of(&["probes.v_information=true"]);
    let accuracies = of(&rows, "accuracy", "held_out_values", "accuracy").len();
    let bits = of(&rows, "v_information", "held_out_values", "cross_entropy");
    let nats = of(&rows, "cross_entropy", "held_out_values", "cross_entropy");
    assert!(accuracies > 0);
    assert_eq!((bits.len(), nats.len()), (accuracies, accuracies));
    for (bits, nats) in bits.iter().zip(nats) {
        assert_eq!(bits.penalty, nats.penalty);
        // 7 classes, nearly equally frequent
        let entropy = bits.value + nats.value / std::f64::consts::LN_2;
        assert!((entropy - 7f64.log2()).abs() < 0.1, "{entropy}");
    }
    let plain = rows_of(&[]);
    assert!(of(&plain, "v_information", "held_out_values", "cross_entropy").is_empty());
}

#[test]
fn properties_have_their_r2() {
    let names = "'x', 'shape_angle', 'phase_y'";
    let rows = rows_of(&[
        &format!("probes.ridge=[{names}]"),
        "probes.features=['color']",
        "probes.layers=['pool3', 'fc1']",
    ]);
    let found = of(&rows, "r2", "held_out_values", "r2");
    let accuracies = of(&rows, "accuracy", "held_out_values", "accuracy");
    assert_eq!(found.len(), 3 * accuracies.len());
    for row in &found {
        assert_eq!((&*row.probe, &*row.status), ("ridge", "converged"));
        assert!(row.value < 1.0 && row.lower.unwrap() <= row.value);
        assert_eq!(row.n_test, accuracies[0].n_test);
        let chance = rows.iter().find(|other| {
            other.metric == "chance" && (&other.feature, other.step) == (&row.feature, row.step)
        });
        assert_eq!(chance.unwrap().value, 0.0);
    }
    // where the object is can be read from a map of pixels, untrained
    let x = found
        .iter()
        .find(|row| (&*row.feature, &*row.layer, row.step) == ("x", "pool3", Some(0)));
    assert!(x.unwrap().lower.unwrap() > 0.5, "{x:?}");

    let misspelt = ["run", "smoke", "--set", "probes.ridge=['shape_angel']"];
    refused(&misspelt, &["did you mean `shape_angle`?"]);
}

#[test]
fn controls_and_splits_are_rows_of_their_own() {
    let rows = rows_of(&[
        "probes.seen_values=true",
        "probes.controls=5",
        "stimuli.exemplars=3",
        "probes.layers=['fc1']",
        "probes.features=['shape', 'color']",
    ]);
    let held_out = of(&rows, "accuracy", "held_out_values", "accuracy");
    let seen = of(&rows, "accuracy", "seen_values", "accuracy");
    assert_eq!(seen.len(), held_out.len());
    let instance = of(&rows, "accuracy", "instance", "accuracy");
    let (controls, own): (Vec<&ResultRow>, Vec<&ResultRow>) =
        instance.iter().partition(|row| row.probe == "control");
    assert_eq!(
        (own.len(), controls.len()),
        (held_out.len(), 5 * held_out.len())
    );
    let selectivity = of(&rows, "selectivity", "instance", "accuracy");
    assert_eq!(selectivity.len(), own.len());
    for (row, (own, controls)) in selectivity.iter().zip(own.iter().zip(controls.chunks(5))) {
        let place = |row: &ResultRow| (row.condition.clone(), row.step, row.feature.clone());
        assert_eq!(place(row), place(own));
        assert!(controls.iter().all(|control| place(control) == place(own)));
        let repeats: Vec<u64> = controls.iter().filter_map(|c| c.repeat).collect();
        assert_eq!(repeats, [0, 1, 2, 3, 4]);
        let mean = controls.iter().map(|c| own.value - c.value).sum::<f64>() / 5.0;
        assert!((row.value - mean).abs() < 1e-12);
        assert!(row.lower.unwrap() <= mean && mean <= row.upper.unwrap());
    }
}

#[test]
fn controls_that_cannot_be_are_refused_before_any_work() {
    for (setting, said) in [
        ("probes.controls=5", "`stimuli.exemplars` is 1"),
        ("probes.controls=2", "at least 5"),
        ("probes.permutations=18", "at least 19"),
    ] {
        refused(&["run", "smoke", "--set", setting], &[said]);
    }
}

#[test]
fn codes_are_measured_at_both_ends_of_training() {
    let rows = rows_of(&["probes.code_orders=2", "probes.layers=['fc1']"]);
    let codes = of(&rows, "code_length", "next_block", "code_length");
    let compressions = of(&rows, "compression", "next_block", "code_length");
    let curve = of(&rows, "cross_entropy", "next_block", "code_length");
    let ends = |row: &&&ResultRow| matches!(&*row.checkpoint_role, "initial" | "last");
    let accuracies = of(&rows, "accuracy", "held_out_values", "accuracy");
    assert_eq!(codes.len(), accuracies.iter().filter(ends).count());
    assert!(codes.iter().all(|row| ends(&row)));
    for (code, compression) in codes.iter().zip(compressions) {
        assert!(code.lower.unwrap() <= code.value && code.value <= code.upper.unwrap());
        let uniform = code.n_test.unwrap() as f64 * 7f64.log2();
        // a mean of ratios: not the ratio of means, but within the same ends
        let [least, most] = [compression.lower, compression.upper].map(Option::unwrap);
        assert!((least - uniform / code.upper.unwrap()).abs() < 1e-9);
        assert!(least <= compression.value && compression.value <= most);
        let blocks = curve.iter().filter(|row| {
            (&row.condition, row.step, &row.feature) == (&code.condition, code.step, &code.feature)
        });
        // 7 kept values of 3 features, an exemplar each: 11, 22, 43, 86, 172, 343
        let sizes: Vec<_> = blocks.map(|row| (row.repeat, row.n_train)).collect();
        assert_eq!(sizes.len(), 10);
        assert_eq!(sizes[0], (Some(0), Some(11)));
        assert_eq!(sizes[9], (Some(1), Some(172)));
    }
}

#[test]
fn p_values_are_measured_at_both_ends_of_training() {
    let rows = rows_of(&[
        "probes.permutations=19",
        "probes.layers=['fc1', 'pool4']",
        "probes.v_information=true",
    ]);
    let of_metric = |metric: &str| -> Vec<&ResultRow> {
        rows.iter().filter(|row| row.metric == metric).collect()
    };
    let (nulls, maxima) = (of_metric("null_accuracy"), of_metric("null_max"));
    // 2 targets x 3 features; 2 layers at 2 steps each
    assert_eq!((nulls.len(), maxima.len()), (4 * 19 * 6, 19 * 6));
    // what permuted labels tell, of as many probes: nothing
    let known = of_metric("v_information_null");
    assert_eq!(known.len(), nulls.len());
    assert!(known.iter().all(|row| row.value < 0.2), "{known:?}");
    let judged = of_metric("p_value");
    assert_eq!(judged.len(), 4 * 6);
    for p in judged {
        let own = |row: &&&ResultRow| (&row.condition, &row.feature) == (&p.condition, &p.feature);
        let accuracy = of(&rows, "accuracy", "held_out_values", "accuracy")
            .into_iter()
            .filter(|row| own(&row))
            .find(|row| (row.step, &row.layer) == (p.step, &p.layer))
            .unwrap();
        let largest = |repeat: Option<u64>| {
            let of_repeat = nulls.iter().filter(own).filter(|row| row.repeat == repeat);
            of_repeat.map(|row| row.value).fold(0.0, f64::max)
        };
        let mut reached = 0;
        for most in maxima.iter().filter(own) {
            assert_eq!(most.value, largest(most.repeat));
            reached += usize::from(most.value >= accuracy.value);
        }
        assert_eq!(p.value, (reached + 1) as f64 / 20.0);
    }
}

#[test]
fn another_scaling_is_another_protocol() {
    let settings = ["probes.layers=['pool4', 'fc1']", "training.epochs=1"];
    let default = rows_of(&settings);
    let standard = rows_of(&[&settings[..], &["probes.scaling=standard"]].concat());
    assert!(default.iter().all(|row| row.protocol == "clean/4"));
    assert!(
        standard
            .iter()
            .all(|row| row.protocol == "clean/4 scaling=standard")
    );
    let values = |rows: &[ResultRow]| rows.iter().map(|row| row.value).collect::<Vec<_>>();
    assert_ne!(values(&default), values(&standard));
}

#[test]
fn untrained_networks_may_see_images_as_they_are() {
    let settings = ["probes.layers=['pool4', 'fc1']", "training.epochs=1"];
    let usual = rows_of(&settings);
    let raw = rows_of(&[&settings[..], &["probes.untrained_images=raw"]].concat());
    let protocol = "clean/4 untrained_images=raw";
    assert!(raw.iter().all(|row| row.protocol == protocol));
    let values = |rows: &[ResultRow], untrained: bool| -> Vec<f64> {
        let rows = rows.iter().filter(|row| row.metric == "accuracy");
        let rows = rows.filter(|row| (row.step == Some(0)) == untrained);
        rows.map(|row| row.value).collect()
    };
    // 2 layers, 2 targets, 3 features
    assert_eq!(values(&raw, true).len(), 12);
    assert_ne!(values(&usual, true), values(&raw, true));
    assert_eq!(values(&usual, false), values(&raw, false));
}

#[test]
fn several_versions_are_told_together() {
    let versions = ["split.versions=[0, 3]", "probes.layers=['fc1']"];
    let rows = rows_of(&versions);
    let (over_runs, single): (Vec<&ResultRow>, Vec<&ResultRow>) =
        rows.iter().partition(|row| row.interval_kind == "runs");
    assert!(over_runs.iter().all(|row| row.condition.is_empty()));
    assert!(single.iter().all(|row| !row.condition.is_empty()));
    // 2 targets x 3 features: accuracy at both ends, and its change
    assert_eq!(over_runs.len(), 2 * 3 * 3);
    // bits, and their change, where penalties are chosen for them
    let with_bits = rows_of(&[&versions[..], &["probes.v_information=true"]].concat());
    let changes = with_bits
        .iter()
        .filter(|row| row.metric == "enhancement_bits");
    assert_eq!(changes.count(), 6);
    for row in over_runs {
        assert_eq!((row.n_runs, row.split), (Some(2), None));
        let (lower, upper) = (row.lower.unwrap(), row.upper.unwrap());
        assert!(lower <= row.value && row.value <= upper);
        if row.metric != "enhancement" {
            continue;
        }
        let at = |role: &str| -> f64 {
            let own = single.iter().filter(|r| {
                r.metric == "accuracy"
                    && r.checkpoint_role == role
                    && (&r.target, &r.feature) == (&row.target, &row.feature)
            });
            own.map(|r| r.value).sum::<f64>() / 2.0
        };
        assert!((row.value - (at("last") - at("initial"))).abs() < 1e-12);
    }
}
