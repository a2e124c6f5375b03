//! What a network computes: nodes in order, each reading values of earlier
//! ones.
//!
//! There is one description of a network. Training and reading compile it into
//! passes over buffers ([`pass`](super::pass)); candle tensors walk along it
//! as it stands.

mod build;
mod node;
mod parameters;

pub(crate) use build::Graph;
pub use node::Shape;
pub(crate) use node::{Node, Op, Place, Value};
pub(crate) use parameters::{Initial, TensorSpec};
