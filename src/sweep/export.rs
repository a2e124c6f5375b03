//! The rows of a sweep in another format.

use std::path::Path;

use layerprobe_reports::write_parquet;

use super::collect::merged;
use super::error::SweepError;
use super::file::Sweep;
use super::folder::SweepFolder;

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Cells in the table.
    pub cells: usize,
    /// Cells that are not done.
    pub missing: Vec<String>,
    /// Rows of the table.
    pub rows: usize,
}

/// Writes the rows that [`collect`](super::collect()) would write to
/// `results.csv` as a Parquet file, from the cells as they are now.
///
/// # Errors
/// As [`collect`](super::collect()).
pub fn export(
    sweep: &Sweep,
    folder: &SweepFolder,
    partial: bool,
    out: &Path,
) -> Result<Exported, SweepError> {
    let merged = merged(sweep, folder, partial)?;
    write_parquet(out, &merged.input.rows)?;
    Ok(Exported {
        cells: merged.done.len(),
        missing: merged.missing,
        rows: merged.input.rows.len(),
    })
}
