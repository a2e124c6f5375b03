use super::{Estimate, Family};

/// The split on which probes meet again what they were fitted to: what is
/// lost there is lost to memory too, and nothing is said of suppression.
const BY_MEMORY: &str = "instance";

/// A verdict (the sign of a change by training whose interval over runs
/// leaves 0 out) that depends on a choice of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dispute {
    pub(crate) target: String,
    pub(crate) layer: String,
    pub(crate) feature: String,
    /// Each choice in words, with its change.
    pub(crate) sides: Vec<(String, Estimate)>,
}

impl Dispute {
    /// Whether one choice says enhanced where another says suppressed.
    pub(crate) fn is_opposite(&self) -> bool {
        let has = |sign: i8| self.sides.iter().any(|(_, e)| e.verdict() == sign);
        has(1) && has(-1)
    }
}

/// The verdicts that differ between families of the same runs: other
/// scalings, other test stimuli.
pub(crate) fn disputes(families: &[Family]) -> Vec<Dispute> {
    let mut found = Vec::new();
    let judged: Vec<&Family> = families
        .iter()
        .filter(|family| family.common.split_kind != BY_MEMORY)
        .collect();
    for (number, first) in judged.iter().enumerate() {
        let alike =
            |other: &&&Family| other.key.apart_from_choices() == first.key.apart_from_choices();
        // each group of families is judged once, by its first
        if judged.iter().take(number).any(|other| alike(&other)) {
            continue;
        }
        let group: Vec<&&Family> = judged.iter().filter(alike).collect();
        for target in &first.targets {
            for layer in &first.layers {
                for feature in &first.features {
                    let sides: Vec<(String, Estimate)> = group
                        .iter()
                        .filter(|family| !family.is_at_ceiling(target, layer, feature))
                        .filter_map(|family| {
                            let change = family.change(target, layer, feature)?;
                            Some((family.label.clone(), change))
                        })
                        .collect();
                    let verdicts = || sides.iter().map(|(_, change)| change.verdict());
                    if verdicts().any(|verdict| Some(verdict) != verdicts().next()) {
                        found.push(Dispute {
                            target: target.clone(),
                            layer: layer.clone(),
                            feature: feature.clone(),
                            sides,
                        });
                    }
                }
            }
        }
    }
    found
}
