//! Kernels and layers with forward and backward passes, and the optimizers.
//!
//! The unit is a fused block: [`ConvBlock`] is convolution, bias, ReLU and
//! 2 x 2 max-pool in one pass, so that the large map before the pool is never
//! written to memory; [`Linear`] is a matrix product with bias and, if wanted,
//! ReLU. Both work on plain slices over reusable buffers, which is what
//! training runs on; [`ops`] wraps the same kernels as candle operations with
//! gradients.
//!
//! Everything is generic over `f32` (for work) and `f64` (for tests), and
//! gives the same bits whatever the number of threads: images are independent
//! in the forward pass, and gradients are summed over blocks of
//! [`IMAGES_PER_BLOCK`] images, then over blocks, both in order.

mod activation;
mod aligned;
mod conv;
#[cfg(test)]
pub(crate) mod goldens;
pub mod init;
mod lanes;
pub mod layout;
mod linear;
mod loss;
pub mod ops;
pub mod optimizers;
mod real;
mod shape_error;
#[cfg(test)]
mod tests;

pub use activation::Activation;
pub use conv::{ConvBlock, ConvBlockBuffers, ConvGradient, ConvInput, ConvSpec};
pub use linear::{Linear, LinearGradient};
pub use loss::{argmax, cross_entropy};
pub use real::Real;
pub use shape_error::ShapeError;

/// Images whose gradients one task sums up, one after the other. A constant,
/// so that the order of summation depends on the batch alone.
pub const IMAGES_PER_BLOCK: usize = 4;
