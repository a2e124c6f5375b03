//! One table of what all experiments gave.

use std::path::{Path, PathBuf};

use layerprobe_reports::claims::VALIDATION_ACCURACY;
use layerprobe_reports::{ResultRow, read_results};

use super::error::ReproductionError;
use super::proven::ProvenTable;
use super::study::{Checked, Experiment};
use crate::experiment::{PROTOCOL, last_validation};

/// How tables of experiments are made; with another, they are made again.
const VERSION: &str = "evidence/1";

/// The rows that single networks of an experiment gave, their conditions under
/// the experiment's name, with each network's own validation accuracy; none if
/// the experiment has not been finished.
pub(super) fn rows_of(
    experiment: &Experiment,
    folder: &Path,
) -> Result<Vec<ResultRow>, ReproductionError> {
    let results = folder.join("results.csv");
    if !results.exists() {
        return Ok(Vec::new());
    }
    let mut rows = read_results(&results)?;
    let own = match experiment.checked()? {
        Checked::Images(config) => {
            let failed = |source| ReproductionError::Experiment {
                id: experiment.id.clone(),
                source: Box::new(source),
            };
            last_validation(&config, folder).map_err(failed)?
        }
        Checked::Binary(_) => {
            let own = |row: &&ResultRow| {
                (&*row.metric, &*row.probe, &*row.checkpoint_role) == ("accuracy", "none", "last")
            };
            let own = rows.iter().filter(own);
            own.map(|row| (row.clone(), row.value)).collect()
        }
    };
    rows.extend(own.into_iter().map(|(row, value)| ResultRow {
        metric: VALIDATION_ACCURACY.to_owned(),
        value,
        ..row
    }));
    Ok(under(&experiment.id, rows))
}

/// Where a study's folder has what an experiment gave, as the claims read it.
pub(super) fn in_folder(study: &Path, id: &str) -> PathBuf {
    study.join("evidence").join(format!("{id}.csv"))
}

/// That table: made of the experiment's configuration by this version's protocol.
pub(super) fn table(
    experiment: &Experiment,
    study: &Path,
) -> Result<ProvenTable, ReproductionError> {
    let hash = match experiment.checked()? {
        Checked::Images(config) => config.hash(),
        Checked::Binary(config) => config.hash(),
    };
    let made_of = vec![format!("{VERSION} {PROTOCOL}"), hash];
    Ok(ProvenTable::new(in_folder(study, &experiment.id), made_of))
}

/// The rows of single networks, their conditions under a name.
pub(super) fn under(name: &str, rows: Vec<ResultRow>) -> Vec<ResultRow> {
    let single = rows.into_iter().filter(|row| {
        // permutations, labelings and what is said over runs stay with the run
        !row.condition.is_empty()
            && !row.condition.contains('*')
            && row.repeat.is_none()
            && row.interval_kind != "runs"
    });
    single
        .map(|mut row| {
            row.condition = format!("{name}/{}", row.condition);
            if !row.condition_b.is_empty() {
                row.condition_b = format!("{name}/{}", row.condition_b);
            }
            row
        })
        .collect()
}
