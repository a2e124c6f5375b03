use super::numbers::{accuracy, bits, difference, listed, signed};
use crate::evidence::{Baseline, Chances, Estimate, Family, IntervalKind};

/// Sentences about one state of the networks.
pub(super) struct Finding {
    pub(super) heading: String,
    pub(super) sentences: Vec<String>,
}

/// What was found, in words made from the numbers alone: no cause, and no
/// claim beyond the runs.
pub(super) fn of(family: &Family, chances: &Chances) -> Vec<Finding> {
    let mut findings: Vec<Finding> = without_network(family).into_iter().collect();
    findings.extend(before(family, chances));
    let targets = family.targets.iter();
    findings.extend(targets.filter_map(|target| after(family, chances, target)));
    findings
}

/// A feature's number at a layer.
struct Place<'a> {
    layer: &'a str,
    feature: &'a str,
    estimate: Estimate,
}

fn places<'a>(family: &'a Family, get: impl Fn(&str, &str) -> Option<Estimate>) -> Vec<Place<'a>> {
    let mut found = Vec::new();
    for layer in &family.layers {
        for feature in &family.features {
            found.extend(get(layer, feature).map(|estimate| Place {
                layer,
                feature,
                estimate,
            }));
        }
    }
    found
}

/// The last layer's places, from the highest number to the lowest.
fn at_last_layer<'a, 'b>(places: &'b [Place<'a>]) -> Option<(&'a str, Vec<&'b Place<'a>>)> {
    let layer = places.last()?.layer;
    let mut here: Vec<_> = places.iter().filter(|p| p.layer == layer).collect();
    here.sort_by(|a, b| b.estimate.mean.total_cmp(&a.estimate.mean));
    Some((layer, here))
}

/// What there was to decode to begin with.
fn without_network(family: &Family) -> Option<Finding> {
    let sentence = |baseline: &Baseline| {
        let numbers: Vec<String> = family
            .features
            .iter()
            .filter_map(|feature| {
                let estimate = baseline.estimate(feature)?;
                Some(format!("{feature} at {}", accuracy(&estimate)))
            })
            .collect();
        (!numbers.is_empty()).then(|| {
            format!(
                "A linear probe on {} decodes {}.",
                baseline_words(&baseline.layer),
                listed(&numbers)
            )
        })
    };
    let sentences: Vec<String> = family.baselines.iter().filter_map(sentence).collect();
    (!sentences.is_empty()).then(|| Finding {
        heading: "Without a network".to_owned(),
        sentences,
    })
}

fn baseline_words(layer: &str) -> String {
    match layer {
        "input" => "the raw pixels (input)".to_owned(),
        "pixel_stats" => "mean and deviation of each color channel (pixel_stats)".to_owned(),
        other => other.to_owned(),
    }
}

fn before(family: &Family, chances: &Chances) -> Option<Finding> {
    let places = places(family, |layer, feature| family.untrained(layer, feature));
    let (layer, here) = at_last_layer(&places)?;
    let numbers: Vec<String> = here
        .iter()
        .map(|p| format!("{} at {}", p.feature, accuracy(&p.estimate)))
        .collect();
    let n = here.iter().map(|p| p.estimate.n).max().unwrap_or(0);
    let mut sentences = vec![format!(
        "At {layer}, the last layer read, a linear probe on the untrained network (step 0, {}) \
         decodes {}.",
        n_of(n),
        listed(&numbers)
    )];
    sentences.extend(chance_sentence(family, chances));
    sentences.extend(above_chance(family, chances, &places));
    Some(Finding {
        heading: "Before training".to_owned(),
        sentences,
    })
}

fn after(family: &Family, chances: &Chances, target: &str) -> Option<Finding> {
    let places = places(family, |layer, feature| {
        family.trained(target, layer, feature)
    });
    let (layer, here) = at_last_layer(&places)?;
    let numbers: Vec<String> = here
        .iter()
        .map(|p| {
            let change = change_in_words(family, target, p.layer, p.feature);
            format!("{} at {}{change}", p.feature, accuracy(&p.estimate))
        })
        .collect();
    let n = here.iter().map(|p| p.estimate.n).max().unwrap_or(0);
    let mut sentences = vec![format!(
        "At {layer}, after {}, a linear probe decodes (in parentheses the change from untrained) \
         {}.",
        moment(family, target, &n_of(n)),
        listed(&numbers)
    )];
    sentences.extend(changes(family, target));
    if family.n(target) == 1 && family.has_change(target) {
        sentences.push(format!(
            "Whether training on {target} enhances or suppresses a feature in networks in general: \
             cannot tell (n = 1)."
        ));
    }
    sentences.extend(above_chance(family, chances, &places));
    Some(Finding {
        heading: format!("After training on {target}"),
        sentences,
    })
}

/// " (-0.20 [-0.31, -0.09], -0.53 bits)": a change in accuracy, or that both
/// its sides are at the ceiling, and in bits.
fn change_in_words(family: &Family, target: &str, layer: &str, feature: &str) -> String {
    let Some(change) = family.change(target, layer, feature) else {
        return String::new();
    };
    let first = match family.is_at_ceiling(target, layer, feature) {
        true => "ceiling".to_owned(),
        false => difference(&change),
    };
    let in_bits = family.change_in_bits(target, layer, feature);
    let second = in_bits.map_or_else(String::new, |b| format!(", {}", bits(&b)));
    format!(" ({first}{second})")
}

fn n_of(n: usize) -> String {
    match n {
        1 => "one run".to_owned(),
        n => format!("mean of n = {n} runs"),
    }
}

/// "540 steps (10 epochs, one run)" of the trained checkpoints.
fn moment(family: &Family, target: &str, runs: &str) -> String {
    let moments = family.trained_moments(target);
    let steps: Vec<u64> = moments.iter().map(|m| m.step).collect();
    let steps = match (steps.iter().min(), steps.iter().max()) {
        (Some(low), Some(high)) if low == high => format!("{high} steps"),
        (Some(low), Some(high)) => format!("{low} to {high} steps"),
        _ => "training".to_owned(),
    };
    let epochs: Vec<f64> = moments.iter().filter_map(|m| m.epoch).collect();
    match epochs.split_first() {
        Some((first, rest)) if rest.iter().all(|e| e == first) => {
            format!("{steps} ({} epochs, {runs})", crate::figures::short(*first))
        }
        _ => format!("{steps} ({runs})"),
    }
}

fn chance_sentence(family: &Family, chances: &Chances) -> Option<String> {
    let known: Vec<(&String, String)> = family
        .features
        .iter()
        .filter_map(|f| Some((f, format!("{:.2}", chances.of_feature(family, f)?))))
        .collect();
    let (_, first) = known.first()?;
    if known.len() == family.features.len() && known.iter().all(|(_, chance)| chance == first) {
        return Some(format!("Chance is {first}."));
    }
    let each: Vec<String> = known
        .iter()
        .map(|(f, chance)| format!("{chance} for {f}"))
        .collect();
    Some(format!("Chance is {}.", listed(&each)))
}

/// Where intervals reach down to chance, or that none does.
fn above_chance(family: &Family, chances: &Chances, places: &[Place<'_>]) -> Option<String> {
    let compared: Vec<(&Place<'_>, f64, f64)> = places
        .iter()
        .filter_map(|p| {
            let (lower, _, _) = p.estimate.interval?;
            Some((p, lower, chances.of_feature(family, p.feature)?))
        })
        .collect();
    if compared.is_empty() {
        return None;
    }
    let low: Vec<String> = compared
        .iter()
        .filter(|(_, lower, chance)| lower <= chance)
        .map(|(p, ..)| format!("{} at {} ({})", p.feature, p.layer, accuracy(&p.estimate)))
        .collect();
    let count = compared.len();
    Some(match low.len() {
        0 => format!("All {count} intervals (layers and features) lie above chance."),
        few if few <= 6 => format!(
            "{} of {count} intervals (layers and features) lie above chance, all but {}.",
            count - few,
            listed(&low)
        ),
        many => format!(
            "{} of {count} intervals (layers and features) lie above chance.",
            count - many
        ),
    })
}

/// Which way the last layer's features went, or how many intervals over
/// runs leave 0 out.
fn changes(family: &Family, target: &str) -> Option<String> {
    let places = places(family, |layer, feature| {
        let change = family.change(target, layer, feature);
        change.filter(|_| !family.is_at_ceiling(target, layer, feature))
    });
    let ends: Vec<(f64, f64)> = places
        .iter()
        .filter_map(|p| p.estimate.interval)
        .filter(|(_, _, kind)| *kind == IntervalKind::Runs)
        .map(|(lower, upper, _)| (lower, upper))
        .collect();
    if !ends.is_empty() {
        let up = ends.iter().filter(|(lower, _)| *lower > 0.0).count();
        let down = ends.iter().filter(|(_, upper)| *upper < 0.0).count();
        return Some(format!(
            "Of {} paired changes from untrained (layers and features), the interval over runs \
             lies above 0 for {up} and below 0 for {down} (each at 95 %, not corrected for their \
             number).",
            ends.len()
        ));
    }
    let of_layers = |wanted: fn(f64) -> bool| {
        family
            .features
            .iter()
            .filter_map(|feature| {
                let of_feature = || places.iter().filter(|p| p.feature == feature);
                let hits: Vec<&Place<'_>> =
                    of_feature().filter(|p| wanted(p.estimate.mean)).collect();
                let most = hits
                    .iter()
                    .max_by(|a, b| a.estimate.mean.abs().total_cmp(&b.estimate.mean.abs()))?;
                Some(format!(
                    "{feature} at {} of {} layers (most at {}, {})",
                    hits.len(),
                    of_feature().count(),
                    most.layer,
                    signed(most.estimate.mean, 2)
                ))
            })
            .collect::<Vec<_>>()
    };
    let up = of_layers(|change| change >= 0.005);
    let down = of_layers(|change| change <= -0.005);
    match (up.is_empty(), down.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!(
            "Higher than untrained in this run: {}.",
            listed(&up)
        )),
        (true, false) => Some(format!(
            "Lower than untrained in this run: {}.",
            listed(&down)
        )),
        (false, false) => Some(format!(
            "Higher than untrained in this run: {}. Lower: {}.",
            listed(&up),
            listed(&down)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::gather;
    use crate::{ReportInput, ResultRow};

    fn row(split: u32, step: u64, feature: &str, value: f64) -> ResultRow {
        ResultRow {
            condition: format!("shape-{split}"),
            target: "shape".into(),
            split: Some(split),
            step: Some(step),
            epoch: Some(step as f64 / 54.0),
            layer: "fc1".into(),
            feature: feature.into(),
            metric: "accuracy".into(),
            value,
            lower: Some(value - 0.05),
            upper: Some(value + 0.05),
            ..ResultRow::default()
        }
    }

    fn said(rows: Vec<ResultRow>) -> Vec<String> {
        let input = ReportInput {
            rows,
            chance: ["shape", "color"].map(|f| (f.to_owned(), 0.14)).into(),
            ..ReportInput::default()
        };
        let evidence = gather(&input);
        let findings = evidence
            .families
            .iter()
            .flat_map(|f| of(f, &evidence.chances));
        findings
            .flat_map(|finding| finding.sentences)
            .map(|sentence| sentence.replace('\u{a0}', " "))
            .collect()
    }

    #[test]
    fn one_run_is_told_with_its_intervals_and_no_claim() {
        let rows = vec![
            row(0, 0, "shape", 0.7),
            row(0, 0, "color", 0.9),
            row(0, 540, "shape", 0.9),
            row(0, 540, "color", 0.17),
        ];
        assert_eq!(
            said(rows),
            [
                "At fc1, the last layer read, a linear probe on the untrained network (step 0, one \
                 run) decodes color at 0.90 [0.85, 0.95] and shape at 0.70 [0.65, 0.75].",
                "Chance is 0.14.",
                "All 2 intervals (layers and features) lie above chance.",
                "At fc1, after 540 steps (10 epochs, one run), a linear probe decodes (in \
                 parentheses the change from untrained) shape at 0.90 [0.85, 0.95] (+0.20) and \
                 color at 0.17 [0.12, 0.22] (\u{2212}0.73).",
                "Higher than untrained in this run: shape at 1 of 1 layers (most at fc1, +0.20). \
                 Lower: color at 1 of 1 layers (most at fc1, \u{2212}0.73).",
                "Whether training on shape enhances or suppresses a feature in networks in general: \
                 cannot tell (n = 1).",
                "1 of 2 intervals (layers and features) lie above chance, all but color at fc1 \
                 (0.17 [0.12, 0.22]).",
            ]
        );
    }

    #[test]
    fn the_ceiling_is_called_so_and_bits_go_on() {
        let nats = |step, value| ResultRow {
            metric: "cross_entropy".into(),
            selected_by: "cross_entropy".into(),
            ..row(0, step, "shape", value)
        };
        let said = said(vec![
            row(0, 0, "shape", 0.995),
            row(0, 540, "shape", 1.0),
            nats(0, 0.5),
            nats(540, 0.25),
        ]);
        assert!(
            said.iter().any(|s| s.contains("(ceiling, +0.36 bits)")),
            "{said:?}"
        );
        assert!(!said.iter().any(|s| s.contains("Higher than")), "{said:?}");
    }

    #[test]
    fn what_no_network_has_read_comes_first() {
        let stats = ResultRow {
            condition: "none".into(),
            arch: "none".into(),
            target: String::new(),
            step: None,
            epoch: None,
            layer: "pixel_stats".into(),
            probe: "linear".into(),
            ..row(0, 0, "color", 0.8)
        };
        let said = said(vec![row(0, 0, "color", 0.9), stats]);
        assert_eq!(
            said[0],
            "A linear probe on mean and deviation of each color channel (pixel_stats) decodes \
             color at 0.80 [0.75, 0.85]."
        );
        assert!(
            said[1].starts_with("At fc1, the last layer read"),
            "{said:?}"
        );
    }

    #[test]
    fn several_runs_are_told_with_intervals_over_runs() {
        let rows = vec![
            row(0, 0, "shape", 0.70),
            row(0, 540, "shape", 0.90),
            row(1, 0, "shape", 0.72),
            row(1, 540, "shape", 0.93),
        ];
        let said = said(rows);
        // changes 0.20 and 0.21: 0.205 +- 12.706 * 0.005
        assert!(
            said.iter()
                .any(|s| s.contains("(+0.20 [+0.14, +0.27])")
                    || s.contains("(+0.21 [+0.14, +0.27])")),
            "{said:?}"
        );
        assert!(
            said.iter()
                .any(|s| s.contains("lies above 0 for 1 and below 0 for 0")),
            "{said:?}"
        );
    }
}
