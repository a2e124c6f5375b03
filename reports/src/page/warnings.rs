use super::numbers::{difference, listed};
use crate::evidence::{Dispute, Evidence, disputes};

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
    if evidence.further_unconverged > 0 {
        found.push(format!(
            "{} further fits (for V-information, or of ridge probes) have no proof of convergence: see the \
             column status of results.csv.",
            evidence.further_unconverged
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
    let lacking: Vec<String> = evidence
        .families
        .iter()
        .flat_map(|family| {
            let lacks = |f: &&String| evidence.chances.of_feature(&family.dataset, f).is_none();
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
