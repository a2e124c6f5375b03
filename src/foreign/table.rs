use std::path::Path;

use super::ForeignError;

/// A table of words as its file has it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Names of the columns.
    pub names: Vec<String>,
    columns: Vec<Vec<String>>,
}

impl Table {
    /// Reads comma-separated values under a header.
    pub fn read(path: &Path) -> Result<Self, ForeignError> {
        let bytes = std::fs::read(path).map_err(|source| ForeignError::Read {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |problem: String| ForeignError::Content {
            path: path.to_owned(),
            problem,
        };
        let damaged = |e: csv::Error| wrong(format!("not a table of comma-separated values: {e}"));
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes.as_slice());
        let header = reader.headers().map_err(damaged)?;
        let names: Vec<String> = header.iter().map(ToOwned::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            for (column, cell) in columns.iter_mut().zip(&record.map_err(damaged)?) {
                column.push(cell.to_owned());
            }
        }
        match names.as_slice() {
            [] => {
                return Err(wrong(
                    "the file is empty; wanted a header with a column for each feature, and a row a stimulus"
                        .to_owned(),
                ));
            }
            [only] if only.contains([';', '\t']) => {
                return Err(wrong(format!(
                    "the only column is named `{only}`; separate columns by commas"
                )));
            }
            _ => {}
        }
        for (place, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..place].contains(name) {
                return Err(wrong(format!(
                    "two columns are named `{name}`; give each a name of its own"
                )));
            }
        }
        if columns.first().is_none_or(Vec::is_empty) {
            return Err(wrong(
                "no row below the header; wanted one a stimulus".to_owned(),
            ));
        }
        Ok(Self { names, columns })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// A column's cells.
    pub fn column(&self, name: &str) -> Option<&Vec<String>> {
        let place = self.names.iter().position(|known| known == name)?;
        self.columns.get(place)
    }
}

/// The line of a stimulus's row, under the header's.
pub(super) fn line(row: usize) -> usize {
    row + 2
}
