use proptest::prelude::*;

use super::arena::{Lifetime, place};

proptest! {
    #[test]
    fn buffers_needed_at_once_never_overlap(
        lives in prop::collection::vec((0..20usize, 0..6usize, 1..100usize), 0..30),
        n in 1..4usize,
    ) {
        let lives: Vec<Lifetime> = lives
            .into_iter()
            .map(|(first, more, len)| Lifetime { first, last: first + more, len })
            .collect();
        let (regions, total) = place(&lives);
        for (i, a) in lives.iter().enumerate() {
            let range = regions[i].range(n);
            prop_assert_eq!(range.len(), a.len * n);
            prop_assert!(range.end <= total * n);
            for (j, b) in lives.iter().enumerate().filter(|(j, _)| *j != i) {
                let other = regions[j].range(n);
                let touching = range.start < other.end && other.start < range.end;
                let together = a.first <= b.last && b.first <= a.last;
                prop_assert!(!(touching && together));
                prop_assert!(!(touching && regions[i].exclusive));
            }
        }
    }
}
