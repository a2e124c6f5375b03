//! What a probe reaches by chance: the same fits with labels dealt out anew.

use layerprobe_streams::StreamKey;

use super::relabel::Hands;
use crate::outcome::{Bits, Refit};
use crate::{ProbeError, ProbeTask};

/// A feature's probes of permuted labels.
///
/// Labels of whole combinations are permuted, separately in the training and
/// the test rows: stimuli of one combination stay together, and on both sides as many
/// combinations keep each class (as many stimuli, where combinations have equally
/// many). With [`Extras::strata`](crate::Extras::strata) combinations trade labels
/// within their stratum alone. Permutation `i` depends on its key, the combinations,
/// their strata and the labels alone, so it is the same one for every layer and checkpoint, and
/// maxima over them ([`null_maxima`]) are those of one world without the
/// feature.
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationNull {
    /// The feature.
    pub feature: String,
    /// Each permutation's probe, at the penalty chosen for the true labels.
    pub fits: Vec<Refit>,
    /// Each permutation's probe at the penalty that cross-entropy chose for the
    /// true labels, and what it seems to know of the permuted ones; empty where
    /// V-information was not asked for.
    pub fits_for_bits: Vec<Bits>,
}

/// A task's labels, to be permuted.
pub(crate) struct Permutable<'a> {
    task: ProbeTask<'a>,
    groups: &'a [u32],
    of_train: Hands,
    of_test: Hands,
}

impl<'a> Permutable<'a> {
    /// The labels of the training rows and of the task's test rows; `strata` has the
    /// stratum of each row of the layer.
    pub fn of(
        task: &ProbeTask<'a>,
        groups: &'a [u32],
        strata: Option<&[u32]>,
        train: &[usize],
    ) -> Result<Self, ProbeError> {
        let of_train = Hands::of(task, groups, strata, train)?;
        if !of_train.vary() {
            return Err(ProbeError::NothingToPermute {
                feature: task.feature.to_owned(),
            });
        }
        Ok(Self {
            task: *task,
            groups,
            of_train,
            of_test: Hands::of(task, groups, strata, task.test)?,
        })
    }

    /// `count` permuted labelings from number `start` on.
    pub fn labels(
        &self,
        train: &[usize],
        (start, count): (usize, usize),
        key: StreamKey,
    ) -> Vec<Vec<u32>> {
        let (groups, test) = (self.groups, self.task.test);
        (start..start + count)
            .map(|number| {
                let number = number as u64;
                let mut labels = self.task.labels.to_vec();
                let stream = key.derive("train").at(number);
                self.of_train.deal(groups, train, stream, &mut labels);
                let stream = key.derive("test").at(number);
                self.of_test.deal(groups, test, stream, &mut labels);
                labels
            })
            .collect()
    }
}

/// The maximum over a family of statistics in each permutation; `family` has
/// one list a statistic, each with one number a permutation.
///
/// Compared with these, one statistic's p-value holds for the whole family
/// (Westfall & Young 1993, single-step maxT).
///
/// ```
/// let maxima = layerprobe_probes::null_maxima(&[vec![0.1, 0.4], vec![0.3, 0.2]])?;
/// assert_eq!(maxima, [0.3, 0.4]);
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// If the lists differ in length.
pub fn null_maxima(family: &[Vec<f64>]) -> Result<Vec<f64>, ProbeError> {
    let permutations = family.first().map_or(0, Vec::len);
    let mut maxima = vec![f64::NEG_INFINITY; permutations];
    for statistic in family {
        if statistic.len() != permutations {
            return Err(ProbeError::Permutations {
                found: statistic.len(),
                expected: permutations,
            });
        }
        for (most, &value) in maxima.iter_mut().zip(statistic) {
            *most = most.max(value);
        }
    }
    Ok(maxima)
}

/// `(b + 1) / (B + 1)`, `b` the number of the `B` null values that are not
/// surely below the observed one, so that 1 where that is no number (Phipson & Smyth 2010, "Permutation p-values should
/// never be zero").
///
/// ```
/// use layerprobe_probes::permutation_p_value;
///
/// assert_eq!(permutation_p_value(0.9, &[0.1; 19]), 0.05);
/// assert_eq!(permutation_p_value(0.1, &[0.1; 19]), 1.0);
/// assert_eq!(permutation_p_value(f64::NAN, &[0.1; 19]), 1.0);
/// ```
pub fn permutation_p_value(observed: f64, null: &[f64]) -> f64 {
    let below = null.iter().filter(|&&value| value < observed).count();
    let reached = null.len() - below;
    (reached + 1) as f64 / (null.len() + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_permuted_alike_and_sides_apart() {
        // two features over 12 + 12 combinations of 2
        let groups: Vec<u32> = (0..48).map(|row| row / 2).collect();
        let first: Vec<u32> = groups.iter().map(|group| group % 12 / 4).collect();
        let twin: Vec<u32> = first.iter().map(|label| 2 - label).collect();
        let (train, test): (Vec<usize>, Vec<usize>) = ((0..24).collect(), (24..48).collect());
        let key = StreamKey::from_seed(1);
        let of = |labels: &[u32]| {
            let task = ProbeTask {
                feature: "color",
                classes: 3,
                labels,
                test: &test,
            };
            let own = Permutable::of(&task, &groups, None, &train).unwrap();
            own.labels(&train, (0, 4), key)
        };
        let (one, other) = (of(&first), of(&twin));
        for (one, other) in one.iter().zip(&other) {
            assert_ne!(one[..24], first[..24]);
            assert_ne!(one[24..], first[24..]);
            assert_ne!(one[..24], one[24..], "the sides are permuted apart");
            assert!(one.iter().zip(other).all(|(a, b)| a + b == 2));
            for side in [&one[..24], &one[24..]] {
                for class in 0..3 {
                    assert_eq!(side.iter().filter(|&&label| label == class).count(), 8);
                }
                assert!(side.chunks(2).all(|pair| pair[0] == pair[1]));
            }
        }
        // numbers do not depend on where a batch starts
        let task = ProbeTask {
            feature: "color",
            classes: 3,
            labels: &first,
            test: &test,
        };
        let own = Permutable::of(&task, &groups, None, &train).unwrap();
        assert_eq!(own.labels(&train, (2, 2), key), one[2..]);
        // labels that their strata settle
        let settled = Permutable::of(&task, &groups, Some(&first), &train).err();
        assert!(
            settled.unwrap().to_string().contains("nothing to permute"),
            "one class a stratum"
        );
    }

    #[test]
    fn statistics_of_different_worlds_have_no_maximum() {
        let error = null_maxima(&[vec![0.1; 3], vec![0.1; 2]]).unwrap_err();
        assert!(error.to_string().contains("2 permutations"), "{error}");
        assert!(null_maxima(&[]).unwrap().is_empty());
    }
}
