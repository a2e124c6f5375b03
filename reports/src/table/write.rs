use std::path::Path;

use super::record::Record;
use crate::ReportError;

/// Writes a table: a header and one row a record, in the order given. The
/// file appears whole or not at all.
///
/// # Errors
/// [`ReportError::NotFinite`]; [`ReportError::Write`].
pub(super) fn write<R: Record>(path: &Path, rows: &[R]) -> Result<(), ReportError> {
    check_finite(rows)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = |e: csv::Error| ReportError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(e),
    };
    writer.write_record(R::COLUMNS).map_err(in_memory)?;
    for row in rows {
        writer.write_record(row.cells()).map_err(in_memory)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| e.into_error())
        .map_err(ReportError::write(path))?;
    layerprobe_durable::write(path, &bytes).map_err(ReportError::write(path))
}

pub(super) fn check_finite<R: Record>(rows: &[R]) -> Result<(), ReportError> {
    for (index, row) in rows.iter().enumerate() {
        if let Some((column, found)) = not_finite(row) {
            let [condition, layer, feature] = row.names().map(str::to_owned);
            return Err(ReportError::NotFinite {
                row: index + 1,
                condition,
                layer,
                feature,
                column,
                found,
            });
        }
    }
    Ok(())
}

/// The first NaN or infinity of a row, where it would mislead.
pub(super) fn not_finite<R: Record>(row: &R) -> Option<(&'static str, f64)> {
    let mut numbers = row.numbers().into_iter();
    numbers.find(|(column, found)| !found.is_finite() && !R::MAY_BE_INFINITE.contains(column))
}
