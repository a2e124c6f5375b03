//! What the rows of a condition, and of a layer at a checkpoint, have in common.

use layerprobe_reports::ResultRow;

use crate::config::Config;
use crate::experiment::design::condition::Condition;
use crate::experiment::design::protocol;

/// A checkpoint as the results table names it.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointRef {
    /// Its step.
    pub step: u64,
    /// Passes over the training set until then.
    pub epoch: f64,
    /// `initial`, `scheduled` or `last`.
    pub role: &'static str,
}

/// What all rows of one condition share.
pub fn row_of_condition(
    config: &Config,
    condition: &Condition,
    effective_predictivity: Option<f64>,
) -> ResultRow {
    ResultRow {
        condition: condition.id.clone(),
        dataset: config.stimuli.dataset().to_owned(),
        arch: config.network.arch.to_string(),
        target: condition.target.clone(),
        split: Some(condition.version),
        seed: Some(config.seed),
        protocol: protocol::name(config),
        split_kind: "held_out_values".to_owned(),
        correlated: config
            .correlation
            .as_ref()
            .map(|c| c.pair.join("-"))
            .unwrap_or_default(),
        predictivity: config.correlation.as_ref().map(|c| c.predictivity),
        predictivity_effective: effective_predictivity,
        init_seed: Some(config.seeds.init),
        order_seed: Some(config.seeds.order),
        data_seed: Some(config.seeds.data),
        ..ResultRow::default()
    }
}

/// What all rows of one layer at one checkpoint share.
pub fn row_of_layer(
    condition: &ResultRow,
    checkpoint: &CheckpointRef,
    layer: &str,
    dim: usize,
) -> ResultRow {
    ResultRow {
        step: Some(checkpoint.step),
        epoch: Some(checkpoint.epoch),
        checkpoint_role: checkpoint.role.to_owned(),
        layer: layer.to_owned(),
        dim: Some(dim as u64),
        ..condition.clone()
    }
}
