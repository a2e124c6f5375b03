use crate::evidence::{Estimate, Family, IntervalKind};

/// What the numbers of a figure stand on: n and the kind of its intervals.
pub(crate) fn basis<'a>(
    family: &Family,
    estimates: impl IntoIterator<Item = &'a Estimate>,
) -> String {
    let kinds: Vec<Option<IntervalKind>> = estimates
        .into_iter()
        .map(|e| e.interval.map(|(_, _, kind)| kind))
        .collect();
    let has = |kind: IntervalKind| kinds.contains(&Some(kind));
    let alone = [
        (IntervalKind::Stimuli, "95 % interval over test stimuli"),
        (IntervalKind::Labelings, "range over control labelings"),
        (IntervalKind::Orders, "range over orders"),
        (IntervalKind::Seeds, "range over seeds of the probe"),
    ];
    let alone = alone.iter().find(|(kind, _)| has(*kind));
    let interval = match (has(IntervalKind::Runs), alone) {
        (true, None) => ", with 95 % interval over runs".to_owned(),
        (false, Some((_, words))) => format!(", with {words}"),
        (true, Some((_, words))) => {
            format!(", with 95 % interval over runs, or {words} where n = 1")
        }
        (false, None) => ", no interval".to_owned(),
    };
    let runs = match family.n_range() {
        (_, 0 | 1) => format!("one run for each target (n = 1){interval}"),
        (low, high) if low == high => format!("mean of n = {high} runs for each target{interval}"),
        (low, high) => format!("mean of n = {low} to {high} runs for each target{interval}"),
    };
    match family.label.as_str() {
        "" => runs,
        label => format!("{label}: {runs}"),
    }
}

/// What an interval over runs is, for a caption; nothing where there is none.
pub(crate) fn interval_note(family: &Family) -> &'static str {
    match family.n_range() {
        (_, 0 | 1) => {
            "The intervals are over test stimuli: they say how precisely this one network was \
             measured, not how another would turn out."
        }
        _ if family.quantity.metric() == "accuracy" => {
            "Intervals over runs are Student's t with n \u{2212} 1 degrees of freedom, cut at \
             accuracies of 0 and 1."
        }
        _ => "Intervals over runs are Student's t with n \u{2212} 1 degrees of freedom.",
    }
}

/// A sentence with a capital.
pub(crate) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::gather;
    use crate::{ReportInput, ResultRow};

    #[test]
    fn intervals_are_cut_where_they_are_of_accuracies() {
        let row = |split: u32, metric: &str, probe: &str| ResultRow {
            condition: format!("shape-{split}"),
            target: "shape".into(),
            split: Some(split),
            step: Some(0),
            layer: "fc1".into(),
            feature: "color".into(),
            metric: metric.into(),
            probe: probe.into(),
            value: 0.5,
            ..ResultRow::default()
        };
        let note = |metric: &str, probe: &str| {
            let evidence = gather(&ReportInput {
                rows: [0, 1].map(|split| row(split, metric, probe)).into(),
                ..ReportInput::default()
            });
            let mut families = evidence.families.iter().chain(&evidence.around);
            families.next().map(interval_note).unwrap()
        };
        for (metric, probe, cut) in [
            ("accuracy", "linear", true),
            ("accuracy", "mlp64", true),
            ("v_information", "linear", false),
            ("compression", "linear", false),
            ("selectivity", "control", false),
            ("r2", "ridge", false),
        ] {
            let note = note(metric, probe);
            assert!(note.contains("degrees of freedom"), "{note}");
            assert_eq!(note.contains("cut at"), cut, "{metric} {probe}: {note}");
        }
    }
}
