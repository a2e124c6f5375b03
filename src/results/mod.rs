//! What probes found, as rows of the tables that a run leaves: the same rows for
//! the networks of an experiment and for activations from elsewhere. Nothing here
//! knows where an outcome was measured; who calls says so.

mod paper;
mod predictions;
mod ridge_rows;
mod rows;
mod significance;

pub use paper::{PAPER_PROTOCOL, PAPER_SELECTED_BY};
pub use predictions::write_predictions;
pub use rows::{rows_of_layer, rows_of_outcome, split_name};
pub use significance::rows_of_families;
