//! Result tables, figures and the self-contained report.
//!
//! This crate is handed measurements and a folder to write into; it knows
//! nothing of how they were made or where runs are kept. Three ways out:
//! [`write_results`] for the long table, [`write_report`] for a page with
//! figures, [`terminal_table`] for a few lines at the end of a run.
//!
//! The same input gives the same bytes: nothing here asks for the time or
//! depends on the order of a hash map.
//!
//! ```
//! use layerprobe_reports::{ReportInput, ResultRow, terminal_table, write_report};
//!
//! let row = |step, role: &str, value| ResultRow {
//!     condition: "shape-v0".into(),
//!     dataset: "trifeature".into(),
//!     target: "shape".into(),
//!     split: Some(0),
//!     step: Some(step),
//!     checkpoint_role: role.into(),
//!     layer: "fc1".into(),
//!     feature: "shape".into(),
//!     probe: "linear".into(),
//!     metric: "accuracy".into(),
//!     status: "converged".into(),
//!     value,
//!     ..ResultRow::default()
//! };
//! let input = ReportInput {
//!     title: "An example".into(),
//!     rows: vec![row(0, "initial", 0.72), row(540, "last", 0.96)],
//!     ..ReportInput::default()
//! };
//! assert!(terminal_table(&input, 80).contains("0.96"));
//!
//! let dir = tempfile::tempdir()?;
//! let files = write_report(&input, dir.path())?;
//! assert!(files.index.ends_with("index.html"));
//! assert!(files.figures.iter().all(|figure| figure.exists()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod claims;
mod curves;
mod drawing;
mod error;
mod evidence;
mod figures;
mod heat_map;
mod input;
mod page;
mod report;
pub mod statistics;
mod table;
mod terminal;

pub use curves::write_curves;
pub use error::ReportError;
pub use evidence::{EDGE_GAIN, edge_warning, rows_over_runs};
pub use figures::{Curve, Curves, CurvesPanel, CurvesPoint, HeatMap, HeatMapName};
pub use heat_map::{heat_map_table, write_heat_map};
pub use input::{Fact, ProtocolParagraph, ReportInput, Sheet, TrainingCurve, TrainingPoint};
pub use report::{ReportFiles, write_report};
pub use table::{
    ConfusionRow, PredictionRow, PredictionTable, ResultRow, ValueRow, read_by_value,
    read_confusions, read_results, unproven_fits, write_by_value, write_confusions, write_parquet,
    write_results,
};
pub use terminal::terminal_table;
