//! The kernels as candle operations with gradients, for users and tests.
//!
//! candle's own max-pool scales its gradient by the number of maxima over the
//! window's area (0.25 instead of 1 for a 2 x 2 window) and refuses overlapping
//! windows, and its CPU convolution is several times slower backward; these
//! take their place. On the CPU they run the kernels, in `f32` and `f64`; on
//! other devices each is made of candle's own operations, with max-pool's
//! gradient mended.

mod activation;
mod batch_norm;
mod conv2d;
mod conv_block;
mod cross_entropy;
mod custom;
mod dropout;
mod elsewhere;
mod linear;
mod pools;
mod slices;
#[cfg(test)]
mod tests;

pub use activation::activate;
pub use batch_norm::{BatchNormOutput, batch_norm, batch_norm_eval};
pub use conv_block::conv_block;
pub use conv2d::{ConvSettings, conv2d};
pub use cross_entropy::cross_entropy;
pub use dropout::dropout;
pub use linear::linear;
pub use pools::{adaptive_average_pool2d, average_pool2d, max_pool2d};
