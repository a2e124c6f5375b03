//! What another choice gives stands beside the verdict, and never in its place.

use super::*;

fn variation(experiment: &str) -> Variation {
    Variation {
        experiment: experiment.into(),
        varies: "first".into(),
        about: "the same otherwise".into(),
    }
}

/// The same rows, of another experiment.
fn of(experiment: &str, rows: Vec<ResultRow>) -> Vec<ResultRow> {
    let of_it = |row: ResultRow| ResultRow {
        condition: row.condition.replace("first", experiment),
        ..row
    };
    rows.into_iter().map(of_it).collect()
}

#[test]
fn variations_decide_beside_the_experiment() {
    let claims = claims(SUPPRESSED);
    let variations = ["same", "turned", "missing"].map(variation);
    let rows = [
        texture(0.6, 0.3),
        of("same", texture(0.7, 0.3)),
        of("turned", texture(0.3, 0.6)),
    ];
    let rows = known(&rows.concat());
    let answers = claims.decide_with(&rows, &variations);
    let answer = &answers[0];
    assert_eq!(answer.verdict, Verdict::Reproduced);
    assert_eq!(answer.parts, claims.decide(&rows)[0].parts);
    // no more is kept of one than decides the same
    let unread = ResultRow {
        layer: "conv1".into(),
        ..of("same", texture(0.1, 0.1)).remove(0)
    };
    let all = known(&[of("same", texture(0.7, 0.3)), vec![unread]].concat());
    let read = claims.read_of(&variations[0], &all);
    assert_eq!(read, known(&of("same", texture(0.7, 0.3))));
    // what was not run says nothing
    let [same, turned] = &answer.varied[..] else {
        panic!("{:?}", answer.varied);
    };
    assert_eq!((&*same.by, same.verdict), ("same", Verdict::Reproduced));
    assert_eq!(turned.verdict, Verdict::NotReproduced);
    assert!((same.parts[0].estimate.unwrap().value + 0.405).abs() < 1e-12);
    assert_eq!(turned.parts[0].outcome, Outcome::Fails);

    let table = claims_table(&answers, 80);
    assert!(
        table.contains("By same: 0 of 1 verdicts change."),
        "{table}"
    );
    let changed = "By turned: 1 of 1 verdicts change: c (not reproduced).";
    assert!(table.contains(changed), "{table}");
    let dir = tempfile::tempdir().unwrap();
    let open = OpenChoice {
        what: "an <epoch>".into(),
        here: "10".into(),
        option: "`training.epochs`".into(),
        why: "as said".into(),
    };
    let page = ClaimsPage {
        open: vec![open],
        ..ClaimsPage::default()
    };
    let page = write_claims_page(&page, &answers, dir.path()).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<small>the same otherwise</small>"));
    assert!(
        page.contains("<td><code>training.epochs</code></td>"),
        "{page}"
    );
    assert!(!page.contains("<epoch>"));
    assert!(
        page.contains("<td>fails<small>0.29: 0.28 to 0.31</small>"),
        "{page}"
    );
}

/// The second side of what suppression is decided by.
const OVER: &str = "over = { at = \"initial\" }";

/// The same part, said to be computed.
fn exact(part: &str) -> String {
    part.replace("is =", "exact = true\nis =")
}

#[test]
fn what_is_computed_is_held_against_a_number() {
    let head = "margin = 0.05\nlearned = 0.5\nceiling = 0.95\nleast_runs = 3\n";
    let claim = "[[claim]]\nid = \"c\"\nsays = \"it\"\nplace = \"there\"\n";
    let over = exact(SUPPRESSED);
    assert!(over.contains(OVER));
    let error = Claims::parse(&format!("{head}{claim}{over}")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "claim `c`: `texture suppressed`: what is `exact` is held against a number: give \
         `value`, not `over`"
    );
    assert!(claims(&over.replace(OVER, "value = 0.5")).claims[0].parts[0].exact);
}

#[test]
fn why_there_is_no_interval_is_told() {
    let why = |claims: &Claims, rows: &[ResultRow]| -> String {
        let part = decide(claims, rows).remove(0).parts.remove(0);
        assert_eq!(part.estimate, None);
        part.outcome.because().unwrap().to_owned()
    };
    let suppressed = claims(SUPPRESSED);
    let rows = texture(0.6, 0.3);
    let one = "one run has no interval over runs";
    assert_eq!(why(&suppressed, &rows[..2]), one);
    // before training of the first two runs, after it of the third
    let strangers = [&rows[0], &rows[2], &rows[5]].map(ResultRow::clone);
    assert_eq!(why(&suppressed, &strangers), "no run in common");
    // and of one run in common of two
    let shared = [&rows[0], &rows[2], &rows[3], &rows[5]].map(ResultRow::clone);
    assert_eq!(why(&suppressed, &shared), one);
    let alike = ALIKE.replace(
        "over = { with = { target = \"untrained\" } }",
        "value = 0.2",
    );
    let pair = [
        pair(("shape", 0, 9), ("shape", 1, 9), 0.6),
        validation("shape", 1, 0.9),
    ];
    assert_eq!(
        why(&claims(&alike), &pair),
        "without one of its runs nothing is left"
    );
}

#[test]
fn variations_of_the_unvaried_change_nothing() {
    let claims = claims(SUPPRESSED);
    let rows = known(&[texture(0.6, 0.3), of("other", texture(0.3, 0.6))].concat());
    let other = Variation {
        varies: "second".into(),
        ..variation("other")
    };
    assert_eq!(claims.decide_with(&rows, &[other]), claims.decide(&rows));
    // nor is what is computed decided again
    let exact = exact(SUPPRESSED).replace(OVER, "value = 0.5");
    let exact = self::claims(&exact).decide_with(&rows, &[variation("other")]);
    assert!(exact[0].varied.is_empty());
}

const ALIKE: &str = r#"
    [[claim.part]]
    says = "alike within the task"
    of = { experiment = "first", target = "shape", layer = "fc1", with = { target = "shape" } }
    over = { with = { target = "untrained" } }
    is = "above"
"#;

#[test]
fn another_measure_decides_beside_the_first() {
    let mut claims = claims(ALIKE);
    claims.measures.push(Measure {
        metric: "cka_debiased".into(),
        about: "CKA".into(),
    });
    let mut rows = Vec::new();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let off = 0.01 * f64::from(a + b);
        let own = pair(("shape", a, 9), ("shape", b, 9), 0.6 + off);
        rows.push(own);
        for (a, b) in [(a, b), (b, a)] {
            rows.push(pair(("shape", a, 9), ("shape", b, 0), 0.3 + off));
        }
    }
    let rows = known(&rows);
    // only RSA was measured
    assert!(claims.decide_with(&rows, &[])[0].varied.is_empty());
    let by_cka = rows.iter().filter(|row| row.metric == "rsa_pearson");
    let turned = by_cka.map(|row| ResultRow {
        metric: "cka_debiased".into(),
        value: 1.0 - row.value,
        ..row.clone()
    });
    let both = rows.iter().cloned().chain(turned).collect::<Vec<_>>();
    let answer = claims.decide_with(&both, &[]).remove(0);
    assert_eq!(answer.verdict, Verdict::Reproduced);
    let [cka] = &answer.varied[..] else {
        panic!("{:?}", answer.varied);
    };
    assert_eq!(
        (&*cka.by, cka.verdict),
        ("cka_debiased", Verdict::NotReproduced)
    );
    // a number of the paper's is none of another measure
    let number = ALIKE.replace(
        "over = { with = { target = \"untrained\" } }",
        "value = 0.2",
    );
    let measures = claims.measures;
    let claims = Claims {
        measures,
        ..self::claims(&number)
    };
    assert!(claims.decide_with(&both, &[])[0].varied.is_empty());
}

#[test]
fn another_decoder_decides_the_parts_that_it_has_rows_of() {
    let of_first = SUPPRESSED.replace("layer =", "protocol = \"clean\", layer =");
    let of_shape = of_first.replace("\"texture\" }", "\"shape\" }");
    let claims = Claims {
        decoders: vec![Decoder {
            protocol: "certified".into(),
            instead_of: "clean".into(),
            about: "with a proof".into(),
        }],
        ..claims(&format!("{of_first}{of_shape}"))
    };
    let of_feature = |feature: &str, rows: Vec<ResultRow>| -> Vec<ResultRow> {
        let of = |row| ResultRow {
            feature: feature.into(),
            ..row
        };
        rows.into_iter().map(of).collect()
    };
    let by = |protocol: &str, rows: Vec<ResultRow>| -> Vec<ResultRow> {
        let of = |row| ResultRow {
            protocol: protocol.into(),
            ..row
        };
        rows.into_iter().map(of).collect()
    };
    let clean = [texture(0.6, 0.3), of_feature("shape", texture(0.6, 0.3))].concat();
    let answer = claims.decide_with(&known(&clean), &[]).remove(0);
    assert_eq!(answer.verdict, Verdict::Reproduced);
    assert!(answer.varied.is_empty());
    // a highest checkpoint is one of many, at which it need not be fitted
    let highest = Claims {
        decoders: claims.decoders.clone(),
        ..self::claims(&of_first.replace("at = \"initial\"", "at = \"highest\""))
    };
    let by_both = [clean.clone(), by("certified/1", texture(0.3, 0.6))].concat();
    let answer = highest.decide_with(&known(&by_both), &[]).remove(0);
    assert!(answer.varied.is_empty(), "{:?}", answer.varied);
    // of texture alone
    let rows = [clean, by("certified/1", texture(0.3, 0.6))].concat();
    let answer = claims.decide_with(&known(&rows), &[]).remove(0);
    assert_eq!(answer.verdict, Verdict::Reproduced);
    let [by_it] = &answer.varied[..] else {
        panic!("{:?}", answer.varied);
    };
    assert_eq!((&*by_it.by, by_it.verdict), ("certified", Verdict::Partly));
    assert_eq!(by_it.decides, Some(1));
    let outcomes: Vec<&Outcome> = by_it.parts.iter().map(|part| &part.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Fails, &Outcome::Holds]);
}
