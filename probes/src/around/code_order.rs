//! In which order a feature's labels are sent.

use std::collections::{BTreeMap, BTreeSet};

use layerprobe_streams::Stream;

use crate::ProbeTask;

/// Prefixes end after these shares of the combinations, in 32nds.
const SCHEDULE: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// A task and one of its classes.
type Class = (usize, u32);

/// Rows in blocks of whole combinations: the rows in their order, and how many
/// of them each prefix has. The last prefix is everything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blocks {
    pub rows: Vec<usize>,
    pub ends: Vec<usize>,
}

impl Blocks {
    /// Combinations in a random order, but that the first block holds every
    /// class of every task: it starts with combinations that each bring as
    /// many missing classes as any other, the first drawn among equals.
    pub fn draw(
        groups: &[u32],
        train: &[usize],
        tasks: &[ProbeTask<'_>],
        mut stream: Stream,
    ) -> Self {
        let mut rows_of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for &row in train {
            rows_of.entry(groups[row]).or_default().push(row);
        }
        let classes = |rows: &[usize]| -> BTreeSet<Class> {
            let of_task = |(number, task): (usize, &ProbeTask<'_>)| {
                let labels: Vec<_> = rows.iter().map(|&r| (number, task.labels[r])).collect();
                labels
            };
            tasks.iter().enumerate().flat_map(of_task).collect()
        };
        let mut open: Vec<(BTreeSet<Class>, Vec<usize>)> = rows_of
            .into_values()
            .map(|mut rows| {
                rows.sort_unstable();
                (classes(&rows), rows)
            })
            .collect();
        stream.shuffle(&mut open);
        let total = open.len();
        let mut missing = classes(train);
        let mut ordered: Vec<Vec<usize>> = Vec::with_capacity(total);
        while !missing.is_empty() {
            let mut best = (0, 0);
            for (place, (own, _)) in open.iter().enumerate() {
                let brought = own.intersection(&missing).count();
                if brought > best.1 {
                    best = (place, brought);
                }
            }
            if best.1 == 0 {
                break;
            }
            let (own, rows) = open.remove(best.0);
            missing.retain(|class| !own.contains(class));
            ordered.push(rows);
        }
        let first = ordered.len();
        ordered.extend(open.into_iter().map(|(_, rows)| rows));
        let mut ends: Vec<usize> = SCHEDULE
            .iter()
            .map(|share| (share * total).div_ceil(32).max(first))
            .collect();
        ends.dedup();
        let mut counted = vec![0];
        for rows in &ordered {
            counted.push(counted[counted.len() - 1] + rows.len());
        }
        Self {
            ends: ends.into_iter().map(|end| counted[end]).collect(),
            rows: ordered.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprobe_streams::StreamKey;

    #[test]
    fn the_first_block_has_every_class_and_blocks_double() {
        // 7 x 7 x 7 combinations of 2 stimuli
        let groups: Vec<u32> = (0..686).map(|row| row / 2).collect();
        let labels = [49, 7, 1]
            .map(|stride| -> Vec<u32> { groups.iter().map(|group| group / stride % 7).collect() });
        let tasks = labels.each_ref().map(|labels| ProbeTask {
            feature: "shape",
            classes: 7,
            labels,
            test: &[],
        });
        let train: Vec<usize> = (0..686).collect();
        let draw = |order| {
            let stream = StreamKey::from_seed(1).at(order);
            Blocks::draw(&groups, &train, &tasks, stream)
        };
        let mut seen = Vec::new();
        for order in 0..5 {
            let blocks = draw(order);
            assert_eq!(blocks.ends, [22, 44, 86, 172, 344, 686]);
            for labels in &labels {
                let first: BTreeSet<u32> = blocks.rows[..22].iter().map(|&r| labels[r]).collect();
                assert_eq!(first.len(), 7);
            }
            let mut all = blocks.rows.clone();
            all.sort_unstable();
            assert_eq!(all, train);
            assert!(blocks.ends.iter().all(|&end| {
                end == 686 || groups[blocks.rows[end - 1]] != groups[blocks.rows[end]]
            }));
            assert!(!seen.contains(&blocks.rows));
            seen.push(blocks.rows);
        }
        assert_eq!(draw(3), draw(3));
    }

    #[test]
    fn a_first_block_larger_than_the_schedule_swallows_its_steps() {
        // 8 combinations, each a class of its own but the last two
        let labels: Vec<u32> = (0..8).map(|row| row.min(6)).collect();
        let groups: Vec<u32> = (0..8).collect();
        let task = ProbeTask {
            feature: "color",
            classes: 7,
            labels: &labels,
            test: &[],
        };
        let rows: Vec<usize> = (0..8).collect();
        let stream = StreamKey::from_seed(1).at(0);
        assert_eq!(Blocks::draw(&groups, &rows, &[task], stream).ends, [7, 8]);
    }
}
