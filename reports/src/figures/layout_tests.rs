//! The figures' layout, tested on their shapes: every text inside, none over
//! another.

use proptest::prelude::*;

use super::all;
use crate::drawing::{Drawing, Shape};
use crate::evidence::gather;
use crate::{ConfusionRow, ReportInput, ResultRow, TrainingCurve, TrainingPoint, ValueRow};

/// Left, top, right and bottom of each text: its capitals, without what
/// hangs below the line.
fn boxes(drawing: &Drawing) -> Vec<(String, [f64; 4])> {
    let texts = drawing.shapes.iter().filter_map(|shape| match shape {
        Shape::Text(text) => Some((text.content.clone(), text.extent())),
        _ => None,
    });
    texts.collect()
}

fn check(drawing: &Drawing) -> Result<(), TestCaseError> {
    let boxes = boxes(drawing);
    prop_assert!(!boxes.is_empty());
    for (index, (text, [left, top, right, bottom])) in boxes.iter().enumerate() {
        prop_assert!(
            *left >= 0.0 && *top >= 0.0 && *right <= drawing.width && *bottom <= drawing.height,
            "{text:?} leaves the figure: {left} {top} {right} {bottom}"
        );
        for (other, [l, t, r, b]) in boxes.iter().skip(index + 1) {
            let apart = right <= l || r <= left || bottom <= t || b <= top;
            prop_assert!(apart, "{text:?} lies over {other:?}");
        }
    }
    Ok(())
}

fn row(split: u32, target: &str, step: u64, layer: &str, feature: &str, value: f64) -> ResultRow {
    ResultRow {
        condition: format!("{target}-{split}"),
        dataset: "trifeature".into(),
        target: target.into(),
        split: Some(split),
        step: Some(step),
        epoch: Some(step as f64 / 54.0),
        layer: layer.into(),
        feature: feature.into(),
        probe: "linear".into(),
        metric: "accuracy".into(),
        status: if value < 0.1 {
            "max_iterations"
        } else {
            "converged"
        }
        .into(),
        value,
        lower: Some(value - 0.1),
        upper: Some(value + 0.1),
        ..ResultRow::default()
    }
}

/// The same of what is measured around an accuracy.
fn around(row: &ResultRow) -> Vec<ResultRow> {
    let of = |metric: &str, probe: &str, kind: &str, value| ResultRow {
        metric: metric.into(),
        probe: probe.into(),
        interval_kind: kind.into(),
        value,
        lower: Some(value - 0.5),
        upper: Some(value + 0.5),
        ..row.clone()
    };
    vec![
        of("v_information", "linear", "", 3.0 * row.value - 1.0),
        of("selectivity", "control", "labelings", row.value - 0.2),
        of("compression", "linear", "orders", 4.0 * row.value),
        ResultRow {
            split_kind: "next_block".into(),
            n_train: row.step.map(|step| 7 + step % 100),
            ..of("cross_entropy", "linear", "", row.value)
        },
    ]
}

/// Rows of the tables beside, for one place.
fn beside(row: &ResultRow, held: &str, values: &[String]) -> (Vec<ValueRow>, Vec<ConfusionRow>) {
    let role = if row.step == Some(0) {
        "initial"
    } else {
        "last"
    };
    let by_value = values.iter().map(|value| ValueRow {
        target: row.target.clone(),
        split: row.split,
        checkpoint_role: role.into(),
        layer: row.layer.clone(),
        feature: row.feature.clone(),
        held_feature: held.into(),
        held_value: value.clone(),
        accuracy: row.value,
        lower: row.lower,
        upper: row.upper,
        status: row.status.clone(),
        ..ValueRow::default()
    });
    let confusions = values.iter().map(|value| ConfusionRow {
        target: row.target.clone(),
        checkpoint_role: role.into(),
        layer: row.layer.clone(),
        feature: row.feature.clone(),
        label: value.clone(),
        predicted: values[0].clone(),
        count: 3,
        status: row.status.clone(),
        ..ConfusionRow::default()
    });
    (by_value.collect(), confusions.collect())
}

prop_compose! {
    fn names(most: usize)(
        stem in "[a-zA-Z_.]{0,24}",
        tail in "[a-z.]{0,12}",
        count in 1..=most,
    ) -> Vec<String> {
        (0..count).map(|k| format!("{stem}{k}{tail}")).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn texts_stay_inside_and_apart(
        layers in names(24),
        features in names(7),
        targets in names(6),
        splits in 1u32..3,
        steps in prop::collection::btree_set(0u64..100_000, 1..6),
        missing in 2usize..9,
        value in 0.0f64..=1.0,
        values in names(26),
    ) {
        let mut rows = Vec::new();
        for split in 0..splits {
            for target in &targets {
                for &step in steps.iter().chain(&[0]) {
                    for layer in &layers {
                        for feature in &features {
                            rows.push(row(split, target, step, layer, feature, value));
                        }
                    }
                }
            }
        }
        let rows = rows.into_iter().enumerate();
        let rows: Vec<ResultRow> = rows
            .filter(|(k, _)| k % missing != 1)
            .map(|(_, row)| row)
            .collect();
        let of_last = |row: &&ResultRow| row.split == Some(0) && Some(&row.layer) == layers.last();
        let last_layer = rows.iter().filter(of_last);
        let (by_value, confusions): (Vec<_>, Vec<_>) = last_layer
            .flat_map(|row| features.iter().take(2).map(|held| beside(row, held, &values)))
            .unzip();
        let input = ReportInput {
            rows: rows.iter().flat_map(|row| [vec![row.clone()], around(row)].concat()).collect(),
            by_value: by_value.concat(),
            confusions: confusions.concat(),
            chance: features.iter().map(|f| (f.clone(), 0.1)).collect(),
            training: targets
                .iter()
                .map(|target| TrainingCurve {
                    condition: target.clone(),
                    target: target.clone(),
                    points: steps
                        .iter()
                        .map(|&step| TrainingPoint {
                            step,
                            epoch: step as f64 / 54.0,
                            loss: Some(value * 3.0),
                            train_accuracy: Some(value),
                            validation_accuracy: None,
                        })
                        .collect(),
                })
                .collect(),
            ..ReportInput::default()
        };
        let figures = all(&input, &gather(&input));
        prop_assert!(figures.len() >= 5, "{}", figures.len());
        for figure in &figures {
            check(&figure.drawing)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn names_around_a_heat_map_stay_inside_and_apart(
        layers in names(24),
        groups in names(5),
        lowest in -1.0..0.9f64,
    ) {
        let name = |group: &String, layer: &String| crate::HeatMapName {
            group: group.clone(),
            name: layer.clone(),
        };
        let names: Vec<_> = groups
            .iter()
            .flat_map(|group| layers.iter().map(move |layer| name(group, layer)))
            .collect();
        let value = |k: usize| (!k.is_multiple_of(7)).then_some(lowest + (k % 11) as f64 / 10.0 * (1.0 - lowest));
        let map = crate::HeatMap {
            title: "Similarity of layers".into(),
            subtitle: "Pearson's correlation of RDMs over 1000 stimuli".into(),
            values: (0..names.len()).map(|i| (0..names.len()).map(|j| value(i + j)).collect()).collect(),
            rows: names.clone(),
            columns: names,
        };
        check(&super::draw_heat_map(&map))?;
    }
}

/// Many networks of two runs, whose names leave cells less room than a line of text.
#[test]
fn many_networks_of_one_layer_are_still_named_on_both_sides() {
    let names = |count: usize| {
        let name = |i: usize| crate::HeatMapName {
            group: format!(
                "{}: easy {i}",
                ["a-run-of-bits", "another-run-of-bits"][i % 2]
            ),
            name: "fc4".into(),
        };
        (0..count).map(name).collect::<Vec<_>>()
    };
    for count in [12, 24, 31] {
        let map = crate::HeatMap {
            title: "Similarity".into(),
            subtitle: String::new(),
            values: vec![vec![Some(0.5); count]; count],
            rows: names(count),
            columns: names(count),
        };
        let drawing = super::draw_heat_map(&map);
        check(&drawing).unwrap();
        for name in names(count) {
            let named = boxes(&drawing)
                .into_iter()
                .filter(|(text, _)| *text == name.group);
            assert_eq!(named.count(), 2, "{count}: {}", name.group);
        }
    }
}

#[test]
fn networks_of_one_layer_are_named_in_full_beside_a_heat_map() {
    let groups = ["untrained", "easy 0.65", "run-b: trained on both features"];
    let names = groups.map(|group| crate::HeatMapName {
        group: group.into(),
        name: "fc4".into(),
    });
    let map = crate::HeatMap {
        title: "Similarity".into(),
        subtitle: String::new(),
        values: vec![vec![Some(0.5); 3]; 3],
        rows: names.to_vec(),
        columns: names.to_vec(),
    };
    let drawing = super::draw_heat_map(&map);
    check(&drawing).unwrap();
    for group in &groups[..2] {
        let named = boxes(&drawing)
            .into_iter()
            .filter(|(text, _)| text == group);
        assert_eq!(named.count(), 2, "{group}");
    }
}
