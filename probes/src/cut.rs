//! Which rows fit a probe while its penalty is chosen, and which choose it.

use std::collections::BTreeSet;

use layerprobe_streams::StreamKey;

use crate::checks::check_classes;
use crate::selection::select_groups;
use crate::task::Stimuli;
use crate::{CheckedProbeParams, ProbeError, ProbeTask, Selection};

/// The training rows of a probe: the first `used` fit one probe a penalty, the
/// others judge them; the refit takes all.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub order: Vec<usize>,
    pub used: usize,
}

impl Cut {
    /// As the layer's data say.
    pub fn of_layer(
        data: &Stimuli<'_>,
        train: &[usize],
        tasks: &[ProbeTask<'_>],
        params: &CheckedProbeParams,
        key: StreamKey,
    ) -> Result<Self, ProbeError> {
        match data.selection {
            Selection::Drawn => Self::by_groups(data.groups, train, tasks, params, key),
            Selection::Rows(rows) => {
                let rows: BTreeSet<usize> = rows.iter().copied().collect();
                let (choosing, fitting) = train.iter().partition(|row| rows.contains(row));
                Self::of(fitting, choosing, tasks)
            }
        }
    }

    /// Sets whole groups aside to choose the penalty.
    pub fn by_groups(
        groups: &[u32],
        train: &[usize],
        tasks: &[ProbeTask<'_>],
        params: &CheckedProbeParams,
        key: StreamKey,
    ) -> Result<Self, ProbeError> {
        let (fitting, choosing) =
            set_groups_aside(groups, train, tasks, params.selection_fraction(), key)?;
        Self::of(fitting, choosing, tasks)
    }

    /// From the two parts; every class must be in the first.
    pub fn of(
        fitting: Vec<usize>,
        choosing: Vec<usize>,
        tasks: &[ProbeTask<'_>],
    ) -> Result<Self, ProbeError> {
        for task in tasks {
            check_classes(task, &fitting, "selection-training")?;
        }
        let used = fitting.len();
        let mut order = fitting;
        order.extend(choosing);
        Ok(Self { order, used })
    }
}

/// Rows that stay, and those of a share of the groups, balanced over the
/// classes of all tasks.
pub(crate) fn set_groups_aside(
    groups: &[u32],
    rows: &[usize],
    tasks: &[ProbeTask<'_>],
    fraction: f64,
    key: StreamKey,
) -> Result<(Vec<usize>, Vec<usize>), ProbeError> {
    let of_rows: Vec<u32> = rows.iter().map(|&row| groups[row]).collect();
    let labels: Vec<Vec<u32>> = tasks
        .iter()
        .map(|task| rows.iter().map(|&row| task.labels[row]).collect())
        .collect();
    let labels: Vec<&[u32]> = labels.iter().map(Vec::as_slice).collect();
    let chosen = select_groups(&of_rows, &labels, fraction, key);
    if chosen.is_empty() {
        return Err(ProbeError::TooFewGroups { groups: 1 });
    }
    Ok(rows
        .iter()
        .partition(|&&row| chosen.binary_search(&groups[row]).is_err()))
}
