//! What the rows say: runs put side by side, means and intervals over them.

mod chance;
mod estimate;
mod family;
mod names;
mod run;
mod summary;

pub(crate) use chance::Chances;
pub(crate) use estimate::{Estimate, IntervalKind};
pub(crate) use family::{CEILING, CurvePoint, Family};
pub(crate) use names::in_order;
pub(crate) use summary::{Evidence, gather};

#[cfg(test)]
mod tests;
