//! Kernels and layers with forward and backward passes, and the optimizers.
//!
//! The unit is a fused layer: [`Conv`] is convolution, bias, residual and
//! activation in one pass, [`ConvBlock`] convolution, bias, ReLU and 2 x 2
//! max-pool, so that the large map before the pool is never written to memory;
//! [`BatchNorm`] normalizes, adds a residual and activates; [`Linear`] is a
//! matrix product with bias and activation. Beside them stand the pools,
//! [`Dropout`] and [`cross_entropy`]. A small [`Perceptron`] is trained whole, a
//! step on all its examples being one call. All work on plain slices over reusable
//! buffers, which is what training runs on; [`ops`] wraps the same kernels as
//! candle operations with gradients.
//!
//! Images lie in memory as rows of pixels of channels inside a border of zeros
//! ([`layout::ImageLayout`]); gradients of images have no border.
//!
//! Everything is generic over `f32` (for work) and `f64` (for tests), and
//! gives the same bits whatever the number of threads: images are independent
//! in the forward pass, and gradients are summed over parts of the batch, then
//! over parts, both in an order that shapes alone decide.

mod activation;
mod aligned;
mod conv;
mod dropout;
#[cfg(test)]
pub(crate) mod goldens;
pub mod init;
mod input_gradient;
mod lanes;
pub mod layout;
mod linear;
mod loss;
mod norm;
pub mod ops;
pub mod optimizers;
mod perceptron;
mod pool;
mod real;
mod shape_error;
mod sizes;
#[cfg(test)]
mod tests;

pub use activation::Activation;
pub use aligned::Aligned;
pub use conv::{
    Conv, ConvBackward, ConvBlock, ConvBlockBuffers, ConvBuffers, ConvGradient, ConvInput,
    ConvSpec, fold_norm,
};
pub use dropout::{Dropout, DropoutError};
pub use input_gradient::InputGradient;
pub use linear::{Linear, LinearGradient};
pub use loss::{argmax, cross_entropy};
pub use norm::{BatchNorm, NormBackward, NormBuffers, NormParameters, NormTraining};
pub use perceptron::{Perceptron, PerceptronBatch, PerceptronError, PerceptronSpec};
pub use pool::{AveragePool, MaxPool, PoolSpec};
pub use real::{Real, instructions};
pub use shape_error::ShapeError;

/// Images whose gradients one task sums up, one after the other. A constant,
/// so that the order of summation depends on the batch alone.
pub const IMAGES_PER_BLOCK: usize = 4;
