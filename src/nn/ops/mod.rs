//! The kernels as candle operations with gradients.
