use std::path::Path;

use super::ResultRow;
use crate::ReportError;

/// Reads a results table, of this version or an earlier one: columns that
/// were added since may be missing.
///
/// # Errors
/// With the file, the line (counted from 1) and the column's name: a column
/// that is unknown, missing or there twice, a row of another length than the
/// header, a cell that does not hold what its column wants.
pub fn read_results(path: impl AsRef<Path>) -> Result<Vec<ResultRow>, ReportError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|source| ReportError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<ResultRow>, ReportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|e| not_csv(path, &e))?.clone();
    let places = places(path, &header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| not_csv(path, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            return Err(ReportError::RowLength {
                path: path.to_owned(),
                line,
                expected: header.len(),
                found: record.len(),
            });
        }
        let cell = |column: usize| {
            let place = places.get(column).copied().flatten();
            place
                .and_then(|place| record.get(place))
                .unwrap_or_default()
        };
        let row = ResultRow::from_cells(cell).map_err(|(column, name, expected)| {
            ReportError::BadCell {
                path: path.to_owned(),
                line,
                column: name,
                found: cell(column).to_owned(),
                expected,
            }
        })?;
        rows.push(row);
    }
    Ok(rows)
}

/// For each column of the table, its place in the file's header; `None` for
/// one that an earlier version did not write.
fn places(path: &Path, header: &csv::StringRecord) -> Result<Vec<Option<usize>>, ReportError> {
    for (position, name) in header.iter().enumerate() {
        if !ResultRow::COLUMNS.contains(&name) {
            return Err(ReportError::UnknownColumn {
                path: path.to_owned(),
                column: name.to_owned(),
                position: position + 1,
            });
        }
    }
    ResultRow::COLUMNS
        .iter()
        .map(|&column| {
            let mut found = header
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == column);
            match (found.next(), found.next()) {
                (Some((place, _)), None) => Ok(Some(place)),
                (Some(_), Some(_)) => Err(ReportError::DuplicateColumn {
                    path: path.to_owned(),
                    column,
                }),
                (None, _) if ResultRow::ADDED.contains(&column) => Ok(None),
                (None, _) => Err(ReportError::MissingColumn {
                    path: path.to_owned(),
                    column,
                }),
            }
        })
        .collect()
}

fn not_csv(path: &Path, error: &csv::Error) -> ReportError {
    ReportError::NotCsv {
        path: path.to_owned(),
        line: error.position().map_or(1, csv::Position::line),
        reason: error.to_string(),
    }
}
