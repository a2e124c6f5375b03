//! Probes on activations that the program did not make.

use std::fs;
use std::path::Path;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::folder::layerprobe;

/// 60 groups of 2 stimuli; dimension 0 of 6 tells `up` from `down`.
pub const STIMULI: usize = 120;
pub const DIM: usize = 6;

fn label(stimulus: usize) -> &'static str {
    match stimulus / 2 % 2 {
        0 => "up",
        _ => "down",
    }
}

pub fn split(stimulus: usize) -> &'static str {
    match stimulus / 4 % 5 {
        0..3 => "train",
        3 => "select",
        _ => "test",
    }
}

pub fn activations() -> Vec<f32> {
    let mut state = 12345u32;
    (0..STIMULI * DIM)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1u32 << 24) as f32;
            let signal = i % DIM == 0 && label(i / DIM) == "up";
            noise + if signal { 3.0 } else { 0.0 }
        })
        .collect()
}

/// An array file in version 1.0 of NumPy's format.
pub fn write_npy(path: &Path, values: &[f32], shape: &str) {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

/// Labels by `direction`, in groups of two stimuli, with these splits.
pub fn write_labels(path: &Path, stimuli: usize, split: impl Fn(usize) -> &'static str) {
    let mut table = "direction,group,split\n".to_owned();
    for i in 0..stimuli {
        table += &format!("{},{},{}\n", label(i), i / 2, split(i));
    }
    fs::write(path, table).unwrap();
}

pub fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["probe", "--labels", "labels.csv", "--out", "results.csv"];
    all.extend(more);
    all
}

#[test]
fn a_matrix_from_elsewhere_is_probed() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write_npy(&at("fc6.npy"), &activations(), "(120, 3, 2)");
    write_labels(&at("labels.csv"), STIMULI, split);
    let run = |threads: &'static str| {
        layerprobe(dir.path())
            .args(arguments(&["--activations", "fc6.npy"]))
            .args(["--predictions", "predictions.csv", "--threads", threads])
            .assert()
            .success()
            .stdout(contains("direction"))
            .stdout(contains("split given"));
        [
            fs::read(at("results.csv")).unwrap(),
            fs::read(at("predictions.csv")).unwrap(),
        ]
    };
    let once = run("1");
    assert_eq!(once, run("2"), "bytes depend on threads");

    let results = String::from_utf8(once[0].clone()).unwrap();
    let mut lines = results.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cell = |line: &str, column: &str| {
        let place = header.iter().position(|name| *name == column).unwrap();
        line.split(',').nth(place).unwrap().to_owned()
    };
    let accuracy = lines.find(|l| cell(l, "metric") == "accuracy").unwrap();
    assert_eq!(cell(accuracy, "layer"), "fc6");
    assert_eq!(cell(accuracy, "value"), "1.0");
    assert_eq!(cell(accuracy, "n_train"), "96");
    assert_eq!(cell(accuracy, "n_test"), "24");
    assert_eq!(cell(accuracy, "n_clusters"), "12");
    assert_eq!(cell(accuracy, "split_kind"), "given");

    // each test stimulus once, by its row and its words
    let predictions = String::from_utf8(once[1].clone()).unwrap();
    let stimuli: Vec<usize> = predictions
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let stimulus = cells[2].parse().unwrap();
            assert_eq!((cells[3], cells[4]), (label(stimulus), label(stimulus)));
            stimulus
        })
        .collect();
    let tested: Vec<usize> = (0..STIMULI).filter(|&i| split(i) == "test").collect();
    assert_eq!(stimuli, tested);
}

#[test]
fn without_a_split_a_fifth_of_the_groups_test() {
    let dir = tempfile::tempdir().unwrap();
    write_npy(&dir.path().join("a.npy"), &activations(), "(120, 6)");
    let table: String = (0..STIMULI)
        .map(|i| format!("{},{}\n", label(i), i / 2))
        .collect();
    fs::write(
        dir.path().join("labels.csv"),
        format!("direction,group\n{table}"),
    )
    .unwrap();
    layerprobe(dir.path())
        .args(arguments(&["--activations", "a.npy"]))
        .assert()
        .success()
        .stdout(contains("96 stimuli train, 24 test (split drawn)"));
}

#[test]
fn wrong_input_gets_its_own_error() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write_npy(&at("a.npy"), &activations(), "(120, 6)");
    write_labels(&at("labels.csv"), STIMULI, split);
    let refused = |more: &[&str], text: &str| {
        layerprobe(dir.path())
            .args(arguments(more))
            .assert()
            .code(2)
            .stderr(contains(text));
        assert!(!at("results.csv").exists(), "{text}: results were written");
    };
    let whole = ["--activations", "a.npy"];
    refused(
        &[&whole[..], &["--features", "directon"]].concat(),
        "did you mean `direction`?",
    );
    refused(
        &[&whole[..], &["--layers", "b"]].concat(),
        "no array `b`; the file holds a",
    );

    fs::write(at("cut.npy"), &fs::read(at("a.npy")).unwrap()[..1000]).unwrap();
    refused(
        &["--activations", "cut.npy"],
        "872 bytes of numbers, its shape wants 2880",
    );
    // all of the head, not all of the numbers
    let header = r#"{"a":{"dtype":"F32","shape":[120,6],"data_offsets":[0,2880]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0; 2000]);
    fs::write(at("short.safetensors"), bytes).unwrap();
    refused(
        &["--activations", "short.safetensors"],
        "2000 bytes of 2880",
    );
    fs::write(at("cut.safetensors"), [40, 0, 0, 0, 0, 0, 0, 0, b'{']).unwrap();
    refused(
        &["--activations", "cut.safetensors"],
        "not a whole safetensors file",
    );
    fs::write(at("a.pt"), "pickle").unwrap();
    refused(&["--activations", "a.pt"], ".safetensors, .npy and .npz");
    write_npy(&at("flat.npy"), &activations(), "(720,)");
    refused(
        &["--activations", "flat.npy"],
        "[720]; wanted an axis of stimuli",
    );
    write_npy(&at("none.npy"), &[], "(0, 6)");
    refused(&["--activations", "none.npy"], "no stimulus is in it");
    write_npy(&at("hollow.npy"), &[], "(120, 0)");
    refused(&["--activations", "hollow.npy"], "axis 1 is empty");
    let longer = [fs::read(at("a.npy")).unwrap(), vec![0; 8]].concat();
    fs::write(at("longer.npy"), longer).unwrap();
    refused(
        &["--activations", "longer.npy"],
        "2888 bytes of numbers, its shape wants 2880",
    );
    let bare = [&2u64.to_le_bytes()[..], b"{}"].concat();
    fs::write(at("bare.safetensors"), bare).unwrap();
    refused(&["--activations", "bare.safetensors"], "no array is in it");
    fs::write(at("text.safetensors"), "surely no such file").unwrap();
    refused(
        &["--activations", "text.safetensors"],
        "its first eight bytes announce",
    );
    refused(
        &["--activations", "elsewhere.npy"],
        "cannot read elsewhere.npy\n",
    );
    refused(&[&whole[..], &["--penalties", "-1"]].concat(), "-1");
    refused(
        &[&whole[..], &["--features", "direction,direction"]].concat(),
        "asked for twice",
    );
    refused(
        &[&whole[..], &["--layers", "a,a"]].concat(),
        "asked for twice",
    );
    // far beyond floating point of 32 bits
    let header = r#"{"a":{"dtype":"F64","shape":[120,6],"data_offsets":[0,5760]}}"#;
    let huge = [
        (header.len() as u64).to_le_bytes().to_vec(),
        header.into(),
        1e300f64.to_le_bytes().repeat(720),
    ];
    fs::write(at("huge.safetensors"), huge.concat()).unwrap();
    refused(
        &["--activations", "huge.safetensors"],
        "`a` holds 1e300, more than",
    );
    let mut broken = activations();
    broken[7 * DIM + 2] = f32::NAN;
    write_npy(&at("nan.npy"), &broken, "(120, 6)");
    refused(&["--activations", "nan.npy"], "stimulus 7");

    write_labels(&at("labels.csv"), 100, split);
    refused(
        &whole,
        "a.npy: `a` has 120 stimuli, the labels have 100 rows",
    );
    write_labels(&at("labels.csv"), STIMULI, |i| match i % 2 {
        0 => "train",
        _ => "test",
    });
    refused(
        &whole,
        "lines 2 and 3 are of one group, but their splits are `train` and `test`",
    );
    write_labels(&at("labels.csv"), STIMULI, |i| match (label(i), split(i)) {
        ("up", "train") => "select",
        (_, split) => split,
    });
    refused(
        &whole,
        "labels.csv: no training stimulus has the direction `up`",
    );
    write_labels(&at("labels.csv"), STIMULI, |i| match label(i) {
        "up" => "train",
        _ => "test",
    });
    refused(&whole, "no training stimulus has the direction `down`");
    write_labels(&at("labels.csv"), STIMULI, |_| "train");
    refused(&whole, "no stimulus has the split `test`");
    write_labels(&at("labels.csv"), STIMULI, |_| "valid");
    refused(&whole, "labels.csv:2: the split `valid`");
    fs::write(at("labels.csv"), "direction\nup\nup\n").unwrap();
    refused(&whole, "has the value `up` everywhere");
    fs::write(at("labels.csv"), "direction\nup\n\"\"\n").unwrap();
    refused(&whole, "labels.csv:3: the column `direction` is empty");
    for (table, text) in [
        ("", "labels.csv: the file is empty"),
        ("direction\n", "no row below the header"),
        ("direction;group\nup;1\n", "separate columns by commas"),
        ("up,up\na,b\n", "two columns are named `up`"),
        (",up\n0,a\n1,b\n", "column 1 has no name"),
        (
            "up,Split\na,train\nb,test\n",
            "write `split` if that is meant",
        ),
        (
            "up\na\nnan\n",
            "labels.csv:3: the column `up` is empty or nan",
        ),
        ("up\n1\n1.0\n2\n", "one number in two spellings"),
        ("up\na\nb\n", "labels.csv: 2 groups cannot be cut"),
    ] {
        fs::write(at("labels.csv"), table).unwrap();
        refused(&whole, text);
    }
}

#[test]
fn what_was_probed_before_a_bad_array_stays() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let good = activations();
    let mut broken = activations();
    broken[7 * DIM + 2] = f32::NAN;
    let header = r#"{"a":{"dtype":"F32","shape":[120,6],"data_offsets":[0,2880]},"b":{"dtype":"F32","shape":[120,6],"data_offsets":[2880,5760]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([good, broken].concat().iter().flat_map(|x| x.to_le_bytes()));
    fs::write(at("two.safetensors"), bytes).unwrap();
    write_labels(&at("labels.csv"), STIMULI, split);
    layerprobe(dir.path())
        .args(arguments(&["--activations", "two.safetensors"]))
        .args(["--predictions", "predictions.csv"])
        .assert()
        .code(2)
        .stderr(contains("cannot probe two.safetensors"))
        .stderr(contains("stimulus 7"))
        .stderr(contains("what was probed before stays in results.csv"));
    let rows = layerprobe_reports::read_results(at("results.csv")).unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.layer == "a"));
    let predictions = fs::read_to_string(at("predictions.csv")).unwrap();
    let mut lines = predictions.lines().skip(1);
    assert!(lines.next().is_some() && lines.all(|line| line.starts_with("a,")));
}

#[test]
fn views_have_dimensions_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    write_npy(&dir.path().join("a.npy"), &activations(), "(120, 2, 3, 1)");
    write_labels(&dir.path().join("l.csv"), STIMULI, split);
    let probe = |views: &str| {
        let mut command = layerprobe(dir.path());
        command
            .args(["probe", "--activations", "a.npy", "--labels", "l.csv"])
            .args(["--out", "r.csv", "--predictions", "p.csv", "--view", views]);
        command.assert()
    };
    probe("full,gap,pca:2,rp:3,pca:99")
        .success()
        .stdout(contains("a gap").and(contains("a pca:2")));
    let rows = layerprobe_reports::read_results(dir.path().join("r.csv")).unwrap();
    let accuracies = rows.iter().filter(|row| row.metric == "accuracy");
    let found: Vec<(&str, u64)> = accuracies
        .map(|row| (row.view.as_str(), row.dim.unwrap()))
        .collect();
    // a layer with fewer dimensions than components is left whole
    let expected = [
        ("full", 6),
        ("gap", 2),
        ("pca:2", 2),
        ("rp:3", 3),
        ("pca:99", 6),
    ];
    assert_eq!(found, expected);
    let predictions = fs::read_to_string(dir.path().join("p.csv")).unwrap();
    assert!(predictions.lines().next().unwrap().contains(",group,view,"));
    assert!(predictions.lines().any(|line| line.contains(",rp:3,")));

    probe("pca:0")
        .code(2)
        .stderr(contains("there are full, gap, pca:K and rp:K"));
    // rows that stand twice would count twice
    fs::remove_file(dir.path().join("r.csv")).unwrap();
    for (views, said) in [
        ("full,full", "--view: `full` is named twice"),
        ("rp:3,full,rp:03", "--view: `rp:3` is named twice"),
    ] {
        probe(views).code(2).stderr(contains(said));
    }
    assert!(!dir.path().join("r.csv").exists(), "work was started");
    write_npy(&dir.path().join("a.npy"), &activations(), "(120, 6)");
    probe("gap")
        .code(2)
        .stderr(contains("no array has the axes"));
}

/// What the results say of the accuracy: its fit's status, penalty and gap.
fn fit_of(results: &Path) -> (String, f64, f64) {
    let rows = layerprobe_reports::read_results(results).unwrap();
    let row = rows
        .into_iter()
        .find(|row| row.metric == "accuracy")
        .unwrap();
    let numbers = (row.penalty.unwrap(), row.objective_gap.unwrap());
    (row.status, numbers.0, numbers.1)
}

#[test]
fn without_a_penalty_a_fit_is_proven_or_has_no_optimum() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write_labels(&at("labels.csv"), STIMULI, split);
    let run = |penalties: &'static str| {
        let more = ["--activations", "a.npy", "--penalties", penalties];
        layerprobe(dir.path()).args(arguments(&more)).assert()
    };
    write_npy(&at("a.npy"), &activations(), "(120, 6)");
    run("0").code(3).stdout(contains("separable"));
    assert_eq!(
        fit_of(&at("results.csv")),
        ("separable".to_owned(), 0.0, 1.0)
    );
    // a penalty beside it that is as accurate has an optimum, and goes first
    run("0,0.001").success();
    assert_eq!(fit_of(&at("results.csv")).1, 0.001);
    // without the dimension that tells them apart, classes overlap
    let mut mixed = activations();
    mixed.iter_mut().step_by(DIM).for_each(|x| *x = x.fract());
    write_npy(&at("a.npy"), &mixed, "(120, 6)");
    run("0").success();
    let (status, penalty, gap) = fit_of(&at("results.csv"));
    assert_eq!((status.as_str(), penalty), ("converged", 0.0));
    assert!(gap < 1e-6, "{gap}");
    run("0,-1")
        .code(2)
        .stderr(contains("penalty -1 is neither"));
}

#[test]
fn the_papers_protocol_reports_the_best_on_the_test() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write_npy(&at("fc6.npy"), &activations(), "(120, 6)");
    write_labels(&at("labels.csv"), STIMULI, split);
    let paper = ["--activations", "fc6.npy", "--protocol", "paper"];
    layerprobe(dir.path())
        .args(arguments(&paper))
        .args(["--controls", "5"])
        .assert()
        .code(2)
        .stderr(contains("--controls belongs to --protocol own"));
    layerprobe(dir.path())
        .args(arguments(&paper))
        .args(["--max-iterations", "50"])
        .assert()
        .code(2)
        .stderr(contains("--max-iterations belongs to --protocol own"));
    layerprobe(dir.path())
        .args(arguments(&paper))
        .args(["--max-memory", "1M"])
        .assert()
        .failure()
        .stderr(contains("by the protocol `paper`").and(contains("--max-memory")));
    layerprobe(dir.path())
        .args(arguments(&paper))
        .assert()
        .success()
        .stdout(contains("upper bounds"));
    let rows = layerprobe_reports::read_results(at("results.csv")).unwrap();
    let found: Vec<_> = rows.iter().map(|row| row.metric.as_str()).collect();
    assert_eq!(found, ["accuracy", "chance"]);
    let best = &rows[0];
    assert_eq!(best.protocol, "paper/1");
    assert_eq!(best.selected_by, "tested_stimuli");
    assert_eq!((best.n_train, best.n_test), (Some(96), Some(24)));
    assert_eq!(best.value, 1.0);
    assert!(best.learning_rate.is_some() && best.weight_decay.is_some());
}
