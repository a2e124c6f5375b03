use std::path::Path;

use super::ResultRow;
use crate::ReportError;

/// Columns of diagnostics, where a diverged fit may leave a NaN or infinity
/// worth keeping.
const MAY_BE_INFINITE: [&str; 2] = ["gradient_norm", "objective_gap"];

/// Writes the results table: a header and one row a measurement, in the
/// order given.
///
/// The same rows give the same bytes; floats are the shortest decimals that
/// read back as the same number. The file appears whole or not at all.
///
/// # Errors
/// [`ReportError::NotFinite`] for a NaN or an infinity anywhere but in
/// `gradient_norm` and `objective_gap`; [`ReportError::Write`].
///
/// ```
/// use layerprobe_reports::{ResultRow, read_results, write_results};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("results.csv");
/// let rows = vec![ResultRow { metric: "chance".into(), value: 1.0 / 7.0, ..Default::default() }];
/// write_results(&path, &rows)?;
/// assert_eq!(read_results(&path)?, rows);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_results(path: &Path, rows: &[ResultRow]) -> Result<(), ReportError> {
    check_finite(rows)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = |e: csv::Error| ReportError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(e),
    };
    writer.write_record(ResultRow::COLUMNS).map_err(in_memory)?;
    for row in rows {
        writer.write_record(row.cells()).map_err(in_memory)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| e.into_error())
        .map_err(ReportError::write(path))?;
    layerprobe_durable::write(path, &bytes).map_err(ReportError::write(path))
}

fn check_finite(rows: &[ResultRow]) -> Result<(), ReportError> {
    for (index, row) in rows.iter().enumerate() {
        for (column, found) in row.numbers() {
            if !found.is_finite() && !MAY_BE_INFINITE.contains(&column) {
                return Err(ReportError::NotFinite {
                    row: index + 1,
                    condition: row.condition.clone(),
                    layer: row.layer.clone(),
                    feature: row.feature.clone(),
                    column,
                    found,
                });
            }
        }
    }
    Ok(())
}
