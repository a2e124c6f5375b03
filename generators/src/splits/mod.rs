//! Which values are held out, and which stimuli train and validate
//! (Hermann & Lampinen 2020, section 3, and the authors' split scripts).

mod hold_outs;
mod split;

pub use hold_outs::{HoldOuts, VERSIONS};
pub use split::Split;
