//! What a run's networks themselves reach on held-out combinations.

use std::path::Path;

use layerprobe_reports::ResultRow;

use crate::config::Config;
use crate::training::{LogRow, Role, read_log};

use super::design::condition::conditions;
use super::error::ExperimentError;
use super::folder::layout;
use super::probing::rows::row_of_condition;

/// What a run's networks themselves reach on held-out combinations at the checkpoints
/// that are decoded of trained ones: the last, and, if the configuration names the
/// paper's protocol, the best on validation. For each condition what its rows share,
/// and the accuracy; nothing of networks that are not trained.
///
/// # Errors
/// If a training log cannot be read.
pub fn own_validation(
    config: &Config,
    folder: &Path,
) -> Result<Vec<(ResultRow, f64)>, ExperimentError> {
    let mut found = Vec::new();
    for condition in conditions(config) {
        let path = layout::training_curve_in(folder, &condition);
        let rows = read_log(&path).map_err(|source| ExperimentError::Training {
            condition: condition.id.clone(),
            source,
        })?;
        let mut add = |own: &LogRow, role: Role| {
            let row = ResultRow {
                step: Some(own.step),
                epoch: Some(own.epoch as f64),
                checkpoint_role: role.name().to_owned(),
                feature: condition.target.clone(),
                probe: "none".to_owned(),
                protocol: String::new(),
                n_runs: Some(1),
                ..row_of_condition(config, &condition, None)
            };
            found.push((row, own.validation_accuracy));
        };
        if let Some(last) = rows.last() {
            add(last, Role::Last);
        }
        if config.probes.paper.is_some()
            && let Some(best) = best_of(&rows)
        {
            add(best, Role::BestValidation);
        }
    }
    Ok(found)
}

/// The epoch whose weights are kept as the best on validation: the first of the highest.
/// What was measured before training is not among them.
fn best_of(rows: &[LogRow]) -> Option<&LogRow> {
    let trained = rows.iter().filter(|row| row.epoch > 0);
    trained.reduce(
        |best, row| match row.validation_accuracy > best.validation_accuracy {
            true => row,
            false => best,
        },
    )
}
