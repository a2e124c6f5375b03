use std::collections::BTreeMap;

use layerprobe_streams::StreamKey;

/// Sets whole groups aside, balanced over the classes of several features at
/// once.
///
/// `groups` and each of `labels` have one entry a row. About
/// `fraction * (number of groups)` groups are chosen, at least one and never
/// all. From an order drawn from `key` each step takes the group that brings
/// the chosen rows' class counts, over all features, nearest to `fraction` of
/// the whole: the least `sum of (count - wanted)^2 / wanted` after the step,
/// the first in the drawn order among equals. Returns the chosen groups in
/// ascending order.
///
/// ```
/// use layerprobe_probes::select_groups;
/// use layerprobe_streams::StreamKey;
///
/// // nine combinations of 3 shapes and 3 colors, two stimuli each
/// let groups: Vec<u32> = (0..18).map(|row| row / 2).collect();
/// let shape: Vec<u32> = groups.iter().map(|group| group / 3).collect();
/// let color: Vec<u32> = groups.iter().map(|group| group % 3).collect();
/// let key = StreamKey::from_seed(0).derive("probe/split");
/// let chosen = select_groups(&groups, &[&shape, &color], 1.0 / 3.0, key);
/// // one combination of each shape, and one of each color
/// assert_eq!(chosen.len(), 3);
/// assert_eq!(chosen.iter().map(|group| group / 3).sum::<u32>(), 3);
/// assert_eq!(chosen.iter().map(|group| group % 3).sum::<u32>(), 3);
/// ```
///
/// # Panics
/// If a feature's labels are not as many as `groups`.
pub fn select_groups(groups: &[u32], labels: &[&[u32]], fraction: f64, key: StreamKey) -> Vec<u32> {
    for feature in labels {
        assert_eq!(feature.len(), groups.len(), "one label a row");
    }
    // cells number the (feature, class) pairs; each group counts its rows in them
    let mut cells: BTreeMap<(usize, u32), usize> = BTreeMap::new();
    for (feature, labels) in labels.iter().enumerate() {
        for &label in *labels {
            cells.insert((feature, label), 0);
        }
    }
    for (number, cell) in cells.values_mut().enumerate() {
        *cell = number;
    }
    let mut wanted = vec![0.0; cells.len()];
    let mut counts: BTreeMap<u32, BTreeMap<usize, f64>> = BTreeMap::new();
    for (row, &group) in groups.iter().enumerate() {
        let counts = counts.entry(group).or_default();
        for (feature, labels) in labels.iter().enumerate() {
            let cell = cells[&(feature, labels[row])];
            *counts.entry(cell).or_default() += 1.0;
            wanted[cell] += fraction;
        }
    }
    let mut open: Vec<(u32, BTreeMap<usize, f64>)> = counts.into_iter().collect();
    let number = ((fraction * open.len() as f64).round() as usize)
        .max(1)
        .min(open.len().saturating_sub(1));
    key.at(0).shuffle(&mut open);
    let mut have = vec![0.0; wanted.len()];
    let mut chosen = Vec::with_capacity(number);
    for _ in 0..number {
        let mut best: Option<(usize, f64)> = None;
        for (place, (_, counts)) in open.iter().enumerate() {
            let change: f64 = counts
                .iter()
                .map(|(&cell, &more)| {
                    more * (more + 2.0 * (have[cell] - wanted[cell])) / wanted[cell]
                })
                .sum();
            if best.is_none_or(|(_, least)| change < least - 1e-9) {
                best = Some((place, change));
            }
        }
        let Some((place, _)) = best else { break };
        let (group, counts) = open.remove(place);
        for (cell, more) in counts {
            have[cell] += more;
        }
        chosen.push(group);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full_design() -> (Vec<u32>, [Vec<u32>; 3]) {
        let groups: Vec<u32> = (0..3430).map(|row| row / 10).collect();
        let labels = [49, 7, 1].map(|stride| groups.iter().map(|g| g / stride % 7).collect());
        (groups, labels)
    }

    #[test]
    fn a_fifth_of_the_full_design_is_balanced_over_all_features() {
        let (groups, labels) = full_design();
        let labels: Vec<&[u32]> = labels.iter().map(|l| l.as_slice()).collect();
        let chosen = select_groups(&groups, &labels, 0.2, StreamKey::from_seed(1));
        assert_eq!(chosen.len(), 69);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        for stride in [49, 7, 1] {
            let mut counts = [0; 7];
            for group in &chosen {
                counts[(group / stride % 7) as usize] += 1;
            }
            assert!(counts.iter().all(|c| (9..=11).contains(c)), "{counts:?}");
        }
    }

    #[test]
    fn the_choice_depends_on_the_key_and_not_on_row_order() {
        let (groups, labels) = full_design();
        let of = |l: &[Vec<u32>; 3], g: &[u32], seed| {
            let l: Vec<&[u32]> = l.iter().map(|l| l.as_slice()).collect();
            select_groups(g, &l, 0.2, StreamKey::from_seed(seed))
        };
        let first = of(&labels, &groups, 1);
        assert_ne!(first, of(&labels, &groups, 2));
        let mut reversed = labels.clone();
        reversed.iter_mut().for_each(|l| l.reverse());
        let backwards: Vec<u32> = groups.iter().rev().copied().collect();
        assert_eq!(first, of(&reversed, &backwards, 1));
    }

    #[test]
    fn never_all_groups_and_none_of_one() {
        let key = StreamKey::from_seed(0);
        assert_eq!(select_groups(&[0, 1], &[&[0, 1]], 0.99, key).len(), 1);
        assert!(select_groups(&[5, 5], &[&[0, 1]], 0.5, key).is_empty());
        assert!(select_groups(&[], &[], 0.5, key).is_empty());
    }
}
