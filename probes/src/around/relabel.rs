//! Labels that belong to whole combinations, dealt out anew.

use std::collections::BTreeMap;

use layerprobe_streams::Stream;

use crate::{ProbeError, ProbeTask};

/// Each group's label among `rows`, in the groups' order.
pub(crate) fn labels_of_groups(
    task: &ProbeTask<'_>,
    groups: &[u32],
    rows: &[usize],
) -> Result<BTreeMap<u32, u32>, ProbeError> {
    let mut labels = BTreeMap::new();
    for &row in rows {
        let (group, label) = (groups[row], task.labels[row]);
        let first = *labels.entry(group).or_insert(label);
        if first != label {
            return Err(ProbeError::MixedGroup {
                feature: task.feature.to_owned(),
                group,
                labels: (first, label),
            });
        }
    }
    Ok(labels)
}

/// Gives the groups each other's labels: every label stays as frequent as it
/// was among the groups. Writes the new label of each of `rows`.
///
/// Two features over the same groups are dealt out alike from equal streams.
pub(crate) fn deal(
    of_groups: &BTreeMap<u32, u32>,
    groups: &[u32],
    rows: &[usize],
    mut stream: Stream,
    labels: &mut [u32],
) {
    let mut dealt: Vec<u32> = of_groups.values().copied().collect();
    stream.shuffle(&mut dealt);
    let dealt: BTreeMap<u32, u32> = of_groups.keys().copied().zip(dealt).collect();
    for &row in rows {
        if let Some(&label) = dealt.get(&groups[row]) {
            labels[row] = label;
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
        let own = labels_of_groups(&task(&labels), &groups, &rows).unwrap();
        let mut dealt = labels.clone();
        let stream = StreamKey::from_seed(1).at(0);
        deal(&own, &groups, &rows, stream, &mut dealt);
        assert_ne!(labels, dealt);
        assert_eq!(labels[..4], dealt[..4], "rows not named stay");
        for class in 0..3 {
            let count = |labels: &[u32]| labels.iter().filter(|&&l| l == class).count();
            assert_eq!(count(&labels), count(&dealt));
        }
        assert!(dealt[4..].chunks(4).all(|group| group == [group[0]; 4]));
    }

    #[test]
    fn a_group_of_two_labels_is_refused() {
        let error = labels_of_groups(&task(&[1, 1, 2]), &[0, 3, 3], &[0, 1, 2]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("group 3 has stimuli of class 1 and of class 2"),
            "{error}"
        );
    }
}
