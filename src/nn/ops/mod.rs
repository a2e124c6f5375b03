//! The kernels as candle operations with gradients, for users and tests.
//!
//! candle's own max-pool scales its gradient by the number of maxima over the
//! window's area (0.25 instead of 1 for a 2 x 2 window), and its CPU
//! convolution is several times slower backward; these take their place. On
//! the CPU, for `f32` and `f64`.

mod conv_block;
mod cross_entropy;
mod linear;
mod slices;
#[cfg(test)]
mod tests;

pub use conv_block::conv_block;
pub use cross_entropy::cross_entropy;
pub use linear::linear;
