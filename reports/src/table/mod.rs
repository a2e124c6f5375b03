//! The long results table: one measurement a row.

mod cell;
mod read;
mod row;
mod write;

pub use read::read_results;
pub use row::ResultRow;
pub use write::write_results;
