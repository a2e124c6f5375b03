use std::path::Path;

use super::ForeignError;

/// A table of words as its file has it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Names of the columns.
    pub names: Vec<String>,
    /// The line of the file, from 1, on which each row begins.
    pub lines: Vec<usize>,
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
        let (mut lines, mut line, mut counted) = (Vec::new(), 1, 0);
        for record in reader.records() {
            let record = record.map_err(damaged)?;
            let begin = first_byte(&bytes, &record);
            line += line_ends(bytes.get(counted..begin).unwrap_or_default());
            counted = begin;
            lines.push(line);
            for (column, cell) in columns.iter_mut().zip(&record) {
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
        Ok(Self {
            names,
            lines,
            columns,
        })
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

    /// The line of a row.
    pub fn line(&self, row: usize) -> usize {
        self.lines.get(row).copied().unwrap_or_default()
    }
}

/// The byte with which a row begins. The reader's own position is where the row
/// before ended: in front of empty lines, and of the second byte of a line end of two.
/// Its line, too, is that place's, so lines are counted here.
fn first_byte(bytes: &[u8], record: &csv::StringRecord) -> usize {
    let ended = record.position().map_or(0, |place| place.byte() as usize);
    let between = bytes.iter().skip(ended);
    ended + between.take_while(|byte| b"\r\n".contains(byte)).count()
}

/// How many lines end within these bytes: with `\n`, `\r\n` or `\r`.
fn line_ends(bytes: &[u8]) -> usize {
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    let ends = bytes.iter().zip(next).filter(|&(byte, next)| match byte {
        b'\n' => true,
        b'\r' => next != Some(&b'\n'),
        _ => false,
    });
    ends.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines on which the rows of a table begin.
    fn lines(table: &str) -> Vec<usize> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, table).unwrap();
        Table::read(&path).unwrap().lines
    }

    #[test]
    fn a_row_begins_below_empty_lines_and_cells_of_many_lines() {
        assert_eq!(lines("shape,split\na,train\nb,test\n"), [2, 3]);
        assert_eq!(lines("shape\n\n\na\n\nb"), [4, 6]);
        assert_eq!(lines("\nshape\na\n"), [3]);
        assert_eq!(lines("shape,split\n\"a\nb\",train\nb,test\n"), [2, 4]);
        assert_eq!(lines("\"sha\npe\",split\na,train\n"), [3]);
    }

    #[test]
    fn lines_end_as_each_system_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let table = "shape,split|\"a|b\",train||b,test|c,test|".replace('|', end);
            assert_eq!(lines(&table), [2, 5, 6], "{end:?}");
        }
        assert_eq!(lines("\u{feff}shape\r\na\r\n"), [2]);
    }
}
