//! Each decision turns when its evidence does.

mod gate;
mod margins;
mod varied;

use super::*;
use crate::ResultRow;

fn row(
    experiment: &str,
    target: &str,
    split: u32,
    step: u64,
    feature: &str,
    value: f64,
) -> ResultRow {
    ResultRow {
        condition: format!("{experiment}/{target}-{split}"),
        target: target.into(),
        split: Some(split),
        seed: Some(0),
        step: Some(step),
        checkpoint_role: if step == 0 { "initial" } else { "last" }.into(),
        layer: "fc1".into(),
        feature: feature.into(),
        probe: "linear".into(),
        protocol: "clean/4".into(),
        metric: "accuracy".into(),
        split_kind: "held_out_values".into(),
        selected_by: "accuracy".into(),
        status: "converged".into(),
        value,
        ..ResultRow::default()
    }
}

fn pair(a: (&str, u32, u64), b: (&str, u32, u64), value: f64) -> ResultRow {
    let (target, split, step) = a;
    ResultRow {
        condition_b: format!("first/{}-{}", b.0, b.1),
        step_b: Some(b.2),
        layer_b: "fc1".into(),
        metric: "rsa_pearson".into(),
        probe: "none".into(),
        protocol: "similarity/1".into(),
        selected_by: String::new(),
        feature: String::new(),
        status: String::new(),
        ..row("first", target, split, step, "", value)
    }
}

fn validation(target: &str, split: u32, value: f64) -> ResultRow {
    ResultRow {
        metric: VALIDATION_ACCURACY.into(),
        probe: "none".into(),
        ..row("first", target, split, 9, target, value)
    }
}

fn claims(parts: &str) -> Claims {
    let head = "margin = 0.05\nlearned = 0.5\nceiling = 0.95\nleast_runs = 3\n";
    let claim = "[[claim]]\nid = \"c\"\nsays = \"it\"\nplace = \"there\"\n";
    Claims::parse(&format!("{head}{claim}{parts}")).unwrap()
}

/// Rows with what their networks reach themselves, where it is not among them.
fn known(rows: &[ResultRow]) -> Vec<ResultRow> {
    let mut known = rows.to_vec();
    for row in rows {
        let told = |other: &ResultRow| {
            other.metric == VALIDATION_ACCURACY && other.condition == row.condition
        };
        if !known.iter().any(told) {
            known.push(ResultRow {
                metric: VALIDATION_ACCURACY.into(),
                probe: "none".into(),
                condition_b: String::new(),
                step_b: None,
                layer_b: String::new(),
                value: 1.0,
                ..row.clone()
            });
        }
    }
    known
}

fn decide(claims: &Claims, rows: &[ResultRow]) -> Vec<Answer> {
    claims.decide(&known(rows))
}

fn verdict(claims: &Claims, rows: &[ResultRow]) -> Verdict {
    decide(claims, rows)[0].verdict
}

/// Texture of three shape-trained networks before and after training.
fn texture(before: f64, after: f64) -> Vec<ResultRow> {
    let of = |split: u32| {
        let off = 0.01 * f64::from(split);
        [
            row("first", "shape", split, 0, "texture", before + off),
            row("first", "shape", split, 9, "texture", after + off * 0.5),
        ]
    };
    (0..3).flat_map(of).collect()
}

const SUPPRESSED: &str = r#"
    [[claim.part]]
    says = "texture suppressed"
    of = { experiment = "first", target = "shape", layer = "fc1", feature = "texture" }
    over = { at = "initial" }
    is = "below"
"#;

#[test]
fn suppression_is_trained_minus_its_own_start() {
    let claims = claims(SUPPRESSED);
    assert_eq!(verdict(&claims, &texture(0.6, 0.3)), Verdict::Reproduced);
    assert_eq!(verdict(&claims, &texture(0.3, 0.6)), Verdict::NotReproduced);
    assert_eq!(verdict(&claims, &texture(0.3, 0.3)), Verdict::NotReproduced);
    let answer = &decide(&claims, &texture(0.6, 0.3))[0];
    let estimate = answer.parts[0].estimate.unwrap();
    assert!((estimate.value + 0.305).abs() < 1e-12);
    assert_eq!(estimate.runs, 3);
}

#[test]
fn whole_layers_decide_unless_a_view_is_asked_for() {
    let viewed = |view: &str, rows: Vec<ResultRow>| -> Vec<ResultRow> {
        let of = |row| ResultRow {
            view: view.into(),
            ..row
        };
        rows.into_iter().map(of).collect()
    };
    let (full, few) = (texture(0.6, 0.3), texture(0.3, 0.6));
    let rows = [viewed("full", full), viewed("pca:8", few)].concat();
    assert_eq!(verdict(&claims(SUPPRESSED), &rows), Verdict::Reproduced);
    let of_view = SUPPRESSED.replace("layer =", "view = \"pca:8\", layer =");
    assert_eq!(verdict(&claims(&of_view), &rows), Verdict::NotReproduced);
}

#[test]
fn decoders_chosen_on_the_tested_stimuli_decide_apart() {
    let bounds = |rows: Vec<ResultRow>| -> Vec<ResultRow> {
        let of = |row: ResultRow| ResultRow {
            protocol: "paper/1".into(),
            selected_by: "tested_stimuli".into(),
            checkpoint_role: match row.step {
                Some(0) => "initial".into(),
                _ => "best_validation".into(),
            },
            ..row
        };
        rows.into_iter().map(of).collect()
    };
    let claims = claims(SUPPRESSED);
    let clean = texture(0.6, 0.3);
    let answer = decide(&claims, &clean).remove(0);
    assert_eq!(answer.verdict_by_upper_bounds, None);
    let rows = [clean, bounds(texture(0.6, 0.9))].concat();
    let answer = decide(&claims, &rows).remove(0);
    assert_eq!(answer.verdict, Verdict::Reproduced);
    assert_eq!(answer.verdict_by_upper_bounds, Some(Verdict::NotReproduced));
    assert_eq!(answer.parts_by_upper_bounds, Some(1));
    let bound = answer.parts[0].by_upper_bounds.clone().unwrap();
    assert!((bound.estimate.unwrap().value - 0.295).abs() < 1e-12);
    assert_eq!(bound.outcome, Outcome::Fails);
    // from -.305 to .295, the same in every run but for rounding
    let change = answer.parts[0].upper_bounds_minus_clean.unwrap();
    assert!((change.value - 0.6).abs() < 1e-12 && change.upper - change.lower < 1e-9);
    assert_eq!(change.runs, 3);
    // decoders of one side alone say nothing
    let half = [texture(0.6, 0.3), bounds(texture(0.6, 0.9)[..1].to_vec())].concat();
    let answer = decide(&claims, &half).remove(0);
    assert_eq!(answer.verdict_by_upper_bounds, None);
    let dir = tempfile::tempdir().unwrap();
    let answers = decide(&claims, &rows);
    let index = write_claims_page(&ClaimsPage::default(), &answers, dir.path()).unwrap();
    let html = std::fs::read_to_string(index).unwrap();
    assert!(
        html.contains("chosen on the tested stimuli, as the paper chose its own: not reproduced")
    );
    let told = "By decoders chosen on the tested stimuli, as in the paper: 1 of 1 verdicts change";
    assert!(claims_table(&answers, 80).contains(told));
}

#[test]
fn new_combinations_decide_unless_others_are_asked_for() {
    let tested = |kind: &str, rows: Vec<ResultRow>| -> Vec<ResultRow> {
        let of = |row| ResultRow {
            split_kind: kind.into(),
            ..row
        };
        rows.into_iter().map(of).collect()
    };
    let (falls, rises) = (texture(0.6, 0.3), texture(0.3, 0.9));
    let rows = [
        tested("held_out_values", falls),
        tested("seen_values", rises.clone()),
        tested("instance", rises),
    ]
    .concat();
    assert_eq!(verdict(&claims(SUPPRESSED), &rows), Verdict::Reproduced);
    let seen = SUPPRESSED.replace("layer =", "split_kind = \"seen_values\", layer =");
    assert_eq!(verdict(&claims(&seen), &rows), Verdict::NotReproduced);
}

#[test]
fn at_the_ceiling_nothing_can_rise() {
    let claims = claims(
        r#"
        [[claim.part]]
        says = "target enhanced"
        of = { experiment = "first", target = "shape", layer = "fc1", feature = "texture" }
        over = { at = "initial" }
        is = "above"
        unless_ceiling = true
        "#,
    );
    assert_eq!(verdict(&claims, &texture(0.5, 0.9)), Verdict::Reproduced);
    assert_eq!(verdict(&claims, &texture(0.5, 0.5)), Verdict::NotReproduced);
    let mut full = texture(0.99, 0.99);
    full.iter_mut().for_each(|row| row.value = 0.99);
    let answer = &decide(&claims, &full)[0];
    assert_eq!(answer.parts[0].outcome, Outcome::AtCeiling);
    assert_eq!(answer.verdict, Verdict::CannotTell);
}

#[test]
fn similarities_of_pairs_are_compared_over_their_runs() {
    let claims = claims(
        r#"
        [[claim.part]]
        says = "same task over other tasks"
        of = { experiment = "first", target = "shape", layer = "fc1", with = { target = "shape" } }
        over = { with = { target = "color" } }
        is = "above"
        [[claim.part]]
        says = "trained and untrained over other tasks"
        of = { experiment = "first", target = "shape", layer = "fc1", with = { target = "untrained" } }
        over = { with = { target = "color" } }
        is = "above"
        "#,
    );
    let mut rows = Vec::new();
    for i in 0..4 {
        for j in 0..4 {
            let near = 0.01 * f64::from(i + j);
            if i < j {
                rows.push(pair(("shape", i, 9), ("shape", j, 9), 0.7 + near));
                rows.push(pair(("color", i, 9), ("color", j, 9), 0.9));
            }
            rows.push(pair(("shape", i, 9), ("color", j, 9), 0.2 + near));
            // as it comes, with the sides the other way round
            rows.push(pair(("color", j, 0), ("shape", i, 9), 0.4 + near));
        }
    }
    let answer = &decide(&claims, &rows)[0];
    assert_eq!(answer.verdict, Verdict::Reproduced, "{answer:?}");
    let estimates = answer.parts.iter().map(|part| part.estimate.unwrap());
    for (estimate, wanted) in estimates.zip([0.5, 0.2]) {
        assert!((estimate.value - wanted).abs() < 1e-9, "{estimate:?}");
        assert_eq!(estimate.runs, 4);
    }
    for row in &mut rows {
        if row.condition_b.contains("shape") && row.condition.contains("shape") {
            row.value -= 0.6;
        }
    }
    assert_eq!(verdict(&claims, &rows), Verdict::Partly);
}

#[test]
fn parts_are_made_for_each_change_and_layer() {
    let claims = claims(
        r#"
        [[claim.part]]
        says = "suppressed"
        of = { experiment = "first" }
        over = { at = "initial" }
        is = "below"
        each = [{ target = "shape", feature = "color" }, { target = "color", feature = "shape" }]
        layers = ["pool3", "fc6"]
        "#,
    );
    let parts = &claims.claims[0].parts;
    assert_eq!(parts.len(), 4);
    assert_eq!(parts[1].name(), "suppressed (shape, fc6, color)");
    let over = parts[3].over.as_ref().unwrap();
    assert_eq!(over.target.as_deref(), Some("color"));
    assert_eq!(
        (over.at, over.layer.as_deref()),
        (Some(Moment::Initial), Some("fc6"))
    );
    assert_eq!(claims.experiments().len(), 1);
}

#[test]
fn parts_are_added_to_a_claim_that_there_is() {
    let mut claims = claims(SUPPRESSED);
    let own = claims.claims[0].parts.len();
    let added = |claim: &str| -> AddedParts {
        let text = format!(
            r#"
            claim = "{claim}"
            [[part]]
            says = "another"
            of = {{ experiment = "first", target = "texture", layer = "fc1", feature = "shape" }}
            value = 0.5
            is = "above"
            "#
        );
        toml::from_str(&text).unwrap()
    };
    claims.add(&added("c")).unwrap();
    let parts = &claims.claims[0].parts;
    assert_eq!(parts.len(), own + 1);
    // with what holds for all parts that do not say it
    assert_eq!(
        (parts[own].margin, parts[own].learned),
        (parts[0].margin, parts[0].learned)
    );
    let error = claims.add(&added("d")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("claim `d`: there is no such claim")
    );
}

#[test]
fn mistakes_in_a_list_of_claims_are_told() {
    let head = "margin = 0.05\nlearned = 0.5\nceiling = 0.95\nleast_runs = 3\n";
    let claim = "[[claim]]\nid = \"c\"\nsays = \"it\"\nplace = \"there\"\n";
    let part =
        "[[claim.part]]\nsays = \"so\"\nis = \"above\"\nvalue = 0.0\nof = { experiment = \"e\" }\n";
    let message = |text: String| Claims::parse(&text).unwrap_err().to_string();
    let twice = message(format!("{head}{claim}{part}{claim}{part}"));
    assert!(twice.contains("comes twice"), "{twice}");
    let both = message(format!(
        "{head}{claim}{part}over = {{ at = \"initial\" }}\n"
    ));
    assert!(both.contains("either `over` or `value`"), "{both}");
    let unnamed = part.replace("experiment = \"e\"", "target = \"shape\"");
    assert!(message(format!("{head}{claim}{unnamed}")).contains("name its experiment"));
    let no_number = part.replace("value = 0.0", "value = nan");
    assert!(message(format!("{head}{claim}{no_number}")).contains("NaN is no number"));
    let no_gate = head.replace("learned = 0.5", "learned = nan");
    assert!(message(format!("{no_gate}{claim}{part}")).contains("`learned` is NaN"));
    let unknown = message(format!("{head}{claim}{part}feature = \"color\"\n"));
    assert!(unknown.contains("feature"), "{unknown}");
}

#[test]
fn the_page_and_the_table_show_every_claim() {
    let claims = claims(SUPPRESSED);
    let answers = decide(&claims, &texture(0.6, 0.3));
    let dir = tempfile::tempdir().unwrap();
    let page = ClaimsPage {
        title: "Claims <of> a paper".into(),
        ..ClaimsPage::default()
    };
    let index = write_claims_page(&page, &answers, dir.path()).unwrap();
    let html = std::fs::read_to_string(index).unwrap();
    assert!(html.contains("Claims &#60;of&#62; a paper"));
    assert!(html.contains("reproduced") && html.contains("texture suppressed"));
    assert!(dir.path().join("figures/c.png").exists());
    let table = claims_table(&answers, 80);
    assert!(
        table.starts_with("claim  verdict         decided  says\n"),
        "{table}"
    );
    assert!(table.contains("\nc      reproduced      "), "{table}");
    assert!(table.contains("\n1 claim: 1 reproduced"), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
}

#[test]
fn what_was_amended_is_told() {
    let head = "margin = 0.05\nlearned = 0.5\nceiling = 0.95\nleast_runs = 3\n";
    let all = "amended = \"2026-11-26: all of it\"\n";
    let claim = "[[claim]]\nid = \"c\"\nsays = \"it\"\nplace = \"there\"\n";
    let of_claim = "amended = \"2026-11-27: the gate\"\n";
    let of_part = SUPPRESSED.to_owned() + "amended = \"2026-11-28, since <it> was weak\"\n";
    let text = format!("{head}{all}{claim}{of_claim}{of_part}");
    let amended = Claims::parse(&text).unwrap();
    assert_eq!(amended.amended.as_deref(), Some("2026-11-26: all of it"));
    let answers = decide(&amended, &texture(0.6, 0.3));
    let json = serde_json::to_value(&answers).unwrap();
    assert_eq!(json[0]["amended"], "2026-11-27: the gate");
    let of_it = &json[0]["parts"][0]["amended"];
    assert_eq!(of_it, "2026-11-28, since <it> was weak");
    let dir = tempfile::tempdir().unwrap();
    let page = ClaimsPage {
        amended: amended.amended.clone(),
        ..ClaimsPage::default()
    };
    let index = write_claims_page(&page, &answers, dir.path()).unwrap();
    let html = std::fs::read_to_string(index).unwrap();
    for told in [
        "once results were known: 2026-11-26: all of it",
        "Amended once results were known: 2026-11-27: the gate",
        "amended 2026-11-28, since &#60;it&#62; was weak",
    ] {
        assert!(html.contains(told), "{told}");
    }
    let json = serde_json::to_value(decide(&claims(SUPPRESSED), &[])).unwrap();
    assert_eq!(json[0].get("amended"), None);
    for (from, to) in [
        ("2026-11-26: all", "all"),
        ("2026-11-27: the", "the"),
        ("2026-11-28, since", "since"),
    ] {
        let error = Claims::parse(&text.replace(from, to)).unwrap_err();
        assert!(error.to_string().contains("begins with the day"), "{error}");
    }
}
