//! When an interval is enough.

use super::*;

#[test]
fn too_few_runs_and_wide_intervals_cannot_tell() {
    let claims = claims(SUPPRESSED);
    assert_eq!(
        verdict(&claims, &texture(0.6, 0.3)[..4]),
        Verdict::CannotTell
    );
    let mut wide = texture(0.6, 0.5);
    wide[1].value = 0.9;
    assert_eq!(verdict(&claims, &wide), Verdict::CannotTell);
    assert_eq!(verdict(&claims, &[]), Verdict::NotRun);
    // the experiment ran, but not this layer
    let mut elsewhere = texture(0.6, 0.3);
    elsewhere
        .iter_mut()
        .for_each(|row| row.layer = "pool4".into());
    let answer = &decide(&claims, &elsewhere)[0];
    assert!(
        answer.parts[0]
            .outcome
            .because()
            .unwrap()
            .contains("no row")
    );
}

#[test]
fn without_a_margin_no_difference_at_all_is_none() {
    let of = |is: &str| {
        let part = SUPPRESSED.replace("is = \"below\"", &format!("is = \"{is}\"\nmargin = 0.0"));
        assert_ne!(part, SUPPRESSED);
        let mut rows = texture(0.6, 0.6);
        rows.iter_mut()
            .filter(|row| row.metric == "accuracy")
            .for_each(|row| row.value = 0.6);
        verdict(&claims(&part), &rows)
    };
    assert_eq!(of("above"), Verdict::NotReproduced);
    assert_eq!(of("below"), Verdict::NotReproduced);
}

#[test]
fn equality_needs_the_whole_interval_within_the_margin() {
    let claims = claims(
        r#"
        [[claim.part]]
        says = "perfect"
        of = { experiment = "first", target = "untrained", feature = "texture" }
        value = 1.0
        is = "equal"
        layers = ["fc1"]
        "#,
    );
    let at = |values: [f64; 3]| -> Vec<ResultRow> {
        let rows = values.iter().zip(0..);
        rows.map(|(value, split)| row("first", "shape", split, 0, "texture", *value))
            .collect()
    };
    assert_eq!(
        verdict(&claims, &at([0.99, 1.0, 0.995])),
        Verdict::Reproduced
    );
    assert_eq!(
        verdict(&claims, &at([0.80, 0.81, 0.82])),
        Verdict::NotReproduced
    );
    assert_eq!(
        verdict(&claims, &at([0.90, 1.0, 0.95])),
        Verdict::CannotTell
    );
}
