//! Small statistics around an accuracy.

use std::collections::BTreeMap;

use layerprobe_streams::StreamKey;
use rayon::prelude::*;

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// An interval around an estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Number of groups that were resampled (or counted, for a Wilson bound).
    pub n_clusters: usize,
    /// How it was made.
    pub method: IntervalMethod,
}

/// How an [`Interval`] was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalMethod {
    /// Percentile bootstrap over whole groups.
    ClusterBootstrap,
    /// Wilson's score interval with each group as one observation: where the
    /// estimate is 0 or 1, or there is one group, and a bootstrap has nothing to vary.
    WilsonOnClusters,
}

/// The 95 % interval of an accuracy over resampled groups.
///
/// Stimuli of one group (one combination of feature values) stand and fall
/// together, so whole groups are drawn with replacement, as many as there
/// are; an accuracy is computed from each draw and the interval runs between
/// the 2.5 % and 97.5 % quantiles (linear between order statistics). Resample
/// number `i` draws from `key`'s stream `i`: two layers judged with one key
/// see the same draws. Where all stimuli are right, or all wrong, or all of one
/// group, resampling has nothing to vary: [`wilson_interval`] with each group as
/// one observation takes its place.
///
/// ```
/// use layerprobe_probes::cluster_bootstrap;
/// use layerprobe_streams::StreamKey;
///
/// let groups: Vec<u32> = (0..400).map(|row| row / 4).collect();
/// let correct: Vec<bool> = (0..400).map(|row| row % 4 != 0).collect();
/// let interval = cluster_bootstrap(&correct, &groups, 1000, StreamKey::from_seed(0));
/// // every group is right three times in four: resampling groups changes nothing
/// assert_eq!((interval.lower, interval.upper), (0.75, 0.75));
/// assert_eq!(interval.n_clusters, 100);
/// ```
///
/// # Panics
/// If there is no stimulus, no resample, or the two slices differ in length.
pub fn cluster_bootstrap(
    correct: &[bool],
    groups: &[u32],
    resamples: usize,
    key: StreamKey,
) -> Interval {
    assert_eq!(correct.len(), groups.len(), "one group a stimulus");
    assert!(
        !correct.is_empty() && resamples > 0,
        "something to resample"
    );
    let mut counts: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for (&right, &group) in correct.iter().zip(groups) {
        let (hits, size) = counts.entry(group).or_default();
        *hits += u32::from(right);
        *size += 1;
    }
    let clusters: Vec<(u32, u32)> = counts.into_values().collect();
    let n = clusters.len();
    let right = correct.iter().filter(|&&right| right).count();
    if right == 0 || right == correct.len() || n == 1 {
        let share = right as f64 / correct.len() as f64;
        let (lower, upper) = wilson_interval(share, n);
        return Interval {
            lower,
            upper,
            n_clusters: n,
            method: IntervalMethod::WilsonOnClusters,
        };
    }
    let clusters: Vec<(f64, f64)> = clusters
        .into_iter()
        .map(|(hits, size)| (f64::from(hits), f64::from(size)))
        .collect();
    let (lower, upper) = resampled_ratio(&clusters, resamples, key, 0.0);
    Interval {
        lower,
        upper,
        n_clusters: n,
        method: IntervalMethod::ClusterBootstrap,
    }
}

/// The 2.5 % and 97.5 % quantiles of `sum of first / sum of second` over
/// clusters drawn with replacement, as many as there are; `empty` is the ratio of a
/// draw whose second sum is 0.
pub(crate) fn resampled_ratio(
    clusters: &[(f64, f64)],
    resamples: usize,
    key: StreamKey,
    empty: f64,
) -> (f64, f64) {
    let n = clusters.len();
    let mut ratios: Vec<f64> = (0..resamples as u64)
        .into_par_iter()
        .map(|resample| {
            let mut stream = key.at(resample);
            let (mut first, mut second) = (0.0, 0.0);
            for _ in 0..n {
                let (a, b) = clusters[stream.below(n as u64) as usize];
                first += a;
                second += b;
            }
            match second == 0.0 {
                true => empty,
                false => first / second,
            }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    (quantile(&ratios, 0.025), quantile(&ratios, 0.975))
}

/// The `p` quantile of sorted values, linear between order statistics.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// Wilson's 95 % score interval of a share observed among `n` independent
/// observations (Wilson 1927).
///
/// ```
/// let (lower, upper) = layerprobe_probes::wilson_interval(1.0, 357);
/// assert!((lower - 0.989354).abs() < 1e-6);
/// assert_eq!(upper, 1.0);
/// ```
///
/// # Panics
/// If `n` is 0.
pub fn wilson_interval(share: f64, n: usize) -> (f64, f64) {
    assert!(n > 0, "a share of nothing has no interval");
    let n = n as f64;
    let denominator = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / denominator;
    let half = Z / denominator * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    // at the ends the formula gives 0 and 1 up to rounding
    let lower = if share == 0.0 { 0.0 } else { middle - half };
    let upper = if share == 1.0 { 1.0 } else { middle + half };
    (lower, upper)
}

/// Accuracy on `test` of always naming the most frequent class of `train`
/// (the lowest of equals); NaN if `test` is empty.
///
/// ```
/// assert_eq!(layerprobe_probes::majority_chance([2, 2, 1], [2, 1, 1, 1]), 0.25);
/// ```
pub fn majority_chance(
    train: impl IntoIterator<Item = u32>,
    test: impl IntoIterator<Item = u32>,
) -> f64 {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for label in train {
        *counts.entry(label).or_default() += 1;
    }
    let mut majority = None;
    for (&label, &count) in &counts {
        if majority.is_none_or(|(_, most)| count > most) {
            majority = Some((label, count));
        }
    }
    let (mut hits, mut total) = (0usize, 0usize);
    for label in test {
        hits += usize::from(majority.is_some_and(|(class, _)| class == label));
        total += 1;
    }
    hits as f64 / total as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_has_the_spread_of_clusters() {
        // 200 groups of 5, all right or all wrong: as good as 200 coin throws
        let groups: Vec<u32> = (0..1000).map(|row| row / 5).collect();
        let mut stream = StreamKey::from_seed(3).at(0);
        let coins: Vec<bool> = (0..200).map(|_| stream.bernoulli(0.7)).collect();
        let correct: Vec<bool> = groups.iter().map(|&g| coins[g as usize]).collect();
        let found = cluster_bootstrap(&correct, &groups, 4000, StreamKey::from_seed(4));
        let p = coins.iter().filter(|&&c| c).count() as f64 / 200.0;
        let half = Z * (p * (1.0 - p) / 200.0).sqrt();
        assert!((found.lower - (p - half)).abs() < 0.01, "{found:?}");
        assert!((found.upper - (p + half)).abs() < 0.01, "{found:?}");
        assert_eq!(found.method, IntervalMethod::ClusterBootstrap);
        assert_eq!(found.n_clusters, 200);
    }

    #[test]
    fn wilson_agrees_with_scipy() {
        let golden = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/golden/probes_wilson.csv"
        ));
        let mut checked = 0;
        for line in golden.lines().skip(1) {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            let [right, n, lower, upper] = cells[..] else {
                panic!("{line}");
            };
            let found = wilson_interval(right / n, n as usize);
            assert!((found.0 - lower).abs() < 1e-12, "{line}: {found:?}");
            assert!((found.1 - upper).abs() < 1e-12, "{line}: {found:?}");
            checked += 1;
        }
        assert_eq!(checked, 21);
    }

    #[test]
    fn at_the_ends_wilson_takes_over() {
        let groups: Vec<u32> = (0..100).map(|row| row / 10).collect();
        let all = cluster_bootstrap(&[true; 100], &groups, 100, StreamKey::from_seed(0));
        assert_eq!(all.method, IntervalMethod::WilsonOnClusters);
        assert_eq!(all.upper, 1.0);
        assert!((all.lower - 10.0 / (10.0 + Z * Z)).abs() < 1e-12);
        let none = cluster_bootstrap(&[false; 100], &groups, 100, StreamKey::from_seed(0));
        assert_eq!(none.lower, 0.0);
        assert!((none.upper - (1.0 - all.lower)).abs() < 1e-12);
    }

    #[test]
    fn one_group_is_one_observation() {
        let correct = [true, true, false, true];
        let found = cluster_bootstrap(&correct, &[7; 4], 100, StreamKey::from_seed(0));
        assert_eq!(found.method, IntervalMethod::WilsonOnClusters);
        assert_eq!(found.n_clusters, 1);
        // drawn again it is the same: as if it were known for sure
        assert_eq!((found.lower, found.upper), wilson_interval(0.75, 1));
        assert!(found.lower < 0.25 && found.upper > 0.95, "{found:?}");
    }

    #[test]
    fn quantiles_are_linear() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0], 0.5), 1.5);
        assert_eq!(quantile(&[7.0], 0.975), 7.0);
    }

    #[test]
    fn ties_of_the_majority_go_to_the_lowest() {
        assert_eq!(majority_chance([1, 0, 0, 1], [0, 1, 1]), 1.0 / 3.0);
        assert!(majority_chance([1], []).is_nan());
    }
}
