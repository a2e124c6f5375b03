//! The control task: what the probe reads that no network put there.

use layerprobe_streams::StreamKey;

use super::relabel::Hands;
use crate::outcome::{ProbeOutcome, Refit};
use crate::{ProbeError, ProbeTask};

/// A probe's accuracy on a feature minus its accuracy on control tasks
/// (Hewitt & Liang 2019, "Designing and interpreting probes with control
/// tasks", section 2).
///
/// A control task gives each combination of feature values a label drawn once, each
/// class to as many combinations as have it: whoever decodes it has memorized
/// combinations. On combinations the probe has not met it is at chance by
/// construction, so both sides are tested on other exemplars of the same
/// combinations ([`crate::SplitKind::Instance`]), and the difference says
/// nothing about accuracies on other splits.
#[derive(Clone, Debug, PartialEq)]
pub struct Selectivity {
    /// The feature.
    pub feature: String,
    /// Accuracy of the feature's probe minus the mean over control labelings.
    pub mean: f64,
    /// The smallest difference over the labelings.
    pub lowest: f64,
    /// The largest difference over the labelings.
    pub highest: f64,
    /// Sample standard deviation over the labelings (n - 1); NaN of one.
    pub deviation: f64,
    /// Each labeling's probe, at the penalty of the feature's own.
    pub controls: Vec<Refit>,
}

/// Control labels, a labeling after the other; every row that is not of the
/// training set keeps its label.
pub(crate) fn labelings(
    task: &ProbeTask<'_>,
    groups: &[u32],
    train: &[usize],
    count: usize,
    key: StreamKey,
) -> Result<Vec<Vec<u32>>, ProbeError> {
    let own = Hands::of(task, groups, None, train)?;
    let key = key.derive(task.feature);
    Ok((0..count as u64)
        .map(|labeling| {
            let mut labels = task.labels.to_vec();
            own.deal(groups, train, key.at(labeling), &mut labels);
            labels
        })
        .collect())
}

/// The difference between a feature's probe and its controls, at least one.
pub(crate) fn selectivity(real: &ProbeOutcome, controls: Vec<Refit>) -> Selectivity {
    let differences: Vec<f64> = controls
        .iter()
        .map(|control| real.accuracy - control.accuracy)
        .collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    Selectivity {
        feature: real.feature.clone(),
        mean,
        lowest: differences.iter().copied().fold(f64::INFINITY, f64::min),
        highest: differences
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max),
        deviation: (squares / (n - 1.0)).sqrt(),
        controls,
    }
}
