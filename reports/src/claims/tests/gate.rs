//! Which networks decide, and what is said of those that do not.

use super::*;

#[test]
fn a_network_that_learned_nothing_decides_nothing() {
    let claims = claims(SUPPRESSED);
    let mut rows = texture(0.6, 0.3);
    let good = (0..3).map(|split| validation("shape", split, 0.9));
    rows.extend(good);
    assert_eq!(verdict(&claims, &rows), Verdict::Reproduced);
    rows.last_mut().unwrap().value = 0.2;
    // two are left, which are too few
    let answer = &decide(&claims, &rows)[0];
    assert_eq!(answer.verdict, Verdict::CannotTell);
    assert!(answer.parts[0].notes[0].contains("did not learn"));
    rows.iter_mut()
        .filter(|row| row.metric == VALIDATION_ACCURACY)
        .for_each(|row| row.value = 0.2);
    let answer = &decide(&claims, &rows)[0];
    assert!(
        answer.parts[0]
            .outcome
            .because()
            .unwrap()
            .contains("none of 3 networks")
    );
}

#[test]
fn a_network_whose_accuracy_is_not_known_decides_nothing() {
    let of = claims(SUPPRESSED);
    let mut rows = texture(0.6, 0.3);
    // one of three is not told of: the others do not decide without it
    rows.extend((0..2).map(|split| validation("shape", split, 0.9)));
    let answer = &of.decide(&rows)[0];
    assert_eq!(answer.verdict, Verdict::NotRun);
    let part = &answer.parts[0];
    let why = part.outcome.because().unwrap();
    assert_eq!(
        why,
        "whether 1 network learned their target is not known; run first again"
    );
    assert_eq!((part.estimate, part.without_gate), (None, None));
    rows.push(validation("shape", 2, 0.9));
    assert_eq!(of.decide(&rows)[0].verdict, Verdict::Reproduced);
    // its accuracy on what it was trained on is another
    let trained = SUPPRESSED.replace("is =", "learned_on = \"training\"\nis =");
    assert_eq!(claims(&trained).decide(&rows)[0].verdict, Verdict::NotRun);
    // before training there is nothing to know
    let before = SUPPRESSED.replace("over = { at = \"initial\" }", "value = 0.9");
    let before = before.replace("target = \"shape\"", "target = \"untrained\"");
    let answer = &claims(&before).decide(&texture(0.6, 0.3))[0];
    assert_eq!(answer.verdict, Verdict::Reproduced);
}

#[test]
fn decoders_of_the_best_checkpoint_count_by_its_accuracy() {
    let of = claims(SUPPRESSED);
    let bounds = texture(0.6, 0.3).into_iter().map(|row| ResultRow {
        selected_by: "tested_stimuli".into(),
        checkpoint_role: match row.step {
            Some(0) => "initial".into(),
            _ => "best_validation".into(),
        },
        ..row
    });
    let mut rows: Vec<ResultRow> = texture(0.6, 0.3).into_iter().chain(bounds).collect();
    rows.extend((0..3).map(|split| validation("shape", split, 0.4)));
    let verdicts = |rows: &[ResultRow]| {
        let answer = of.decide(rows).remove(0);
        (answer.verdict, answer.verdict_by_upper_bounds)
    };
    let open = Verdict::CannotTell;
    // what is not known of the best checkpoint is told by the last
    assert_eq!(verdicts(&rows), (open, Some(open)));
    rows.extend((0..3).map(|split| ResultRow {
        checkpoint_role: "best_validation".into(),
        step: Some(5),
        ..validation("shape", split, 0.6)
    }));
    assert_eq!(verdicts(&rows), (open, Some(Verdict::Reproduced)));
    // a last checkpoint that knows more makes the best no better
    for row in &mut rows {
        if row.metric == VALIDATION_ACCURACY {
            row.value = 1.0 - row.value;
        }
    }
    assert_eq!(verdicts(&rows), (Verdict::Reproduced, Some(open)));
}

const WITH_PLAIN: &str = r#"
    [[claim.part]]
    says = "like plain shape networks"
    of = { experiment = "first", target = "shape", layer = "fc1", with = { experiment = "plain", target = "shape" } }
    value = 0.5
    is = "above"
"#;

/// Three shape networks of one run beside three of another.
fn between_runs() -> Vec<ResultRow> {
    let pairs = (0..3u32).flat_map(|i| (0..3).map(move |j| (i, j)));
    let of = |(i, j): (u32, u32)| ResultRow {
        condition_b: format!("plain/shape-{j}"),
        ..pair(("shape", i, 9), ("shape", j, 9), 0.9)
    };
    pairs.filter(|(i, j)| i != j).map(of).collect()
}

#[test]
fn second_sides_are_what_their_own_rows_say() {
    let of = claims(WITH_PLAIN);
    let pairs = between_runs();
    // nothing tells what stands on the second side, least of all the first
    let answer = &decide(&of, &pairs)[0];
    assert_eq!(answer.verdict, Verdict::NotRun, "{answer:?}");
    let plain = |target: &str| -> Vec<ResultRow> {
        let of = |split| ResultRow {
            condition: format!("plain/shape-{split}"),
            ..validation(target, split, 0.9)
        };
        (0..3).map(of).collect()
    };
    let rows = [pairs.clone(), plain("shape")].concat();
    assert_eq!(verdict(&of, &rows), Verdict::Reproduced);
    let rows = [pairs, plain("texture")].concat();
    assert_eq!(verdict(&of, &rows), Verdict::NotRun);
}

#[test]
fn what_is_computed_has_nothing_to_learn() {
    let of = claims(
        r#"
        [[claim.part]]
        says = "correlated at -.8"
        of = { experiment = "first", target = "xor", layer = "hidden", with = { target = "xor" }, pairing = "same_run" }
        value = -0.8
        is = "equal"
        margin = 0.01
        exact = true
        "#,
    );
    let computed = ResultRow {
        condition: "first/xor: AND, OR".into(),
        condition_b: "first/xor: each alone".into(),
        target: "xor".into(),
        split: None,
        seed: None,
        step: None,
        step_b: None,
        layer: "hidden".into(),
        layer_b: "hidden".into(),
        ..pair(("xor", 0, 0), ("xor", 0, 0), -0.795)
    };
    assert_eq!(of.decide(&[computed])[0].verdict, Verdict::Reproduced);
}

#[test]
fn networks_left_out_are_counted_once_and_shown_beside() {
    let of = claims(
        r#"
        [[claim.part]]
        says = "shape with shape over shape with color"
        of = { experiment = "first", target = "shape", layer = "fc1", with = { target = "shape" } }
        over = { with = { target = "color" } }
        is = "above"
        "#,
    );
    let mut rows = Vec::new();
    for i in 0..4 {
        for j in 0..4 {
            if i < j {
                rows.push(pair(("shape", i, 9), ("shape", j, 9), 0.7));
            }
            rows.push(pair(("shape", i, 9), ("color", j, 9), 0.2));
        }
        rows.push(validation("color", i, 0.9));
        rows.push(validation("shape", i, if i == 0 { 0.2 } else { 0.9 }));
    }
    let part = of.decide(&rows)[0].parts[0].clone();
    assert_eq!(part.outcome, Outcome::Holds);
    assert_eq!(
        part.notes,
        ["6 rows left out, of 1 network that did not learn their target to 0.5"]
    );
    let (gated, all) = (part.estimate.unwrap(), part.without_gate.unwrap());
    assert_eq!((gated.runs, all.runs), (3, 4));
    let json = serde_json::to_value(&part).unwrap();
    assert_eq!(json["without_gate"]["runs"], 4);
    // none learned: networks are counted, not pairs, and all are still shown
    for row in &mut rows {
        if row.metric == VALIDATION_ACCURACY && row.target == "shape" {
            row.value = 0.2;
        }
    }
    let part = of.decide(&rows)[0].parts[0].clone();
    assert_eq!(
        part.outcome.because().unwrap(),
        "no pair is left without 4 networks that did not learn their target to 0.5"
    );
    assert_eq!((part.estimate, part.without_gate), (None, Some(all)));
    let answers = of.decide(&rows);
    let dir = tempfile::tempdir().unwrap();
    let index = write_claims_page(&ClaimsPage::default(), &answers, dir.path()).unwrap();
    let html = std::fs::read_to_string(index).unwrap();
    assert!(html.contains("all networks, 4 runs: 0.50"), "{html}");
    // where all learned, there is nothing to show beside
    for row in &mut rows {
        if row.metric == VALIDATION_ACCURACY {
            row.value = 0.9;
        }
    }
    assert_eq!(of.decide(&rows)[0].parts[0].without_gate, None);
}
