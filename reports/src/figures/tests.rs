//! What figures say of the fits behind them.

use super::all;
use crate::drawing::Shape;
use crate::evidence::gather;
use crate::{ReportInput, ResultRow};

fn row(step: u64, value: f64) -> ResultRow {
    ResultRow {
        condition: "shape-0".into(),
        arch: "cnn4".into(),
        target: "shape".into(),
        step: Some(step),
        checkpoint_role: if step == 0 { "initial" } else { "last" }.into(),
        layer: "fc1".into(),
        feature: "color".into(),
        probe: "linear".into(),
        metric: "accuracy".into(),
        status: "converged".into(),
        value,
        ..ResultRow::default()
    }
}

/// Of each figure that draws a baseline: how many discs there are, and whether a
/// legend explains the mark of a probe without proof.
fn with_baseline(status: &str) -> Vec<(usize, bool)> {
    let pixels = ResultRow {
        condition: "baseline".into(),
        arch: "none".into(),
        target: String::new(),
        step: None,
        checkpoint_role: String::new(),
        layer: "input".into(),
        status: status.into(),
        ..row(0, 0.7)
    };
    let input = ReportInput {
        rows: vec![row(0, 0.5), row(540, 0.9), pixels],
        ..ReportInput::default()
    };
    let figures = all(&input, &gather(&input));
    let draws_it = |id: &str| {
        matches!(
            id,
            "decodability-over-training" | "untrained-against-trained"
        )
    };
    let of = figures.iter().filter(|figure| draws_it(&figure.id));
    of.map(|figure| {
        let shapes = || figure.drawing.shapes.iter();
        let discs = shapes().filter(|shape| matches!(shape, Shape::Disc { .. }));
        let told = shapes().any(
            |shape| matches!(shape, Shape::Text(text) if text.content == "probe did not converge"),
        );
        (discs.count(), told)
    })
    .collect()
}

#[test]
fn lines_of_baselines_without_proof_are_marked() {
    let plain = with_baseline("converged");
    assert_eq!(plain.len(), 2);
    assert!(plain.iter().all(|(_, told)| !told));
    // on the line and in the legend a mark of two discs each
    let marked = plain.iter().map(|(discs, _)| (discs + 4, true));
    assert_eq!(with_baseline("max_iterations"), marked.collect::<Vec<_>>());
}
