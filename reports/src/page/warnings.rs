use crate::evidence::Evidence;

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
            super::numbers::listed(&lacking)
        ));
    }
    found
}
