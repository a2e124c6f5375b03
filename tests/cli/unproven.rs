//! Fits that end without proof: told by the exit code, marked wherever their
//! numbers are shown.

use std::fs;
use std::path::Path;

use layerprobe_reports::{read_by_value, read_confusions, read_results};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::folder::layerprobe;

/// Figures that show accuracies of single fits, or are counted from them.
const FIGURES: [&str; 5] = [
    "accuracy-by-held-out-value",
    "confusions",
    "decodability-over-training",
    "enhancement-and-suppression",
    "untrained-against-trained",
];

/// Which of the figures say that a probe did not converge.
fn marked(root: &Path) -> [bool; 5] {
    FIGURES.map(|figure| {
        let path = root.join(format!("report/figures/{figure}.svg"));
        fs::read_to_string(path)
            .unwrap()
            .contains("did not converge")
    })
}

#[test]
fn fits_without_proof_are_marked_wherever_they_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let run = |out: &str, iterations: &str| {
        layerprobe(dir.path())
            .args(["run", "smoke", "--out", out])
            .args(["--set", &format!("probes.max_iterations={iterations}")])
            .assert()
    };
    // the names of features and layers, then numbers with their marks
    let numbers = |table: &str| -> Vec<String> {
        let lines = table.lines().filter(|line| line.contains("0.14"));
        let cells = lines.flat_map(|line| line.split_whitespace().rev().skip(1));
        let numbers = cells.filter(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
        numbers.map(ToOwned::to_owned).collect()
    };

    // an iteration each proves nothing
    let hasty = run("hasty", "1")
        .code(3)
        .stdout(contains("* 36 of 36 probes did not converge"))
        .stderr(contains("36 probes did not converge; they are marked"));
    let table = String::from_utf8(hasty.get_output().stdout.clone()).unwrap();
    let shown = numbers(&table);
    // three features in two layers of three networks
    assert_eq!(shown.len(), 18, "{table}");
    assert!(shown.iter().all(|number| number.ends_with('*')), "{table}");
    let root = dir.path().join("hasty");
    assert_eq!(marked(&root), [true; 5]);
    let page = fs::read_to_string(root.join("report/index.html")).unwrap();
    assert!(page.contains("36 of 36 probes have no proof of convergence"));
    assert!(
        page.contains("\u{2020}<small>"),
        "no mark in the page's table"
    );
    let rows = read_results(root.join("results.csv")).unwrap();
    let fits: Vec<_> = rows.iter().filter(|row| row.metric == "accuracy").collect();
    assert!(fits.iter().all(|row| row.status == "max_iterations"));
    let by_value = read_by_value(root.join("by_value.csv")).unwrap();
    assert!(!by_value.is_empty() && by_value.iter().all(|row| row.is_unconverged()));
    let confusions = read_confusions(root.join("confusion.csv")).unwrap();
    assert!(!confusions.is_empty() && confusions.iter().all(|row| row.is_unconverged()));

    // with enough of them all is proven, and nothing marked
    let patient = run("patient", "2000")
        .success()
        .stdout(contains("did not converge").not());
    let table = String::from_utf8(patient.get_output().stdout.clone()).unwrap();
    let shown = numbers(&table);
    assert_eq!(shown.len(), 18, "{table}");
    assert!(!shown.iter().any(|number| number.ends_with('*')), "{table}");
    let root = dir.path().join("patient");
    assert_eq!(marked(&root), [false; 5]);
    let page = fs::read_to_string(root.join("report/index.html")).unwrap();
    assert!(!page.contains('\u{2020}'));
    let by_value = read_by_value(root.join("by_value.csv")).unwrap();
    assert!(by_value.iter().all(|row| row.status == "converged"));
}
