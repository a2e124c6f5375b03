//! The protocol `paper`, on a few epochs of a small grid.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use layerprobe::training::{Checkpoint, read_log};
use layerprobe_reports::{ResultRow, read_results};
use predicates::str::contains;

use crate::folder::{assert_same, layerprobe, results};

const SETTINGS: [&str; 6] = [
    "probes.protocol=paper",
    "probes.paper.epochs=4",
    "probes.paper.learning_rates=[1e-3, 1e-1]",
    "probes.paper.weight_decays=[0, 1e-2, 1]",
    "probes.layers=['pool4', 'fc1']",
    "split.versions=[0, 1]",
];

fn arguments(settings: &[&str]) -> Vec<String> {
    let set = |setting: &&str| ["--set".to_owned(), (*setting).to_owned()];
    let mut arguments: Vec<String> = ["run", "smoke"].map(str::to_owned).into();
    arguments.extend(settings.iter().flat_map(set));
    arguments
}

fn run(dir: &Path, settings: &[&str], more: &[&str]) {
    let mut command = layerprobe(dir);
    command.args(arguments(settings)).args(["--quiet"]);
    command.args(more).assert().success();
}

/// The numbers of right decisions that a file of curves holds, by feature,
/// learning rate and decay.
fn curves(path: &Path) -> BTreeMap<[String; 3], Vec<f64>> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let of = [4, 8, 9].map(|cell: usize| cells[cell].to_owned());
        let n: f64 = cells[6].parse().unwrap();
        let share = |cell: &&str| cell.parse::<f64>().unwrap() / n;
        (of, cells[10..].iter().map(share).collect())
    });
    rows.collect()
}

/// By a condition's log, the step of the first epoch's end with the highest accuracy on
/// validation; what was measured before training is none.
fn best_step(condition: &Path) -> u64 {
    let log = read_log(&condition.join("training.csv")).unwrap();
    let ends = || log.iter().filter(|row| row.epoch > 0);
    let accuracies = ends().map(|row| row.validation_accuracy);
    let best = accuracies.fold(0.0, f64::max);
    let mut equals = ends().filter(|row| row.validation_accuracy == best);
    equals.next().unwrap().step
}

#[test]
fn one_decoder_is_chosen_over_the_versions_and_reported_as_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let both = [&SETTINGS[1..], &["probes.protocol=['clean', 'paper']"]].concat();
    layerprobe(dir.path())
        .args(arguments(&both))
        .args(["--out", "run"])
        .assert()
        .success()
        .stdout(contains("upper bounds, chosen on the tested stimuli"));
    let root = dir.path().join("run");
    let rows = read_results(root.join("results.csv")).unwrap();
    let of = |protocol: &str, of_network: bool| -> Vec<&ResultRow> {
        let wanted = |row: &&ResultRow| {
            row.metric == "accuracy"
                && row.protocol == protocol
                && row.condition.is_empty() != of_network
        };
        rows.iter().filter(wanted).collect()
    };
    let accuracies = of("paper/1", true);
    differences_are_those_of_the_means(&rows, &of("paper/1", false), &of("clean/4", false));
    // 2 targets x 2 versions x 2 checkpoints x 2 layers x 3 features
    assert_eq!(accuracies.len(), 48);
    for row in &accuracies {
        assert_eq!((&*row.probe, &*row.status), ("linear", "fixed_budget"));
        assert_eq!(row.selected_by, "tested_stimuli");
        assert!(matches!(
            &*row.checkpoint_role,
            "initial" | "best_validation"
        ));
        let step = match &*row.checkpoint_role {
            "initial" => 0,
            _ => best_step(&root.join("conditions").join(&row.condition)),
        };
        assert_eq!(row.step, Some(step), "{row:?}");
        // every version's network is read where the mean over both is highest
        let role = &row.checkpoint_role;
        let of_version = |version: u32| {
            let condition = format!("trifeature-{}-cnn4-split{version}-seed0", row.target);
            let file = format!("conditions/{condition}/paper/{role}/{}.csv", row.layer);
            curves(&root.join(file))
        };
        let both = [of_version(0), of_version(1)];
        let own = |point: &[String; 3]| point[0] == row.feature;
        let mut best = 0.0f64;
        for (point, right) in both[0].iter().filter(|(point, _)| own(point)) {
            assert_eq!(right.len(), 4);
            for (a, b) in right.iter().zip(&both[1][point]) {
                best = best.max((a + b) / 2.0);
            }
        }
        let point = [
            row.feature.clone(),
            row.learning_rate.unwrap().to_string(),
            row.weight_decay.unwrap().to_string(),
        ];
        // 343 stimuli make 6 batches of 64
        let epoch = row.iterations.unwrap() as usize / 6;
        let chosen = both.each_ref().map(|curves| curves[&point][epoch - 1]);
        assert!(
            (chosen[0] + chosen[1] - 2.0 * best).abs() < 1e-12,
            "{row:?}"
        );
        let version = row.split.unwrap() as usize;
        assert!((row.value - chosen[version]).abs() < 1e-12, "{row:?}");
    }
    let page = fs::read_to_string(root.join("report/index.html")).unwrap();
    for said in [
        "upper bounds, chosen on the tested stimuli",
        "Untrained networks see unnormalized images",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let manifest = fs::read_to_string(root.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"clean/4, paper/1\""), "{manifest}");
    assert!(manifest.contains("paper/best_validation/fc1.csv"));
}

/// A network whose weights never move is as good after each of its epochs, and the best
/// is the untrained one, but for what their images are normalized by.
#[test]
fn the_best_is_the_first_of_equals_and_sees_other_images_than_the_untrained() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [
        &SETTINGS[..5],
        &[
            "split.versions=[0]",
            "training.targets=['shape']",
            "training.learning_rate=1e-30",
        ],
    ]
    .concat();
    run(dir.path(), &settings, &["--out", "run"]);
    let root = dir.path().join("run");
    let condition = root.join("conditions/trifeature-shape-cnn4-split0-seed0");
    let read = |name: &str| {
        let file = format!("checkpoints/{name}.safetensors");
        Checkpoint::read(&condition.join(file)).unwrap()
    };
    let (untrained, best) = (read("step-000000"), read("best"));
    assert!(untrained.network == best.network, "the weights moved");
    // the first of two epochs of 6 steps
    assert_eq!(best_step(&condition), 6);
    assert_eq!((best.header.step, best.header.epoch), (6, 1.0));
    let rows = read_results(root.join("results.csv")).unwrap();
    let rows = rows.iter().filter(|row| row.protocol == "paper/1");
    let of_best = rows.filter(|row| row.checkpoint_role == "best_validation");
    let moments: Vec<_> = of_best.map(|row| (row.step, row.epoch)).collect();
    // 2 layers x 3 features: accuracy and chance
    assert_eq!(moments, [(Some(6), Some(1.0)); 12]);
    for layer in ["pool4", "fc1"] {
        let of = |role: &str| condition.join(format!("paper/{role}/{layer}.csv"));
        let (before, after) = (of("initial"), of("best_validation"));
        let text = fs::read_to_string(&after).unwrap();
        let mut lines = text.lines().skip(1);
        assert!(lines.all(|line| line.starts_with("6,1,")), "{text}");
        assert!(curves(&before) != curves(&after), "{layer}");
    }
}

/// What the paper's choices add is the difference of the two means over runs.
fn differences_are_those_of_the_means(
    rows: &[ResultRow],
    paper: &[&ResultRow],
    clean: &[&ResultRow],
) {
    let differences = rows
        .iter()
        .filter(|row| row.metric == "protocol_difference");
    let mut seen = 0;
    for row in differences {
        assert_eq!(row.protocol, "paper/1 minus clean/4");
        let side = |of: &[&ResultRow]| {
            let mut same = of.iter().filter(|other| {
                (&other.target, &other.layer, &other.feature)
                    == (&row.target, &row.layer, &row.feature)
                    && (other.step == Some(0)) == (row.step == Some(0))
                    && matches!(&*other.split_kind, "" | "held_out_values")
            });
            same.next().map(|row| row.value).unwrap()
        };
        let expected = side(paper) - side(clean);
        assert!((row.value - expected).abs() < 1e-12, "{row:?}");
        seen += 1;
    }
    // 2 targets x 2 layers x 3 features, before and after
    assert_eq!(seen, 24);
}

#[test]
fn threads_and_kills_leave_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &SETTINGS, &["--threads", "1", "--out", "one"]);
    run(dir.path(), &SETTINGS, &["--threads", "2", "--out", "two"]);
    let whole = results(&dir.path().join("one"));
    assert!(
        whole
            .keys()
            .any(|name| name.ends_with("paper/initial/pool4.csv"))
    );
    assert_same(&whole, &results(&dir.path().join("two")));

    let curves = dir
        .path()
        .join("killed/conditions/trifeature-shape-cnn4-split0-seed0/paper/initial/pool4.csv");
    let mut child = Process::new(assert_cmd::cargo::cargo_bin("layerprobe"))
        .args(arguments(&SETTINGS))
        .args(["--quiet", "--out", "killed"])
        .current_dir(dir.path())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // the proof comes last
    let proof = curves.with_extension("json");
    while !proof.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(proof.exists());
    let results_now = dir.path().join("killed/results.csv");
    assert!(
        !results_now.exists(),
        "the kill came too late to test anything"
    );
    let kept = fs::metadata(&curves).unwrap().modified().unwrap();
    run(dir.path(), &SETTINGS, &["--out", "killed"]);
    assert_eq!(fs::metadata(&curves).unwrap().modified().unwrap(), kept);
    assert_same(&whole, &results(&dir.path().join("killed")));
}

#[test]
fn a_torn_file_of_curves_is_named_and_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [
        &SETTINGS[..5],
        &["split.versions=[0]", "training.targets=['shape']"],
    ]
    .concat();
    run(dir.path(), &settings, &["--out", "run"]);
    let name = "run/conditions/trifeature-shape-cnn4-split0-seed0/paper/initial/fc1.csv";
    let path = dir.path().join(name);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    layerprobe(dir.path())
        .args(arguments(&settings))
        .args(["--out", "run"])
        .assert()
        .success()
        .stderr(contains(
            "paper/initial/fc1.csv is not what was written there",
        ))
        .stderr(contains("fc1.csv.damaged"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn nonlinear_probes_are_rows_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [
        "probes.nonlinear_seeds=2",
        "probes.layers=['fc1']",
        "training.targets=['shape']",
    ];
    run(dir.path(), &settings, &["--out", "run"]);
    let rows = read_results(dir.path().join("run/results.csv")).unwrap();
    let found: Vec<&ResultRow> = rows.iter().filter(|row| row.probe == "mlp64").collect();
    // step 0 and the last, 3 features: two seeds and their mean
    assert_eq!(found.len(), 2 * 3 * 3);
    for seeds in found.chunks(3) {
        assert!(
            seeds
                .iter()
                .all(|row| (&*row.metric, &*row.status) == ("accuracy", "fixed_budget"))
        );
        let repeats: Vec<Option<u64>> = seeds.iter().map(|row| row.repeat).collect();
        assert_eq!(repeats, [Some(0), Some(1), None]);
        let [one, two, mean] = [seeds[0], seeds[1], seeds[2]];
        assert!((mean.value - (one.value + two.value) / 2.0).abs() < 1e-12);
        assert_eq!(mean.interval_kind, "seeds");
        let range = (mean.lower.unwrap(), mean.upper.unwrap());
        assert_eq!(range, (one.value.min(two.value), one.value.max(two.value)));
    }
}
