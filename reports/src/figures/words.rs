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
        _ => {
            "Intervals over runs are Student's t with n \u{2212} 1 degrees of freedom, cut at \
             accuracies of 0 and 1."
        }
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
