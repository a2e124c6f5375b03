//! Around the number: what a bare accuracy leaves open.

pub(crate) mod bits;
mod code_length;
mod code_order;
mod control;
mod permutation;
mod relabel;

pub use code_length::{CodeLength, CodedBlock, OrderCode};
pub(crate) use code_length::{code_lengths, code_orders};
pub(crate) use code_order::Blocks;
pub use control::Selectivity;
pub(crate) use control::{labelings, selectivity};
pub(crate) use permutation::Permutable;
pub use permutation::{PermutationNull, null_maxima, permutation_p_value};
