//! R^2 and its interval.
//!
//! linfa's `r2` compares with the mean of the test itself, which no decoder knows,
//! and adds 1e-10 to what it divides by. Here it is the training mean, and a
//! property may have two components. Where the two means agree, so do the two (a test
//! below).

use std::collections::BTreeMap;

use layerprobe_streams::StreamKey;

use crate::statistics::resampled_ratio;
use crate::{Interval, IntervalMethod};

/// One component's predictions and values on the rows that judge it, and its
/// training mean.
pub(super) struct Component {
    pub predicted: Vec<f64>,
    pub values: Vec<f64>,
    pub mean: f64,
}

/// The squared error of each row, and that of the training mean; components
/// summed.
pub(super) fn squares(components: &[Component]) -> Vec<(f64, f64)> {
    let rows = components.first().map_or(0, |c| c.values.len());
    let mut squares = vec![(0.0, 0.0); rows];
    for component in components {
        for (((error, spread), predicted), value) in squares
            .iter_mut()
            .zip(&component.predicted)
            .zip(&component.values)
        {
            *error += (value - predicted).powi(2);
            *spread += (value - component.mean).powi(2);
        }
    }
    squares
}

/// 1 - squared errors / those of the mean; 0 where the mean is never wrong, not a
/// number where one of the two is none.
pub(super) fn r2(squares: &[(f64, f64)]) -> f64 {
    let errors: f64 = squares.iter().map(|(error, _)| error).sum();
    let spread: f64 = squares.iter().map(|(_, spread)| spread).sum();
    match spread == 0.0 {
        true => 0.0,
        false => 1.0 - errors / spread,
    }
}

/// The 95 % percentile interval of R^2 over groups drawn with replacement; a draw in
/// which the mean is never wrong counts as 0, as it does in [`r2`]. None with one group.
pub(super) fn r2_interval(
    squares: &[(f64, f64)],
    groups: &[u32],
    resamples: usize,
    key: StreamKey,
) -> Option<Interval> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for ((error, spread), &group) in squares.iter().zip(groups) {
        let sum = sums.entry(group).or_default();
        sum.0 += error;
        sum.1 += spread;
    }
    let clusters: Vec<(f64, f64)> = sums.into_values().collect();
    if clusters.len() < 2 {
        return None;
    }
    let (low, high) = resampled_ratio(&clusters, resamples, key, 1.0);
    Some(Interval {
        lower: 1.0 - high,
        upper: 1.0 - low,
        n_clusters: clusters.len(),
        method: IntervalMethod::ClusterBootstrap,
    })
}

#[cfg(test)]
mod tests {
    use linfa::prelude::SingleTargetRegression;
    use ndarray::Array1;

    use super::*;

    #[test]
    fn it_is_that_of_linfa_where_the_means_agree() {
        let values: Vec<f64> = (0..50).map(|row| f64::from(row * row % 17)).collect();
        let off = |row: usize| [0.5, -2.0, 1.25][row % 3];
        let predicted = values.iter().enumerate().map(|(row, x)| x + off(row));
        let predicted: Vec<f64> = predicted.collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let of = |mean: f64| {
            let (predicted, values) = (predicted.clone(), values.clone());
            r2(&squares(&[Component {
                predicted,
                values,
                mean,
            }]))
        };
        let linfa = Array1::from(predicted.clone()).r2(&Array1::from(values.clone()));
        let linfa = linfa.unwrap();
        assert!((of(mean) - linfa).abs() < 1e-12, "{} {linfa}", of(mean));
        assert!(linfa > 0.8 && linfa < 0.99, "{linfa}");
        // further from the values than their own mean, a training mean is easier to beat
        assert!(of(mean + 1.0) > linfa);
    }

    #[test]
    fn the_mean_is_chance_and_components_share_a_sum() {
        let mean = Component {
            predicted: vec![2.0; 3],
            values: vec![1.0, 2.0, 6.0],
            mean: 2.0,
        };
        assert_eq!(r2(&squares(std::slice::from_ref(&mean))), 0.0);
        let exact = Component {
            predicted: vec![1.0, -1.0, 1.0],
            values: vec![1.0, -1.0, 1.0],
            mean: 0.0,
        };
        // errors 17, spread 17 + 3
        assert_eq!(r2(&squares(&[mean, exact])), 1.0 - 17.0 / 20.0);
        assert_eq!(r2(&[(0.0, 0.0)]), 0.0);
        assert!(r2(&[(1.0, f64::NAN)]).is_nan());
    }

    #[test]
    fn draws_in_which_the_mean_is_never_wrong_have_an_r2() {
        // one group in three differs from the mean: 8 draws in 27 have none of it
        let squares = [(0.5, 2.0), (0.0, 0.0), (0.25, 0.0)];
        let found = r2_interval(&squares, &[0, 1, 2], 2000, StreamKey::from_seed(2)).unwrap();
        assert!(found.lower.is_finite() && found.upper.is_finite());
        assert!((-1.0..=1.0).contains(&found.lower), "{found:?}");
        let never = r2_interval(
            &[(0.0, 0.0); 4],
            &[0, 0, 1, 1],
            100,
            StreamKey::from_seed(2),
        )
        .unwrap();
        assert_eq!((never.lower, never.upper), (0.0, 0.0));
    }

    #[test]
    fn the_interval_is_over_whole_groups() {
        // two stimuli a group; groups differ, stimuli of one do not
        let squares: Vec<(f64, f64)> = (0..200).map(|row| (((row / 2) % 3) as f64, 4.0)).collect();
        let groups: Vec<u32> = (0..200).map(|row| row / 2).collect();
        let found = r2_interval(&squares, &groups, 2000, StreamKey::from_seed(1)).unwrap();
        assert_eq!(found.n_clusters, 100);
        let one = r2_interval(&squares, &[7; 200], 2000, StreamKey::from_seed(1));
        assert_eq!(one, None);
        let share = r2(&squares);
        // mean of 100 errors of deviation 0.82, over a spread of 4
        let half = 1.96 * 0.82 / 10.0 / 4.0;
        assert!((found.lower - (share - half)).abs() < 0.01, "{found:?}");
        assert!((found.upper - (share + half)).abs() < 0.01, "{found:?}");
    }
}
