//! Bit vectors with an easy and a hard feature.

mod rule;
mod set;
mod table;

pub use rule::EasyRule;
pub use set::{BITS, Binary, BinaryFeature, BinaryParams, BinaryStimulus, DOMAIN};
pub use table::table;
