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
    let exact = SUPPRESSED.replace("is =", "exact = true\nis =");
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
