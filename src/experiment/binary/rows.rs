//! What rows of the binary-features experiment share.

use layerprobe_generators::binary::BinaryFeature;
use layerprobe_probes::{View, wilson_interval};
use layerprobe_reports::ResultRow;

use super::plan::BinaryCondition;
use super::stimuli::StimulusSet;
use crate::config::BinaryConfig;

/// The name of how everything here is measured, with its version.
pub(super) const PROTOCOL: &str = "binary/1";

/// What all rows of a network share.
pub(super) fn row_of_network(
    config: &BinaryConfig,
    condition: &BinaryCondition,
    train: &StimulusSet,
) -> ResultRow {
    ResultRow {
        condition: condition.id.clone(),
        dataset: "binary".to_owned(),
        arch: "mlp".to_owned(),
        target: condition.target.as_str().to_owned(),
        split: Some(condition.run),
        seed: Some(config.seed),
        protocol: PROTOCOL.to_owned(),
        split_kind: "fresh_stimuli".to_owned(),
        correlated: "easy-label".to_owned(),
        predictivity: Some(condition.easy),
        predictivity_effective: Some(train.predictivity(BinaryFeature::Easy)),
        init_seed: Some(config.seeds.init),
        data_seed: Some(config.seeds.data),
        n_runs: Some(1),
        view: View::Full.to_string(),
        ..ResultRow::default()
    }
}

/// A share of `n` test stimuli, with its interval over them (Wilson's).
pub(super) fn row_of_share(here: ResultRow, metric: &str, right: usize, n: usize) -> ResultRow {
    let value = right as f64 / n as f64;
    let (lower, upper) = wilson_interval(value, n);
    ResultRow {
        metric: metric.to_owned(),
        value,
        lower: Some(lower),
        upper: Some(upper),
        interval_kind: "stimuli".to_owned(),
        n_clusters: Some(n as u64),
        n_test: Some(n as u64),
        ..here
    }
}
