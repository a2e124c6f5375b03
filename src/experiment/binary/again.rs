//! Single networks of the experiment, and what a finished run has of them.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use layerprobe_reports::{ResultRow, read_results};

use super::plan::{conditions, descent};
use super::run::{Work, streams};
use super::summary::rows_over_runs;
use crate::config::BinaryConfig;
use crate::experiment::folder::layout::RunFolder;
use crate::experiment::{ExperimentError, Observer};

/// The names of all networks, in order.
pub fn condition_ids(config: &BinaryConfig) -> Vec<String> {
    conditions(config).into_iter().map(|c| c.id).collect()
}

/// Trains and measures the networks of these names.
///
/// # Errors
/// The first failure.
pub fn make(
    config: &BinaryConfig,
    folder: &RunFolder,
    ids: &[String],
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ExperimentError> {
    let streams = streams(config);
    let plan = descent(config).map_err(ExperimentError::Plan)?;
    let mut work = Work::new(config, plan, folder, &streams);
    work.conditions
        .retain(|condition| ids.contains(&condition.id));
    work.train(stop, observer)?;
    work.measure(stop, observer)?;
    Ok(())
}

/// The rows that the networks' own tables in a run's folder make: theirs, and
/// what they say over runs.
///
/// # Errors
/// If a table cannot be read.
pub fn rows_of_conditions(
    config: &BinaryConfig,
    root: &Path,
) -> Result<Vec<ResultRow>, ExperimentError> {
    let mut rows = Vec::new();
    for condition in conditions(config) {
        let dir = root.join("conditions").join(&condition.id);
        rows.extend(read_results(dir.join("measures.csv"))?);
    }
    let over_runs = rows_over_runs(&rows);
    rows.extend(over_runs);
    Ok(rows)
}
