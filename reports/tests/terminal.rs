//! The short table in the terminal.
#![allow(clippy::unwrap_used)]

mod synthetic;

use layerprobe_reports::{HeatMap, HeatMapName, heat_map_table, terminal_table};
use synthetic::{Plan, names};

#[test]
fn the_table_of_a_quick_run() {
    insta::assert_snapshot!(terminal_table(&Plan::default().input(), 80), @r"
    Decodability (held-out accuracy of a linear probe)
    1 run for each target: it shows, but proves nothing

                                            -- trained on --
    feature  layer   untrained     shape   texture     color    chance
    shape    pool1       0.80      0.99      0.72      0.72      0.14
             pool2       0.79      0.97      0.60      0.60      0.14
             pool3       0.76      0.99      0.53      0.52      0.14
             pool4       0.76      1.00      0.42      0.41      0.14
             fc1         0.73      0.98      0.34      0.34      0.14
    texture  pool1       0.58      0.52      1.00      0.53      0.14
             pool2       0.53      0.40      0.98      0.40      0.14
             pool3       0.46      0.32      1.00      0.32      0.14
             pool4       0.41      0.22      0.99      0.23      0.14
             fc1         0.34      0.17      1.00      0.17      0.14
    color    pool1       1.00      0.89      0.90      0.98      0.14
             pool2       1.00      0.76      0.77      0.97      0.14
             pool3       0.98      0.66      0.67      0.98      0.14
             pool4       0.99      0.56      0.55      0.96      0.14
             fc1         0.97      0.44      0.44      0.98      0.14
    ");
}

#[test]
fn the_table_of_several_runs_says_how_many_and_marks_probes() {
    let plan = Plan {
        splits: 3,
        layers: names(["pool4", "fc1"]),
        features: names(["shape", "texture"]),
        targets: names(["shape"]),
        steps: vec![0, 540],
        unconverged: 11,
        ..Plan::default()
    };
    insta::assert_snapshot!(terminal_table(&plan.input(), 80), @r"
    Decodability (held-out accuracy of a linear probe)
    mean of 3 runs for each target

                              -- trained on --
    feature  layer   untrained     shape    chance
    shape    pool4       0.74*     0.96      0.14
             fc1         0.70      0.95      0.14
    texture  pool4       0.43*     0.31      0.14
             fc1         0.28      0.15      0.14
    * 2 of 24 probes did not converge
    ");
}

#[test]
fn many_layers_leave_the_last_one() {
    let plan = Plan {
        layers: (0..40).map(|k| format!("layer{k}")).collect(),
        ..Plan::default()
    };
    let text = terminal_table(&plan.input(), 80);
    assert!(
        text.contains("layer39") && !text.contains("layer38"),
        "{text}"
    );
    assert!(
        text.contains("(40 layers measured; the last one is shown)"),
        "{text}"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let plan = Plan {
        layers: (0..4)
            .map(|k| format!("a.very.long.name.of.a.layer.{k}.output.of.it"))
            .collect(),
        targets: (0..9).map(|k| format!("target{k}")).collect(),
        features: names(["a-feature-with-quite-a-long-name", "shape", "b\u{1b}[31m"]),
        ..Plan::default()
    };
    for width in [72, 80, 132] {
        let text = terminal_table(&plan.input(), width);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        for target in &plan.targets {
            assert!(text.contains(target.as_str()), "{target}");
        }
        assert!(!text.contains('\u{1b}'));
    }
}

#[test]
fn layers_of_one_network_are_listed_in_pairs() {
    let name = |layer: &str| HeatMapName {
        group: "net".to_owned(),
        name: layer.to_owned(),
    };
    let names = vec![name("fc1"), name("net")];
    let map = HeatMap {
        rows: names.clone(),
        columns: names,
        values: vec![vec![Some(1.0), Some(0.3)], vec![Some(0.3), Some(1.0)]],
        ..HeatMap::default()
    };
    assert_eq!(heat_map_table(&map, 80), "net, fc1 and net: 0.30\n");
}
