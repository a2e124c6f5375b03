//! What is measured around each accuracy, on request.

use layerprobe_reports::{ResultRow, read_results};

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
