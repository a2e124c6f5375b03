//! Convolutions: alone ([`Conv`]), or in a block with ReLU and 2 x 2 max-pool
//! ([`ConvBlock`]).
//!
//! Nothing is unrolled into columns: images lie in memory as rows of pixels of
//! channels (NHWC) inside a border of zeros, so that under one row of the
//! kernel lies one contiguous run of `kernel * channels` numbers. A tile of
//! twelve pixels by two vectors of channels stays in registers while it walks
//! along these runs. 3 x 3 and 5 x 5 convolutions of stride 1 take fewer products
//! ([`winograd`]). `docs/performance.md` says what each costs.

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
pub(super) mod tile;
mod winograd;

pub use block::{ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput};
pub use layer::{Conv, ConvBackward, ConvBuffers, fold_norm};
pub use spec::ConvSpec;
