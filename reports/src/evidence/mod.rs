//! What the rows say: runs put side by side, means and intervals over them.

mod baseline;
mod by_value;
mod chance;
mod edges;
mod estimate;
mod family;
mod further;
mod group;
mod names;
mod nulls;
mod over_runs;
mod protocol_difference;
mod quantity;
mod run;
mod summary;
mod verdicts;
mod view;

pub(crate) use baseline::{Baseline, is_of_a_network};
pub(crate) use by_value::{ByValue, Network};
pub(crate) use chance::Chances;
pub use edges::{EDGE_GAIN, edge_warning};
use estimate::Measure;
pub(crate) use estimate::{Estimate, IntervalKind};
pub(crate) use family::{CEILING, CurvePoint, Family};
pub(crate) use further::Further;
pub(crate) use group::{Group, groups};
pub(crate) use names::in_order;
pub(crate) use nulls::{Tested, tested};
pub use over_runs::rows_over_runs;
pub(crate) use quantity::Quantity;
pub(crate) use summary::{Evidence, gather};
pub(crate) use verdicts::{Dispute, disputes};
pub(crate) use view::shown_view;

#[cfg(test)]
mod tests;
