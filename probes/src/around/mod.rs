//! Around the number: what a bare accuracy leaves open.

pub(crate) mod bits;
mod code_length;
mod code_order;
mod control;
mod permutation;
mod relabel;
mod v_information;

pub(crate) use code_length::code_lengths;
pub use code_length::{CodeLength, CodedBlock, OrderCode};
pub use control::Selectivity;
pub(crate) use control::{labelings, selectivity};
pub(crate) use permutation::permuted_labels;
pub use permutation::{PermutationNull, null_maxima, permutation_p_value};
pub use v_information::{VInformation, v_information};
