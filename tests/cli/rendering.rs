//! `layerprobe render`.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use crate::folder::{assert_same, files, layerprobe};

const SMALL: [&str; 6] = [
    "--set",
    "image_size=64",
    "--set",
    "object_size=40",
    "--set",
    "texture_period=6",
];

#[test]
fn trifeature_files_carry_the_authors_names_labels_and_splits() {
    let dir = tempfile::tempdir().unwrap();
    for (threads, out) in [("1", "one"), ("2", "two")] {
        layerprobe(dir.path())
            .args(["render", "trifeature", "--out", out, "--count", "30"])
            .args(SMALL)
            .args(["--swap", "color", "--threads", threads])
            .assert()
            .success();
    }
    let one = files(&dir.path().join("one"));
    assert_same(&one, &files(&dir.path().join("two")));
    let images = one.keys().filter(|name| name.ends_with(".png")).count();
    assert_eq!(images, 60, "30 stimuli and their twins");
    assert!(
        one.keys()
            .any(|name| name.ends_with("triangle_solid_red_0.png"))
    );
    let labels = String::from_utf8(one["labels.csv"].clone()).unwrap();
    assert_eq!(labels.lines().count(), 31);
    assert!(
        labels
            .lines()
            .next()
            .unwrap()
            .contains("shape,texture,color")
    );
}

#[test]
fn a_contact_sheet_is_a_picture_and_needs_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    for dataset in ["trifeature", "navon"] {
        layerprobe(dir.path())
            .args(["render", dataset, "--sheet", "sheet.png"])
            .assert()
            .success()
            .stdout(contains("sheet.png"));
        let png = fs::read(dir.path().join("sheet.png")).unwrap();
        assert_eq!(&png[1..4], b"PNG");
        assert!(png.len() > 20_000);
    }
}

#[test]
fn the_effective_predictivity_is_told_beside_the_nominal() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["render", "trifeature", "--out", "out", "--count", "1"])
        .args(SMALL)
        .args(["--correlate", "shape,color", "--predictivity", "0.9"])
        .assert()
        .success()
        .stdout(contains(
            "version 4: shape and color nominally 0.900, effectively 0.9",
        ));
}

#[test]
fn mistakes_are_named() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["render", "trifeature", "--out", "out", "--swap", "colour"])
        .assert()
        .code(2)
        .stderr(contains("did you mean `color`?"));
    layerprobe(dir.path())
        .args(["render", "navon", "--out", "out", "--set", "object_size=3"])
        .assert()
        .code(2)
        .stderr(contains("unknown key `stimuli.object_size`"));
    layerprobe(dir.path())
        .args(["render", "trifeature"])
        .assert()
        .code(2)
        .stderr(contains("--out"));
}

#[test]
fn a_sheet_is_named_as_the_picture_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "mine").unwrap();
    for name in ["notes.txt", "sheet.jpg", "sheet"] {
        layerprobe(dir.path())
            .args(["render", "navon", "--out", "out", "--sheet", name])
            .assert()
            .code(2)
            .stderr(contains(format!("--sheet {name}: name a .png file")));
    }
    assert_eq!(fs::read_to_string(notes).unwrap(), "mine");
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1, "work was started");
}

#[test]
fn other_stimuli_of_the_same_names_are_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let render = |out: &str, more: &[&str]| {
        layerprobe(dir.path())
            .args(["render", "trifeature", "--out", out, "--count", "2"])
            .args(SMALL)
            .args(more)
            .assert()
    };
    render("out", &[]).success();
    let before = files(dir.path());
    for more in [
        &["--seed", "2"][..],
        &["--set", "image_size=80"],
        &["--set", "object_size=36"],
    ] {
        render("out", more)
            .code(2)
            .stderr(contains(
                "it holds images/triangle_solid_red_0.png of another seed",
            ))
            .stderr(contains("choose another folder, or remove this one"));
        assert_same(&before, &files(dir.path()));
    }
    render("out", &[]).success();
    assert_same(&before, &files(dir.path()));
    // images that were removed come again
    fs::remove_dir_all(dir.path().join("out/images")).unwrap();
    render("out", &[]).success();
    assert_same(&before, &files(dir.path()));
    // a table of one's own
    fs::create_dir(dir.path().join("mine")).unwrap();
    fs::write(dir.path().join("mine/labels.csv"), "shape").unwrap();
    render("mine", &[])
        .code(2)
        .stderr(contains("it holds labels.csv of other stimuli"));
    let kept = fs::read_to_string(dir.path().join("mine/labels.csv"));
    assert_eq!(kept.unwrap(), "shape");
}

#[test]
fn a_predictivity_that_cannot_be_is_told_by_its_option() {
    let dir = tempfile::tempdir().unwrap();
    for p in ["2", "-0.5", "0.05"] {
        layerprobe(dir.path())
            .args(["render", "trifeature", "--out", "out", "--count", "1"])
            .args(["--correlate", "shape,color", "--predictivity", p])
            .assert()
            .code(2)
            .stderr(contains(format!(
                "--predictivity: {p} is not within [0.1, 1]"
            )));
    }
    layerprobe(dir.path())
        .args(["render", "trifeature", "--out", "out", "--count", "1"])
        .args(["--correlate", "shape", "--predictivity", "0.9"])
        .assert()
        .code(2)
        .stderr(contains(
            "--correlate: a pair has two features, and 1 are named",
        ));
    assert!(!dir.path().join("out").exists(), "work was started");
}

#[test]
fn binary_stimuli_are_tables_and_each_use_test_leaves_one_feature() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["render", "binary", "--out", "bits"])
        .args(["--set", "easy_predictivity=1.0"])
        .args(["--set", "easy_rule=majority"])
        .assert()
        .success()
        .stdout(contains("256 stimuli").and(contains("use_hard")));
    let share = |name: &str, column: usize| {
        let text = fs::read_to_string(dir.path().join("bits").join(name)).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(1)
            .map(|l| l.split(',').collect())
            .collect();
        let agree = rows.iter().filter(|row| row[column] == row[1]).count();
        agree as f64 / rows.len() as f64
    };
    assert_eq!(share("train.csv", 2), 1.0);
    assert_eq!(share("use_easy.csv", 2), 1.0);
    assert!((share("use_easy.csv", 3) - 0.5).abs() < 0.1);
    assert!((share("use_hard.csv", 2) - 0.5).abs() < 0.1);
    assert!((share("use_hard.csv", 3) - 0.9).abs() < 0.06);
    let before = fs::read(dir.path().join("bits/train.csv")).unwrap();
    for (set, part) in [
        ("easy_predictivity=0.9", "holds train.csv of other stimuli"),
        ("easy_predictivty=0.6", "did you mean `easy_predictivity`?"),
        ("easy_predictivity=2", "from 0.5"),
        ("easy_rule=parity", "first_bit or majority"),
    ] {
        layerprobe(dir.path())
            .args(["render", "binary", "--out", "bits", "--set", set])
            .assert()
            .code(2)
            .stderr(contains(part));
    }
    let after = fs::read(dir.path().join("bits/train.csv")).unwrap();
    assert_eq!(before, after);
    layerprobe(dir.path())
        .args(["render", "binary", "--sheet", "sheet.png"])
        .assert()
        .code(2)
        .stderr(contains("--sheet"));
}
