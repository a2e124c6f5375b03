//! Passes over buffers: a graph compiled for training and for reading.
//!
//! For training every node is a step and every value keeps its own memory. For
//! reading, a batch norm folds into the convolution before it, dropout is left
//! out, and values share memory as soon as nobody needs them any more.

mod backward;
mod compile;
mod forward;
mod kernel;
mod memory;
mod slots;
#[cfg(test)]
mod tests;

pub(super) use compile::Plan;
pub(crate) use forward::{Mode, NORM_EPSILON};
pub use memory::Workspace;
