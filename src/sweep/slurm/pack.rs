//! Which cells share a task.

use std::cmp::Reverse;

/// Packs cells by their seconds into tasks with room for so many: the longest
/// first, each into the first task that has room for it (first fit decreasing,
/// which takes at most 11/9 of the fewest tasks possible, and one more). Cells of
/// unknown time, and those that take longer than a task has room for, have one of
/// their own. The same cells give the same tasks; each lists its cells in the
/// order they are run, the longest first, and the fullest come first.
pub fn pack(seconds: &[Option<f64>], room: f64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..seconds.len()).collect();
    let time = |cell: &usize| seconds.get(*cell).copied().flatten();
    // unknown is thought long; the sort is stable, equals stay in their order
    let length = |cell: &usize| time(cell).unwrap_or(f64::INFINITY).max(0.0).to_bits();
    order.sort_by_key(|cell| Reverse(length(cell)));
    let mut tasks: Vec<(f64, Vec<usize>)> = Vec::new();
    for cell in order {
        let long = time(&cell).unwrap_or(f64::INFINITY).max(0.0);
        match tasks.iter_mut().find(|(full, _)| full + long <= room) {
            Some((full, cells)) => {
                *full += long;
                cells.push(cell);
            }
            None => tasks.push((long, vec![cell])),
        }
    }
    tasks.into_iter().map(|(_, cells)| cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_come_first_and_short_ones_fill_up() {
        let seconds = [10.0, 50.0, 30.0, 20.0, 60.0, 10.0].map(Some);
        assert_eq!(pack(&seconds, 60.0), [vec![4], vec![1, 0], vec![2, 3, 5]]);
    }

    #[test]
    fn unknown_and_long_cells_stand_alone() {
        let seconds = [Some(5.0), None, Some(500.0), None, Some(5.0)];
        assert_eq!(
            pack(&seconds, 60.0),
            [vec![1], vec![3], vec![2], vec![0, 4]]
        );
        assert!(pack(&[], 60.0).is_empty());
    }

    #[test]
    fn equals_keep_their_order() {
        assert_eq!(
            pack(&[Some(30.0); 5], 60.0),
            [vec![0, 1], vec![2, 3], vec![4]]
        );
    }

    proptest! {
        #[test]
        fn every_cell_has_one_task_and_no_task_is_too_full(
            seconds in proptest::collection::vec(proptest::option::of(0.0..100.0f64), 0..60),
        ) {
            let tasks = pack(&seconds, 60.0);
            let mut all: Vec<usize> = tasks.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..seconds.len()).collect::<Vec<_>>());
            for task in tasks {
                let full: f64 = task.iter().map(|c| seconds[*c].unwrap_or(f64::INFINITY)).sum();
                prop_assert!(task.len() == 1 || full <= 60.0);
            }
        }
    }
}
