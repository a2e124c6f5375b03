//! Passes over buffers: a graph compiled for training and for reading.
//!
//! For training every node is a step. For reading, a batch norm folds into the
//! convolution before it and dropout is left out. Values and gradients lie in
//! one arena, each where nothing else is needed for as long as it is.

mod arena;
mod backward;
mod compile;
mod forward;
mod kernel;
mod memory;
#[cfg(test)]
mod tests;

pub(super) use compile::Plan;
pub(crate) use forward::{Mode, NORM_EPSILON};
pub use memory::Workspace;
