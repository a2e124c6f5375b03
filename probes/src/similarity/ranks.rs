use rayon::prelude::*;

/// Twice the rank of each value among all, from 2 for the smallest; equal
/// values share their mean rank (which twice makes whole).
///
/// The order is that of `f64`, distances being neither NaN nor -0.
pub(super) fn doubled_ranks(values: &[f64]) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = values
        .par_iter()
        .zip(0..values.len() as u32)
        .map(|(&value, place)| (value.to_bits(), place))
        .collect();
    // the bits of numbers from 0 up are in the numbers' order
    order.par_sort_unstable();
    let mut ranks = vec![0u32; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        // ranks first + 1 to first + len
        let doubled = (2 * first + tied.len() + 1) as u32;
        for &(_, place) in tied {
            ranks[place as usize] = doubled;
        }
        first += tied.len();
    }
    ranks
}

/// Classes in which neighboring ranks are taken together.
pub(super) const CLASSES: usize = 1024;

/// The class of each rank: one for each different rank if there are no more
/// than [`CLASSES`] of them, else classes of equally many ranks.
pub(super) fn classes(doubled_ranks: &[u32]) -> Vec<u16> {
    let mut different = vec![false; 2 * doubled_ranks.len() + 1];
    for &rank in doubled_ranks {
        different[rank as usize] = true;
    }
    if different.iter().filter(|&&seen| seen).count() <= CLASSES {
        let mut next = 0u16;
        let dense: Vec<u16> = different
            .iter()
            .map(|&seen| {
                next += u16::from(seen);
                next.saturating_sub(1)
            })
            .collect();
        let class = |&rank: &u32| dense[rank as usize];
        return doubled_ranks.iter().map(class).collect();
    }
    // 2 to 2 n become 0 to below CLASSES
    let span = 2 * doubled_ranks.len() as u64 - 1;
    let class = |&rank: &u32| ((u64::from(rank) - 2) * CLASSES as u64 / span) as u16;
    doubled_ranks.par_iter().map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        // ranks 3.5, 1.5, 3.5, 5, 1.5
        let found = doubled_ranks(&[2.0, 0.0, 2.0, 7.5, 0.0]);
        assert_eq!(found, [7, 3, 7, 10, 3]);
        assert_eq!(classes(&found), [1, 0, 1, 2, 0]);
    }

    #[test]
    fn many_ranks_fill_all_classes_evenly() {
        let values: Vec<f64> = (0..20_480).map(|k| f64::from(k * 7919 % 20_480)).collect();
        let ranks = doubled_ranks(&values);
        let found = classes(&ranks);
        let mut counts = vec![0; CLASSES];
        for (&class, value) in found.iter().zip(&values) {
            counts[usize::from(class)] += 1;
            assert!((f64::from(class) - value / 20.0).abs() <= 1.0);
        }
        assert!(counts.iter().all(|&count| (19..=21).contains(&count)));
    }
}
