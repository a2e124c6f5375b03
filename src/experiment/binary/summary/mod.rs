//! From the rows of all networks to what a reader sees first.

mod figures;
mod over_runs;
mod table;

pub(super) use figures::figures;
pub(super) use over_runs::rows_over_runs;
pub(super) use table::table;
