//! What probes said of single test stimuli, in tables of their own.

mod by_value;
mod confusion;
mod predictions;

pub use by_value::rows_by_value;
pub use confusion::rows_of_confusion;
pub use predictions::{write_layer_predictions, write_predictions};
