use proptest::prelude::*;

use super::slots::{Lifetime, assign};

proptest! {
    #[test]
    fn buffers_needed_at_once_never_share_a_slot(
        lives in prop::collection::vec((0..20usize, 0..6usize, 1..100usize), 0..30),
    ) {
        let lives: Vec<Lifetime> = lives
            .into_iter()
            .map(|(first, more, len)| Lifetime { first, last: first + more, len })
            .collect();
        let slots = assign(&lives);
        for (i, a) in lives.iter().enumerate() {
            for (j, b) in lives.iter().enumerate().skip(i + 1) {
                let together = a.first <= b.last && b.first <= a.last;
                prop_assert!(!together || slots[i] != slots[j]);
            }
        }
    }
}
