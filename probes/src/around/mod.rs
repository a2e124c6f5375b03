//! Around the number: what a bare accuracy leaves open.

pub(crate) mod bits;
mod control;
mod relabel;
mod v_information;

pub use control::Selectivity;
pub(crate) use control::{labelings, selectivity};
pub use v_information::{VInformation, v_information};
