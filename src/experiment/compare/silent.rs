//! Stimuli that leave a whole layer silent: their correlation with other stimuli is
//! undefined.

use std::collections::BTreeSet;

use super::networks::Network;

/// The largest share of stimuli that may be left out: one in so many.
const ONE_IN: usize = 10;

/// A layer of a network that is silent for some stimuli.
pub(super) struct SilentLayer {
    /// Its network, in words.
    pub(super) group: String,
    /// The network's condition.
    pub(super) condition: String,
    /// Its step.
    pub(super) step: Option<u64>,
    pub(super) layer: String,
    /// These stimuli.
    pub(super) rows: Vec<usize>,
}

/// What of a comparison is measured: the same stimuli for all layers.
pub(super) struct Chosen {
    pub(super) rows: Vec<usize>,
    /// Layers left out: condition, step and name.
    left_out: BTreeSet<(String, Option<u64>, String)>,
}

impl Chosen {
    /// All stimuli and layers.
    pub(super) fn everything(stimuli: usize) -> Self {
        Self {
            rows: (0..stimuli).collect(),
            left_out: BTreeSet::new(),
        }
    }

    /// Leaves out every stimulus for which a layer is silent, and so that these are
    /// no more than a tenth, before them the layers that are silent most often. Says
    /// what is left out.
    pub(super) fn without(mut silent: Vec<SilentLayer>, stimuli: usize) -> (Self, Vec<String>) {
        silent.sort_by_key(|layer| std::cmp::Reverse(layer.rows.len()));
        let mut chosen = Self::everything(stimuli);
        let mut told = Vec::new();
        let mut kept = silent.as_slice();
        let lost = loop {
            let lost: BTreeSet<usize> = kept.iter().flat_map(|l| &l.rows).copied().collect();
            let Some((worst, rest)) = kept.split_first() else {
                break lost;
            };
            if lost.len() * ONE_IN <= stimuli {
                break lost;
            }
            told.push(format!(
                "{}, {} ({}) is left out: all its units are alike for {} of {stimuli} stimuli",
                worst.group,
                worst.layer,
                worst.condition,
                worst.rows.len()
            ));
            let place = (worst.condition.clone(), worst.step, worst.layer.clone());
            chosen.left_out.insert(place);
            kept = rest;
        };
        if !lost.is_empty() {
            let (layers, lost) = (kept.len(), lost.len());
            told.push(format!(
                "{lost} of {stimuli} stimuli are left out of all layers: all units of a layer are alike for them, in {layers} layers"
            ));
        }
        chosen.rows.retain(|row| !lost.contains(row));
        (chosen, told)
    }

    /// The layers of a network that are measured.
    pub(super) fn layers_of(&self, network: &Network, layers: &[String]) -> Vec<String> {
        let (condition, step) = (&network.row.condition, network.row.step);
        let layers = layers.iter();
        let measured = layers.filter(|layer| self.has(condition, step, layer));
        measured.cloned().collect()
    }

    /// Whether a layer is measured.
    pub(super) fn has(&self, condition: &str, step: Option<u64>, layer: &str) -> bool {
        let place = (condition.to_owned(), step, layer.to_owned());
        !self.left_out.contains(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(condition: &str, rows: impl IntoIterator<Item = usize>) -> SilentLayer {
        SilentLayer {
            group: "shape".to_owned(),
            condition: condition.to_owned(),
            step: Some(540),
            layer: "fc6".to_owned(),
            rows: rows.into_iter().collect(),
        }
    }

    #[test]
    fn few_silent_stimuli_go_and_layers_that_are_silent_often() {
        let (chosen, told) = Chosen::without(vec![layer("a", [3]), layer("b", [3, 7])], 100);
        assert_eq!(chosen.rows.len(), 98);
        assert!(chosen.left_out.is_empty());
        assert!(
            told[0].starts_with("2 of 100 stimuli are left out"),
            "{told:?}"
        );
        let silent = vec![layer("a", [3]), layer("b", 0..40), layer("c", 50..60)];
        let (chosen, told) = Chosen::without(silent, 100);
        // b takes too many along, and c one too many beside a
        let left_out: Vec<&str> = chosen.left_out.iter().map(|(c, ..)| &**c).collect();
        assert_eq!((left_out, chosen.rows.len()), (vec!["b", "c"], 99));
        assert!(told[0].contains("(b) is left out") && told[0].contains("40 of 100"));
        assert_eq!(told.len(), 3);
    }
}
