//! Around the number: what a bare accuracy leaves open.

pub(crate) mod bits;
mod v_information;

pub use v_information::{VInformation, v_information};
