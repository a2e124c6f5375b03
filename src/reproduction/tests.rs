//! Every part of every claim, decided by made-up rows: its outcome turns when
//! they do.

mod handed_on;

use layerprobe_reports::ResultRow;
use layerprobe_reports::claims::{
    Claim, Claims, Moment, Outcome, Pairing, Part, Quantity, Relation, TRAINING_ACCURACY,
    UNTRAINED, VALIDATION_ACCURACY, Verdict,
};

use super::{STUDIES, Scale, Study};

const RUNS: u32 = 5;
/// What a second side is in all runs.
const BASE: f64 = 0.4;

/// The row that a side of a quantity is measured at in a run, no metric yet. Of
/// two networks in one run, the second is a `twin`.
fn at(side: &Quantity, run: u32, twin: &str) -> ResultRow {
    let (step, role) = match side.moment() {
        Moment::Initial => (0, "initial"),
        Moment::Highest => (5, "scheduled"),
        Moment::BestValidation => (7, "best_validation"),
        Moment::Last => (9, "last"),
    };
    let target = match side.target.as_deref() {
        Some(UNTRAINED) | None => "any",
        Some(target) => target,
    };
    let experiment = side.experiment.as_deref().unwrap();
    let p = side.predictivity.map(|p| p.to_string()).unwrap_or_default();
    ResultRow {
        condition: format!("{experiment}/{target}{p}-{run}{twin}"),
        target: target.to_owned(),
        predictivity: side.predictivity,
        split: Some(run),
        seed: Some(0),
        step: Some(step),
        checkpoint_role: role.to_owned(),
        layer: side.layer.clone().unwrap_or_else(|| "fc1".to_owned()),
        view: "full".to_owned(),
        ..ResultRow::default()
    }
}

/// The network behind a row, which has learned its target.
fn network(row: &ResultRow) -> [ResultRow; 2] {
    [VALIDATION_ACCURACY, TRAINING_ACCURACY].map(|metric| ResultRow {
        metric: metric.to_owned(),
        probe: "none".to_owned(),
        value: 1.0,
        ..row.clone()
    })
}

/// Rows that give a quantity these values, run by run or pair by pair.
fn measured(quantity: &Quantity, runs: u32, value: impl Fn(u32, u32) -> f64) -> Vec<ResultRow> {
    let number = |row: ResultRow, value: f64| ResultRow {
        metric: quantity.metric_name().to_owned(),
        probe: quantity.probe_name().to_owned(),
        protocol: quantity.protocol.clone().unwrap_or_default(),
        feature: quantity.feature.clone().unwrap_or_default(),
        value,
        ..row
    };
    let mut rows = Vec::new();
    let Some(other) = quantity.other_side() else {
        for run in 0..runs {
            let row = at(quantity, run, "");
            rows.extend(network(&row));
            rows.push(number(row, value(run, run)));
        }
        return rows;
    };
    let same_run = quantity.pairing == Some(Pairing::SameRun);
    let alike = at(quantity, 0, "") == at(&other, 0, "");
    for (i, j) in (0..runs).flat_map(|i| (0..runs).map(move |j| (i, j))) {
        if (i == j) != same_run || (alike && i > j) {
            continue;
        }
        let twin = if same_run { "b" } else { "" };
        let (first, second) = (at(quantity, i, ""), at(&other, j, twin));
        rows.extend(network(&first).into_iter().chain(network(&second)));
        let row = ResultRow {
            condition_b: second.condition,
            step_b: second.step,
            layer_b: second.layer,
            ..first
        };
        rows.push(number(row, value(i, j)));
    }
    rows
}

/// Rows in which a part's first side is `apart` above its second, and runs differ
/// by `spread`.
fn rows(part: &Part, apart: f64, spread: f64) -> Vec<ResultRow> {
    let runs = if part.exact { 1 } else { RUNS };
    let second = if part.over.is_some() {
        BASE
    } else {
        part.value
    };
    let off = |run: u32| spread * (f64::from(run % 2) - 0.4);
    let mut rows = measured(&part.of, runs, |i, j| {
        second + apart + 0.5 * (off(i) + off(j))
    });
    if let Some(over) = &part.over {
        rows.extend(measured(over, runs, |_, _| BASE));
    }
    rows
}

fn decided(claims: &Claims, claim: &Claim, part: &Part, rows: &[ResultRow]) -> (Verdict, Outcome) {
    let mut alone = claims.clone();
    alone.claims = vec![Claim {
        parts: vec![part.clone()],
        ..claim.clone()
    }];
    let answer = alone.decide(rows).remove(0);
    (answer.verdict, answer.parts[0].outcome.clone())
}

#[test]
fn every_part_of_every_claim_turns_with_its_evidence() {
    for scale in [Scale::Quick, Scale::Paper] {
        let study = Study::named(STUDIES[0], scale).unwrap();
        let claims = &study.claims;
        for claim in &claims.claims {
            for part in &claim.parts {
                let name = format!("{} {}: {}", scale.name(), claim.id, part.says);
                let verdict = |apart, spread| {
                    let rows = rows(part, apart, spread);
                    decided(claims, claim, part, &rows)
                };
                let (holds, fails) = match part.is {
                    Relation::Above => (part.by + 0.1, part.by - 0.1),
                    Relation::Below => (-part.by - 0.1, -part.by + 0.1),
                    Relation::Equal => (0.0, part.margin + 0.1),
                };
                let sure = 0.002;
                assert_eq!(verdict(holds, sure).0, Verdict::Reproduced, "{name}");
                assert_eq!(verdict(fails, sure).0, Verdict::NotReproduced, "{name}");
                assert_eq!(
                    decided(claims, claim, part, &[]).0,
                    Verdict::NotRun,
                    "{name}"
                );
                if part.exact {
                    continue;
                }
                let between = match part.is {
                    Relation::Above => part.by,
                    Relation::Below => -part.by,
                    Relation::Equal => part.margin,
                };
                assert_eq!(verdict(between, 1.0).0, Verdict::CannotTell, "{name}");
                // networks that learned nothing, where trained ones take part
                let mut unlearned = rows(part, holds, sure);
                for row in &mut unlearned {
                    if matches!(&*row.metric, VALIDATION_ACCURACY | TRAINING_ACCURACY) {
                        row.value = 0.0;
                    }
                }
                let sides = [Some(&part.of), part.over.as_ref()].into_iter().flatten();
                let trained = sides
                    .flat_map(|side| [Some(side.clone()), side.other_side()])
                    .flatten()
                    .any(|side| side.moment() != Moment::Initial);
                let wanted = match trained {
                    true => Verdict::CannotTell,
                    false => Verdict::Reproduced,
                };
                assert_eq!(decided(claims, claim, part, &unlearned).0, wanted, "{name}");
            }
        }
    }
}

#[test]
fn what_is_at_the_ceiling_before_training_decides_nothing() {
    let study = Study::named(STUDIES[0], Scale::Quick).unwrap();
    let mut seen = 0;
    for claim in &study.claims.claims {
        for part in claim.parts.iter().filter(|part| part.unless_ceiling) {
            let mut full = rows(part, 0.1, 0.002);
            for row in &mut full {
                row.value = row.value.max(0.99);
            }
            let (verdict, outcome) = decided(&study.claims, claim, part, &full);
            assert_eq!(
                (verdict, outcome),
                (Verdict::CannotTell, Outcome::AtCeiling),
                "{}",
                claim.id
            );
            seen += 1;
        }
    }
    assert!(seen > 10);
}

#[test]
fn what_a_part_measures_tells_its_two_sides_apart() {
    for scale in [Scale::Quick, Scale::Paper] {
        let study = Study::named(STUDIES[0], scale).unwrap();
        for answer in study.claims.decide(&[]) {
            for part in answer.parts {
                let (of, over) = part.measured.split_once(" minus ").unwrap();
                assert_ne!(of, over, "{}: {}", answer.id, part.says);
            }
        }
    }
}
