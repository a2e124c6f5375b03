//! Labels that belong to whole combinations, dealt out anew.

use std::collections::BTreeMap;

use layerprobe_streams::Stream;

use crate::{ProbeError, ProbeTask};

/// Each group's label, in the groups' order: one list a stratum, all groups in one
/// where there are no strata.
#[derive(Clone, Debug)]
pub(crate) struct Hands(Vec<BTreeMap<u32, u32>>);

impl Hands {
    /// The labels of a task's groups among `rows`; `strata` has the stratum of each row
    /// of the layer.
    pub fn of(
        task: &ProbeTask<'_>,
        groups: &[u32],
        strata: Option<&[u32]>,
        rows: &[usize],
    ) -> Result<Self, ProbeError> {
        let mut labels: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for &row in rows {
            let (group, label) = (groups[row], task.labels[row]);
            let stratum = strata.map_or(0, |strata| strata[row]);
            let first = *labels.entry(group).or_insert((stratum, label));
            if first.1 != label {
                return Err(ProbeError::MixedGroup {
                    feature: task.feature.to_owned(),
                    group,
                    labels: (first.1, label),
                });
            }
            if first.0 != stratum {
                return Err(ProbeError::MixedStrata {
                    group,
                    strata: (first.0, stratum),
                });
            }
        }
        let mut hands: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
        for (group, (stratum, label)) in labels {
            hands.entry(stratum).or_default().insert(group, label);
        }
        Ok(Self(hands.into_values().collect()))
    }

    /// Whether dealing can change anything: some groups that trade with each other have
    /// different labels.
    pub fn vary(&self) -> bool {
        self.0.iter().any(|hand| {
            let mut labels = hand.values();
            let first = labels.next();
            labels.any(|label| Some(label) != first)
        })
    }

    /// Gives the groups each other's labels, within their stratum: every label stays as
    /// frequent as it was among its groups. Writes the new label of each of `rows`.
    ///
    /// Two features over the same groups are dealt out alike from equal streams.
    pub fn deal(&self, groups: &[u32], rows: &[usize], mut stream: Stream, labels: &mut [u32]) {
        let mut dealt: BTreeMap<u32, u32> = BTreeMap::new();
        for hand in &self.0 {
            let mut cards: Vec<u32> = hand.values().copied().collect();
            stream.shuffle(&mut cards);
            dealt.extend(hand.keys().copied().zip(cards));
        }
        for &row in rows {
            if let Some(&label) = dealt.get(&groups[row]) {
                labels[row] = label;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprobe_streams::StreamKey;

    fn task(labels: &[u32]) -> ProbeTask<'_> {
        ProbeTask {
            feature: "color",
            classes: 3,
            labels,
            test: &[],
        }
    }

    #[test]
    fn whole_groups_change_labels_and_frequencies_stay() {
        let groups: Vec<u32> = (0..60).map(|row| row / 4).collect();
        let labels: Vec<u32> = groups.iter().map(|group| (group % 4).min(2)).collect();
        let rows: Vec<usize> = (4..60).collect();
        let own = Hands::of(&task(&labels), &groups, None, &rows).unwrap();
        assert!(own.vary());
        let mut dealt = labels.clone();
        let stream = StreamKey::from_seed(1).at(0);
        own.deal(&groups, &rows, stream, &mut dealt);
        assert_ne!(labels, dealt);
        assert_eq!(labels[..4], dealt[..4], "rows not named stay");
        for class in 0..3 {
            let count = |labels: &[u32]| labels.iter().filter(|&&l| l == class).count();
            assert_eq!(count(&labels), count(&dealt));
        }
        assert!(dealt[4..].chunks(4).all(|group| group == [group[0]; 4]));
        // one stratum is none
        let whole = Hands::of(&task(&labels), &groups, Some(&[7; 60]), &rows).unwrap();
        let mut again = labels.clone();
        whole.deal(&groups, &rows, StreamKey::from_seed(1).at(0), &mut again);
        assert_eq!(again, dealt);
    }

    #[test]
    fn labels_stay_within_their_stratum() {
        // two strata, in which the label is drawn unequally; 40 groups of 2
        let groups: Vec<u32> = (0..80).map(|row| row / 2).collect();
        let strata: Vec<u32> = groups.iter().map(|group| group % 2).collect();
        let labels: Vec<u32> = groups
            .iter()
            .map(|group| match group % 2 {
                0 => u32::from(group % 10 == 0),
                _ => 2 - u32::from(group % 10 == 1),
            })
            .collect();
        let rows: Vec<usize> = (0..80).collect();
        let own = Hands::of(&task(&labels), &groups, Some(&strata), &rows).unwrap();
        let mut dealt = labels.clone();
        own.deal(&groups, &rows, StreamKey::from_seed(2).at(0), &mut dealt);
        assert_ne!(labels, dealt);
        for stratum in 0..2 {
            for class in 0..3 {
                let count = |labels: &[u32]| {
                    let both = labels.iter().zip(&strata);
                    both.filter(|&both| both == (&class, &stratum)).count()
                };
                assert_eq!(count(&labels), count(&dealt));
            }
        }
        // a stratum for each label leaves nothing to deal
        let alone = Hands::of(&task(&labels), &groups, Some(&labels), &rows).unwrap();
        assert!(!alone.vary());
        let split: Vec<u32> = (0..80).map(|row| row % 2).collect();
        let error = Hands::of(&task(&labels), &groups, Some(&split), &rows).unwrap_err();
        assert!(error.to_string().contains("group 0"), "{error}");
    }

    #[test]
    fn a_group_of_two_labels_is_refused() {
        let error = Hands::of(&task(&[1, 1, 2]), &[0, 3, 3], None, &[0, 1, 2]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("group 3 has stimuli of class 1 and of class 2"),
            "{error}"
        );
    }
}
