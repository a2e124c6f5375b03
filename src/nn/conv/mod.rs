//! Convolution, bias, ReLU and 2 x 2 max-pool in one pass.
//!
//! Nothing is unrolled into columns: images lie in memory as rows of pixels of
//! channels (NHWC) inside a border of zeros, so that under one row of the
//! kernel lies one contiguous run of `kernel * channels` numbers. A tile of
//! eight pixels by two vectors of channels stays in registers while it walks
//! along these runs; its four neighbors are pooled before anything is stored.

mod backward;
mod block;
mod block_tiles;
mod forward;
mod layer;
mod pack;
mod partial;
mod shape;
mod spec;
#[cfg(test)]
mod tests;
mod tile;
mod winograd;

pub use block::{ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput};
pub use layer::{Conv, ConvBackward, ConvBuffers, fold_norm};
pub use spec::ConvSpec;
