use std::path::Path;

use super::record::{Record, Unreadable};
use super::write::not_finite;
use crate::ReportError;

/// Reads a table, of this version or an earlier one.
///
/// # Errors
/// With the file, the line (counted from 1) and the column's name: a column
/// that is unknown, missing or there twice, a row of another length than the
/// header, a cell that does not hold what its column wants. A NaN or an infinity
/// is no number where a table is not written with it either.
pub(super) fn read<R: Record>(path: &Path) -> Result<Vec<R>, ReportError> {
    let bytes = std::fs::read(path).map_err(|source| ReportError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
}

fn parse<R: Record>(path: &Path, bytes: &[u8]) -> Result<Vec<R>, ReportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|e| not_csv(path, bytes, &e))?
        .clone();
    let places = places::<R>(path, &header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| not_csv(path, bytes, &e))?;
        let line = || line_of(bytes, record.position());
        if record.len() != header.len() {
            return Err(ReportError::RowLength {
                path: path.to_owned(),
                line: line(),
                expected: header.len(),
                found: record.len(),
            });
        }
        let cell = |column: usize| match places.get(column) {
            Some(Place::At(place)) => record.get(*place).unwrap_or_default(),
            Some(Place::Always(value)) => value,
            None => "",
        };
        let bad = |wrong: Unreadable| ReportError::BadCell {
            path: path.to_owned(),
            line: line(),
            column: wrong.name,
            found: cell(wrong.column).to_owned(),
            expected: wrong.expected,
        };
        let row = R::from_cells(cell).map_err(bad)?;
        if let Some((name, _)) = not_finite(&row) {
            let column = R::COLUMNS.iter().position(|column| *column == name);
            return Err(bad(Unreadable {
                column: column.unwrap_or_default(),
                name,
                expected: "a finite number",
            }));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Where a column's cells are.
enum Place {
    /// In the file, at this place of each record.
    At(usize),
    /// Nowhere, since an earlier version did not write it: each is this.
    Always(&'static str),
}

/// For each column of the table, its place in the file's header.
fn places<R: Record>(path: &Path, header: &csv::StringRecord) -> Result<Vec<Place>, ReportError> {
    for (position, name) in header.iter().enumerate() {
        if !R::COLUMNS.contains(&name) {
            return Err(ReportError::UnknownColumn {
                path: path.to_owned(),
                column: name.to_owned(),
                position: position + 1,
            });
        }
    }
    R::COLUMNS
        .iter()
        .map(|&column| {
            let mut found = header
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == column);
            match (found.next(), found.next()) {
                (Some((place, _)), None) => Ok(Place::At(place)),
                (Some(_), Some(_)) => Err(ReportError::DuplicateColumn {
                    path: path.to_owned(),
                    column,
                }),
                (None, _) => {
                    let added = R::ADDED.iter().find(|(name, _)| *name == column);
                    let (_, value) = added.ok_or_else(|| ReportError::MissingColumn {
                        path: path.to_owned(),
                        column,
                    })?;
                    Ok(Place::Always(value))
                }
            }
        })
        .collect()
}

fn not_csv(path: &Path, bytes: &[u8], error: &csv::Error) -> ReportError {
    ReportError::NotCsv {
        path: path.to_owned(),
        line: line_of(bytes, error.position()),
        reason: match error.kind() {
            csv::ErrorKind::Utf8 { err, .. } => err.to_string(),
            _ => error.to_string(),
        },
    }
}

/// The line of a record, counted from 1. The reader says where the record before it ended,
/// from where empty lines and the second half of a line's end may follow.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let before = position.map_or(0, |place| place.byte() as usize);
    let (before, rest) = bytes.split_at(before.min(bytes.len()));
    let ends = rest.iter().take_while(|byte| b"\r\n".contains(byte));
    let is_end = |byte: &&u8| **byte == b'\n';
    (1 + before.iter().filter(is_end).count() + ends.filter(is_end).count()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ResultRow, ValueRow};

    /// A table of two rows, the second with this in a column.
    fn with<R: Record + Default>(name: &str, cell: &str) -> Result<Vec<R>, ReportError> {
        let place = R::COLUMNS.iter().position(|column| *column == name);
        let row = R::default().cells();
        let mut other = row.clone();
        other[place.unwrap()] = cell.to_owned();
        let lines = [R::COLUMNS.join(","), row.join(","), other.join(",")];
        parse(Path::new("t.csv"), lines.join("\n").as_bytes())
    }

    #[test]
    fn numbers_that_are_none_are_refused_where_they_would_mislead() {
        for name in ["value", "lower", "upper", "epoch", "penalty"] {
            for cell in ["NaN", "inf", "-inf", "1e999"] {
                let message = with::<ResultRow>(name, cell).unwrap_err().to_string();
                let told =
                    format!("t.csv, line 3, column `{name}`: `{cell}` is not a finite number");
                assert_eq!(message, told);
            }
            assert_eq!(with::<ResultRow>(name, "0.5").unwrap().len(), 2);
        }
        let message = with::<ValueRow>("accuracy", "nan").unwrap_err().to_string();
        assert!(
            message.contains("line 3, column `accuracy`: `nan`"),
            "{message}"
        );
        // a diverged fit may leave these
        for name in ["gradient_norm", "objective_gap"] {
            let rows = with::<ResultRow>(name, "inf").unwrap();
            let found = [rows[1].gradient_norm, rows[1].objective_gap];
            assert!(found.contains(&Some(f64::INFINITY)), "{name}");
        }
    }

    #[test]
    fn lines_are_counted_through_empty_ones_and_both_ends() {
        let row = ResultRow::default().cells();
        let mut other = row.clone();
        let place = ResultRow::COLUMNS.iter().position(|name| *name == "value");
        other[place.unwrap()] = "much".to_owned();
        let [header, row, other] = [ResultRow::COLUMNS.join(","), row.join(","), other.join(",")];
        for end in ["\n", "\r\n"] {
            for (lines, line) in [
                (vec![&header, &other], 2),
                (vec![&header, &row, &other, &row], 3),
            ] {
                let lines: Vec<&str> = lines.into_iter().map(String::as_str).collect();
                let told = |text: String| {
                    let read = parse::<ResultRow>(Path::new("t.csv"), text.as_bytes());
                    read.unwrap_err().to_string()
                };
                let starts = |line: usize| format!("t.csv, line {line}, column `value`: `much`");
                let message = told(lines.join(end));
                assert!(message.starts_with(&starts(line)), "{end:?}: {message}");
                // an empty line after each
                let message = told(lines.join(&end.repeat(2)));
                assert!(
                    message.starts_with(&starts(2 * line - 1)),
                    "{end:?}: {message}"
                );
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told_with_their_line() {
        let header = ResultRow::COLUMNS.join(",");
        let bytes = [header.as_bytes(), b"\r\n\r\n\xff,1\r\n"].concat();
        let message = parse::<ResultRow>(Path::new("t.csv"), &bytes).unwrap_err();
        assert_eq!(
            message.to_string(),
            "t.csv, line 3: not a CSV table: invalid utf-8: invalid UTF-8 in field 0 near byte \
             index 0"
        );
    }
}
