//! Images a second of a full training step and of a forward pass.
//!
//! `cargo bench --bench engine`; the same work in PyTorch is
//! `benches/peers/engine_cnn4.py`.
fn main() {}
