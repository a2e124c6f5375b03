//! The tables: one measurement a row in the long one, and what does not fit
//! one number beside it.

mod by_value;
mod cell;
mod confusion;
mod parquet;
mod predictions;
mod read;
mod record;
mod row;
mod unproven;
mod write;

pub use by_value::{ValueRow, read_by_value, write_by_value};
pub use confusion::{ConfusionRow, read_confusions, write_confusions};
pub use parquet::write_parquet;
pub use predictions::{PredictionRow, PredictionTable};
pub use row::{ResultRow, read_results, write_results};
pub use unproven::unproven_fits;
