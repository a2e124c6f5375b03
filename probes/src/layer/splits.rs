//! Further tests on combinations that training has: rows of the training set
//! itself, withheld from the probe.

use std::collections::BTreeMap;

use layerprobe_streams::StreamKey;

use crate::cut::{Cut, set_groups_aside};
use crate::{CheckedProbeParams, ProbeError, ProbeTask};

/// A cut of the training rows and the rows withheld from it.
#[derive(Debug)]
pub(super) struct Withheld {
    pub cut: Cut,
    pub test: Vec<usize>,
}

/// Withholds whole combinations: the values are all known to the probe, their
/// combination is not, and the stimuli are the same for every feature.
pub(super) fn seen_values(
    groups: &[u32],
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    key: StreamKey,
) -> Result<Withheld, ProbeError> {
    let share = params.selection_fraction();
    let (rest, test) = set_groups_aside(groups, train, tasks, share, key.derive("test"))?;
    let cut = Cut::by_groups(groups, &rest, tasks, params, key.derive("select"))?;
    Ok(Withheld { cut, test })
}

/// Withholds exemplars of every combination: of `m` stimuli, `fraction * m`
/// test, at least one and less than half of three or more; the others fit.
/// Combinations of one stay whole.
pub(super) fn instance(
    groups: &[u32],
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    key: StreamKey,
) -> Result<Withheld, ProbeError> {
    let mut exemplars: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for &row in train {
        exemplars.entry(groups[row]).or_default().push(row);
    }
    let (mut fitting, mut test) = (Vec::new(), Vec::new());
    for (group, mut rows) in exemplars {
        let m = rows.len();
        let share = match m {
            ..2 => 0,
            _ => {
                let share = (params.selection_fraction() * m as f64).round() as usize;
                share.clamp(1, ((m - 1) / 2).max(1))
            }
        };
        rows.sort_unstable();
        key.at(u64::from(group)).shuffle(&mut rows);
        let (own, rest) = rows.split_at(share);
        test.extend(own);
        fitting.extend(rest);
    }
    if test.is_empty() {
        return Err(ProbeError::NoExemplars);
    }
    let cut = Cut::of(fitting, Vec::new(), tasks)?;
    Ok(Withheld { cut, test })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProbeParams;

    #[test]
    fn exemplars_are_dealt_within_each_combination() {
        // combinations of 1, 2, ..., 12 stimuli
        let groups: Vec<u32> = (1..=12).flat_map(|m| vec![m; m as usize]).collect();
        let rows: Vec<usize> = (0..groups.len()).collect();
        let params = ProbeParams::default().check().unwrap();
        let key = StreamKey::from_seed(1);
        let found = instance(&groups, &rows, &[], &params, key).unwrap();
        let fitting = &found.cut.order;
        for m in 1..=12u32 {
            let count = |rows: &[usize]| rows.iter().filter(|&&row| groups[row] == m).count();
            let share = match m {
                1 => 0,
                2..=7 => 1,
                _ => 2,
            };
            assert_eq!(count(&found.test), share, "{m}");
            assert_eq!(count(fitting), m as usize - share, "{m}");
        }
        let mut all = [&found.test[..], fitting].concat();
        all.sort_unstable();
        assert_eq!(all, rows);
        // the deal is the stimuli's, whatever order they are given in
        let backwards: Vec<usize> = rows.iter().rev().copied().collect();
        let again = instance(&groups, &backwards, &[], &params, key).unwrap();
        assert_eq!(found.test, again.test);
    }

    #[test]
    fn pairs_are_divided_and_single_stimuli_leave_nothing_to_test() {
        let params = ProbeParams::default().check().unwrap();
        let key = StreamKey::from_seed(1);
        let rows = [0, 1, 2, 3];
        let found = instance(&[0, 0, 1, 1], &rows, &[], &params, key).unwrap();
        assert_eq!((found.test.len(), found.cut.order.len()), (2, 2));
        assert!((found.test[0] < 2) != (found.test[1] < 2));
        let error = instance(&[0, 1, 2, 3], &rows, &[], &params, key).unwrap_err();
        assert!(matches!(error, ProbeError::NoExemplars));
    }
}
