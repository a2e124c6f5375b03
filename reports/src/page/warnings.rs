use super::numbers::{difference, listed};
use crate::evidence::{Dispute, Evidence, Further, disputes};

/// So many disputed verdicts are told one by one.
const MOST_TOLD: usize = 6;

/// What a reader should know before trusting a number.
pub(crate) fn warnings(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if evidence.shown == 0 {
        found.push("No decodability was measured: there is nothing to show.".to_owned());
    }
    if evidence.unconverged > 0 {
        let (verb, them) = match evidence.unconverged {
            1 => ("probe has", "It is"),
            _ => ("probes have", "They are"),
        };
        found.push(format!(
            "{} of {} {verb} no proof of convergence. {them} marked \u{2020} in tables and by a \
             crossed, hollow marker in figures; more iterations or a larger penalty may help.",
            evidence.unconverged, evidence.shown
        ));
    }
    if evidence.separable > 0 {
        let subject = match evidence.separable {
            1 => "One of these has".to_owned(),
            count => format!("{count} of these have"),
        };
        found.push(format!(
            "{subject} no optimum at all (status separable): without a penalty, a decoder \
             that separates the training classes can always be made surer. The one shown is that of \
             penalty 0.001; a penalty above 0 has an optimum."
        ));
    }
    found.extend(further(&evidence.further));
    let lacking: Vec<String> = evidence
        .families
        .iter()
        .flat_map(|family| {
            let lacks = |f: &&String| evidence.chances.of_feature(family, f).is_none();
            family.features.iter().filter(lacks)
        })
        .fold(Vec::new(), |mut names, name| {
            if !names.contains(name) {
                names.push(name.clone());
            }
            names
        });
    if !lacking.is_empty() {
        found.push(format!(
            "Chance is not known for {}: no chance line is drawn there.",
            listed(&lacking)
        ));
    }
    found.extend(evidence.edges.warning());
    found.extend(evidence.edges.note());
    found.extend(disputed(&disputes(&evidence.families)));
    found
}

/// Fits without proof that are not shown as decodability.
fn further(counts: &[(Further, usize)]) -> Option<String> {
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let fits = match all {
        0 => return None,
        1 => "1 further fit has".to_owned(),
        all => format!("{all} further fits have"),
    };
    let each: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {}", kind.words()))
        .collect();
    let marks = match counts.iter().any(|(kind, _)| *kind == Further::Baseline) {
        true => {
            " Those on what no network has read are marked \u{2020} in sentences and by a \
             crossed, hollow marker at the end of their lines in figures."
        }
        false => "",
    };
    Some(format!(
        "{fits} no proof of convergence ({}): see the column status of results.csv.{marks}",
        listed(&each)
    ))
}

/// Verdicts that depend on a choice of the protocol, the opposite ones first.
fn disputed(disputes: &[Dispute]) -> Option<String> {
    let (opposite, lost): (Vec<_>, Vec<_>) = disputes.iter().partition(|d| d.is_opposite());
    let told: Vec<String> = opposite
        .iter()
        .chain(&lost)
        .take(MOST_TOLD)
        .map(|dispute| {
            let sides: Vec<String> = dispute
                .sides
                .iter()
                .map(|(choice, change)| {
                    let verdict = match change.verdict() {
                        1 => "enhanced",
                        -1 => "suppressed",
                        _ => "cannot tell",
                    };
                    format!("{choice}: {verdict}, {}", difference(change))
                })
                .collect();
            format!(
                "{} at {} trained on {} ({})",
                dispute.feature,
                dispute.layer,
                dispute.target,
                sides.join("; ")
            )
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    let more = match disputes.len() - told.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let verdicts = match disputes.len() {
        1 => "1 verdict depends".to_owned(),
        n => format!("{n} verdicts depend"),
    };
    Some(format!(
        "{verdicts} on the choice of scaling or test stimuli ({} of them with opposite signs), and a \
         verdict that does is none: {}{more}.",
        opposite.len(),
        listed(&told)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::gather;
    use crate::{ReportInput, ResultRow};

    #[test]
    fn fits_that_are_not_shown_are_named_by_what_they_are_for() {
        let probe = ResultRow {
            condition: "shape-0".into(),
            arch: "cnn4".into(),
            target: "shape".into(),
            step: Some(0),
            layer: "fc1".into(),
            feature: "color".into(),
            probe: "linear".into(),
            metric: "accuracy".into(),
            status: "converged".into(),
            value: 0.5,
            ..ResultRow::default()
        };
        let pixels = ResultRow {
            condition: "baseline".into(),
            arch: "none".into(),
            target: String::new(),
            step: None,
            layer: "input".into(),
            status: "max_iterations".into(),
            ..probe.clone()
        };
        let ridge = ResultRow {
            probe: "ridge".into(),
            metric: "r2".into(),
            status: "max_iterations".into(),
            ..probe.clone()
        };
        let told = |rows: Vec<ResultRow>| -> Vec<String> {
            let input = ReportInput {
                rows,
                ..ReportInput::default()
            };
            let mut told = warnings(&gather(&input));
            told.retain(|warning| warning.contains("further fit"));
            told
        };
        assert!(told(vec![probe.clone()]).is_empty());
        let alone = told(vec![probe.clone(), pixels.clone()]);
        assert_eq!(alone.len(), 1);
        assert!(
            alone[0].starts_with(
                "1 further fit has no proof of convergence (1 on what no network has read): see"
            ),
            "{alone:?}"
        );
        assert!(alone[0].contains("at the end of their lines"), "{alone:?}");
        assert_eq!(
            told(vec![probe.clone(), ridge.clone()]),
            [
                "1 further fit has no proof of convergence (1 of ridge probes): see the column \
                 status of results.csv."
            ]
        );
        let both = told(vec![probe, pixels, ridge]);
        let counts = "(1 of ridge probes and 1 on what no network has read)";
        assert!(
            both[0].starts_with("2 further fits have no proof"),
            "{both:?}"
        );
        assert!(both[0].contains(counts), "{both:?}");
    }
}
