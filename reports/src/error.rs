use std::path::{Path, PathBuf};

/// What can go wrong while tables, figures and pages are written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder could not be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a CSV table.
    #[error("{path}, line {line}: not a CSV table: {reason}", path = path.display())]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What the CSV reader said.
        reason: String,
    },
    /// The header names a column that no results table has.
    #[error(
        "{path}, line 1: unknown column `{column}` (number {position}); \
         is it the results.csv of a run, and of this version?",
        path = path.display()
    )]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The name found.
        column: String,
        /// Its place in the header, counted from 1.
        position: usize,
    },
    /// The header names a column twice.
    #[error("{path}, line 1: column `{column}` occurs twice", path = path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: &'static str,
    },
    /// The header lacks a column that every results table has.
    #[error("{path}, line 1: column `{column}` is missing", path = path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: &'static str,
    },
    /// A row has another number of fields than the header.
    #[error("{path}, line {line}: {found} fields, the header has {expected}", path = path.display())]
    RowLength {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// Fields in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
    },
    /// A cell does not hold what its column wants.
    #[error("{path}, line {line}, column `{column}`: `{found}` is not {expected}", path = path.display())]
    BadCell {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// What the cell holds.
        found: String,
        /// What the column wants, in words.
        expected: &'static str,
    },
    /// A row to be written holds a number that the table does not take.
    #[error(
        "row {row} (condition `{condition}`, layer `{layer}`, feature `{feature}`): \
         {column} is {found}, a results table takes finite numbers there; \
         leave out a measurement that gave no number"
    )]
    NotFinite {
        /// The row's place in the slice, counted from 1.
        row: usize,
        /// Its condition.
        condition: String,
        /// Its layer.
        layer: String,
        /// Its feature.
        feature: String,
        /// The column's name.
        column: &'static str,
        /// The number.
        found: f64,
    },
    /// A stimulus sheet is not a PNG image.
    #[error("stimulus sheet {number} (`{caption}`) is not a PNG image")]
    SheetNotPng {
        /// Its place in the input, counted from 1.
        number: usize,
        /// Its caption.
        caption: String,
    },
    /// A figure could not be drawn or encoded.
    #[error("cannot draw figure `{figure}`: {reason}")]
    Draw {
        /// The figure's identifier.
        figure: String,
        /// What the drawing library said.
        reason: String,
    },
    /// The page's template failed.
    #[error("cannot lay out the page: {0}")]
    Page(#[from] askama::Error),
}

impl ReportError {
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }
}
