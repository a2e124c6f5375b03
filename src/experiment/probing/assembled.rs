//! All rows of a run, put together.

use std::path::Path;

use layerprobe_reports::{ResultRow, rows_over_runs};

use crate::experiment::error::ExperimentError;
use crate::experiment::folder::layer_tables::LayerTables;
use crate::results::rows_of_families;

/// All rows of a run, in their order: the clean protocol's, what they say of
/// families of tests, the paper's, and what each says over runs, with the
/// difference between the two.
pub fn assembled(
    root: &Path,
    mut tables: LayerTables,
    paper: Vec<ResultRow>,
) -> Result<LayerTables, ExperimentError> {
    let families = rows_of_families(&tables.rows).map_err(|error| ExperimentError::Damaged {
        path: root.to_owned(),
        problem: error.to_string(),
    })?;
    tables.rows.extend(families);
    tables.rows.extend(paper);
    let over_runs = rows_over_runs(&tables.rows);
    tables.rows.extend(over_runs);
    Ok(tables)
}
