use super::*;
use crate::{ReportInput, ResultRow};

fn row(condition: &str, split: u32, step: u64, role: &str, value: f64) -> ResultRow {
    ResultRow {
        condition: condition.into(),
        dataset: "trifeature".into(),
        target: "shape".into(),
        split: Some(split),
        init_seed: Some(0),
        step: Some(step),
        checkpoint_role: role.into(),
        layer: "fc1".into(),
        feature: "color".into(),
        probe: "linear".into(),
        metric: "accuracy".into(),
        status: "converged".into(),
        value,
        ..ResultRow::default()
    }
}

fn family(rows: Vec<ResultRow>) -> Family {
    let input = ReportInput {
        rows,
        ..ReportInput::default()
    };
    let mut families = gather(&input).families;
    assert_eq!(families.len(), 1);
    families.remove(0)
}

#[test]
fn an_untrained_network_that_targets_share_counts_once() {
    let of_texture = ResultRow {
        target: "texture".into(),
        ..row("b", 0, 0, "initial", 0.9)
    };
    let family = family(vec![row("a", 0, 0, "initial", 0.9), of_texture]);
    assert_eq!(family.untrained("fc1", "color").unwrap().n, 1);
    assert_eq!(family.targets, ["shape", "texture"]);
}

#[test]
fn untrained_networks_from_weights_of_their_own_count_each() {
    let own = |condition: &str, target: &str, values: [f64; 2]| {
        let [first, last] = values;
        let at = |layer: &str, value: f64| ResultRow {
            target: target.into(),
            layer: layer.into(),
            ..row(condition, 0, 0, "initial", value)
        };
        [at("pool1", first), at("fc1", last)]
    };
    // at pool1 they agree by chance
    let rows = [
        own("a", "shape", [1.0, 0.9]),
        own("b", "texture", [1.0, 0.7]),
    ];
    let family = family(rows.concat());
    for (layer, mean) in [("pool1", 1.0), ("fc1", 0.8)] {
        let untrained = family.untrained(layer, "color").unwrap();
        assert_eq!(untrained.n, 2, "{layer}");
        assert!((untrained.mean - mean).abs() < 1e-12, "{layer}");
    }
}

#[test]
fn initial_weights_are_runs_of_their_own_within_one_hold_out() {
    let reseeded = ResultRow {
        init_seed: Some(1),
        ..row("c", 0, 0, "initial", 0.7)
    };
    let mut rows = vec![row("a", 0, 0, "initial", 0.9), reseeded];
    let estimate = |rows: &[ResultRow]| {
        let family = family(rows.to_vec());
        family.untrained("fc1", "color").unwrap()
    };
    let of_one = estimate(&rows);
    assert_eq!(of_one.n, 2);
    assert!((of_one.mean - 0.8).abs() < 1e-12);
    // beside another hold-out they count together
    rows.push(row("b", 1, 0, "initial", 0.6));
    let of_two = estimate(&rows);
    assert_eq!(of_two.n, 2);
    assert!((of_two.mean - 0.7).abs() < 1e-12);
}

#[test]
fn changes_are_paired_within_a_condition() {
    // both runs lose 0.2, from starts that lie far apart
    let rows = vec![
        row("a", 0, 0, "initial", 0.9),
        row("a", 0, 540, "last", 0.7),
        row("b", 1, 0, "initial", 0.5),
        row("b", 1, 540, "last", 0.3),
    ];
    let change = family(rows).change("shape", "fc1", "color").unwrap();
    let (lower, upper, _) = change.interval.unwrap();
    assert!((change.mean + 0.2).abs() < 1e-12);
    assert!(upper - lower < 1e-12, "{lower} to {upper}");
}

#[test]
fn the_best_on_validation_stays_out_of_curves() {
    let rows = vec![
        row("a", 0, 0, "initial", 0.9),
        row("a", 0, 100, "best_validation", 0.1),
        row("a", 0, 540, "last", 0.7),
    ];
    let family = family(rows);
    let steps: Vec<f64> = family
        .curve("shape", "fc1", "color")
        .iter()
        .map(|point| point.step)
        .collect();
    assert_eq!(steps, [0.0, 540.0]);
    assert_eq!(family.trained("shape", "fc1", "color").unwrap().mean, 0.7);
}

#[test]
fn without_a_last_checkpoint_the_best_on_validation_is_the_trained_network() {
    let rows = vec![
        row("a", 0, 0, "initial", 0.9),
        row("a", 0, 100, "best_validation", 0.4),
    ];
    let estimate = family(rows).trained("shape", "fc1", "color").unwrap();
    assert_eq!(estimate.mean, 0.4);
}

#[test]
fn schedules_of_equal_length_are_matched_at_their_mean_step() {
    let rows = vec![
        row("a", 0, 0, "initial", 0.9),
        row("a", 0, 400, "last", 0.7),
        row("b", 1, 0, "initial", 0.9),
        row("b", 1, 390, "last", 0.5),
    ];
    let curve = family(rows).curve("shape", "fc1", "color");
    assert_eq!(curve.len(), 2);
    assert_eq!((curve[1].step, curve[1].estimate.n), (395.0, 2));
}

#[test]
fn schedules_of_other_lengths_are_matched_by_step() {
    let rows = vec![
        row("a", 0, 0, "initial", 0.9),
        row("a", 0, 400, "last", 0.7),
        row("b", 1, 0, "initial", 0.9),
        row("b", 1, 100, "scheduled", 0.8),
        row("b", 1, 400, "last", 0.5),
    ];
    let curve = family(rows).curve("shape", "fc1", "color");
    let counts: Vec<(f64, usize)> = curve.iter().map(|p| (p.step, p.estimate.n)).collect();
    assert_eq!(counts, [(0.0, 2), (100.0, 1), (400.0, 2)]);
}

#[test]
fn rows_of_other_protocols_are_not_averaged() {
    let other = ResultRow {
        split_kind: "seen_values".into(),
        ..row("a", 0, 0, "initial", 0.5)
    };
    let input = ReportInput {
        rows: vec![row("a", 0, 0, "initial", 0.9), other],
        ..ReportInput::default()
    };
    let families = gather(&input).families;
    let means: Vec<f64> = families
        .iter()
        .map(|f| f.untrained("fc1", "color").unwrap().mean)
        .collect();
    assert_eq!(means, [0.9, 0.5]);
    assert_eq!(families[0].label, "tested on not given");
    assert_eq!(families[1].label, "tested on seen_values");
}

#[test]
fn upper_bounds_are_called_so_even_alone() {
    let bound = ResultRow {
        protocol: "paper/1".into(),
        selected_by: "tested_stimuli".into(),
        status: "fixed_budget".into(),
        ..row("a", 0, 0, "initial", 0.9)
    };
    assert_eq!(
        family(vec![bound.clone()]).label,
        "upper bounds, chosen on the tested stimuli"
    );
    let input = ReportInput {
        rows: vec![row("a", 0, 0, "initial", 0.9), bound],
        ..ReportInput::default()
    };
    let labels: Vec<String> = gather(&input)
        .families
        .into_iter()
        .map(|f| f.label)
        .collect();
    assert_eq!(
        labels,
        [
            "protocol not given, chosen by not given",
            "protocol paper/1; upper bounds, chosen on the tested stimuli"
        ]
    );
}

#[test]
fn rows_of_chance_come_before_what_the_input_says() {
    let of = |variant: &str, chance: f64| {
        let accuracy = ResultRow {
            variant: variant.into(),
            ..row("a", 0, 0, "fc1", 0.9)
        };
        let chance = ResultRow {
            metric: "chance".into(),
            layer: String::new(),
            value: chance,
            ..accuracy.clone()
        };
        [accuracy, chance]
    };
    // a sweep over how many values are held out
    let input = ReportInput {
        rows: [of("one", 1.0 / 9.0), of("eight", 0.5)].concat(),
        chance: [("color".to_owned(), 0.4), ("shape".to_owned(), 0.25)].into(),
        ..ReportInput::default()
    };
    let evidence = gather(&input);
    assert_eq!(evidence.families.len(), 2);
    let chance = |variant: &str, feature: &str| {
        let mut families = evidence.families.iter();
        let family = families.find(|f| f.common.variant == variant).unwrap();
        evidence.chances.of_feature(family, feature)
    };
    assert_eq!(chance("one", "color"), Some(1.0 / 9.0));
    assert_eq!(chance("eight", "color"), Some(0.5));
    assert_eq!(chance("one", "shape"), Some(0.25));
    assert_eq!(chance("one", "texture"), None);
}

#[test]
fn only_probes_without_proof_are_marked() {
    let status = |status: &str| ResultRow {
        status: status.into(),
        ..row("a", 0, 0, "initial", 0.9)
    };
    for (name, marked) in [
        ("converged", false),
        ("fixed_budget", false),
        ("max_iterations", true),
        ("separable", true),
    ] {
        let estimate = family(vec![status(name)])
            .untrained("fc1", "color")
            .unwrap();
        assert_eq!(estimate.is_marked(), marked, "{name}");
    }
}

/// Three runs whose change is `change` on a split, give or take a little.
fn runs_of(split_kind: &str, change: f64) -> Vec<ResultRow> {
    let runs = 0..3u32;
    runs.flat_map(|split| {
        let own = 0.01 * f64::from(split);
        let condition = format!("run {split}");
        [(0, "initial", 0.5), (540, "last", 0.5 + change + own)].map(|(step, role, value)| {
            ResultRow {
                split_kind: split_kind.into(),
                ..row(&condition, split, step, role, value)
            }
        })
    })
    .collect()
}

fn disputed(rows: Vec<ResultRow>) -> Vec<Dispute> {
    let input = ReportInput {
        rows,
        ..ReportInput::default()
    };
    disputes(&gather(&input).families)
}

#[test]
fn verdicts_that_flip_or_vanish_with_the_test_stimuli_are_told() {
    let held_out = runs_of("held_out_values", -0.2);
    let with = |other: Vec<ResultRow>| disputed([held_out.clone(), other].concat());
    assert_eq!(with(runs_of("seen_values", -0.1)), []);
    let lost = with(runs_of("seen_values", -0.01));
    assert_eq!(lost.len(), 1);
    assert!(!lost[0].is_opposite());
    let sides: Vec<(&str, i8)> = lost[0]
        .sides
        .iter()
        .map(|(label, change)| (label.as_str(), change.verdict()))
        .collect();
    assert_eq!(
        sides,
        [
            ("tested on held_out_values", -1),
            ("tested on seen_values", 0)
        ]
    );
    assert!(with(runs_of("seen_values", 0.1))[0].is_opposite());
    // what a probe has memorized says nothing of suppression
    assert_eq!(with(runs_of("instance", 0.1)), []);
}

#[test]
fn verdicts_that_flip_with_the_scaling_are_told() {
    let channel = runs_of("held_out_values", 0.1)
        .into_iter()
        .map(|row| ResultRow {
            protocol: "clean/1 scaling=channel".into(),
            ..row
        });
    let rows = [runs_of("held_out_values", -0.2), channel.collect()].concat();
    let found = disputed(rows.clone());
    assert_eq!(found.len(), 1);
    assert!(found[0].is_opposite());
    // as a sweep over scalings names them, beside what else it varies
    let variant = |row: &ResultRow, rest: &str| ResultRow {
        variant: match row.protocol.contains("channel") {
            true => format!("probes.scaling=channel; training.epochs={rest}"),
            false => "probes.scaling=standard; training.epochs=5".to_owned(),
        },
        ..row.clone()
    };
    let swept = |rest| disputed(rows.iter().map(|row| variant(row, rest)).collect());
    assert_eq!(swept("5").len(), 1);
    assert_eq!(swept("10"), []);
    // other networks are another question, not another answer
    let elsewhere = rows.into_iter().map(|row| ResultRow {
        arch: row.protocol.clone(),
        ..row
    });
    assert_eq!(disputed(elsewhere.collect()), []);
}

#[test]
fn one_run_gives_no_verdict_and_so_no_dispute() {
    let one = |split_kind, change| runs_of(split_kind, change)[..2].to_vec();
    let rows = [one("held_out_values", -0.2), one("seen_values", 0.2)].concat();
    assert_eq!(disputed(rows), []);
}

#[test]
fn verdicts_that_differ_between_protocols_are_told() {
    let clean = runs_of("held_out_values", -0.2);
    let bound = runs_of("held_out_values", 0.1)
        .into_iter()
        .map(|row| ResultRow {
            protocol: "paper/1".into(),
            selected_by: "tested_stimuli".into(),
            ..row
        });
    let found = disputed(clean.into_iter().chain(bound).collect());
    assert_eq!(found.len(), 1);
    assert!(found[0].is_opposite());
}
