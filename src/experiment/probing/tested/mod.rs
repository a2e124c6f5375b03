//! What probes of a layer said, in tables: of single test stimuli, too.

mod by_value;
mod confusion;
mod predictions;

use layerprobe_probes::LayerOutcome;
use layerprobe_reports::ResultRow;

use super::probe_sets::ProbeSet;
use crate::experiment::folder::layer_tables::LayerTables;
use crate::results::rows_of_layer;

use by_value::rows_by_value;
use confusion::rows_of_confusion;

pub use predictions::write_layer_predictions;

/// All tables of a view of a layer but its predictions, which are large.
pub fn tables_of_layer(
    here: &ResultRow,
    set: &ProbeSet,
    outcome: &LayerOutcome,
    resamples: usize,
) -> LayerTables {
    LayerTables {
        rows: rows_of_layer(here, outcome),
        by_value: rows_by_value(here, set, outcome, resamples),
        confusions: rows_of_confusion(here, set, outcome),
    }
}
