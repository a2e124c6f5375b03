//! Checkpoint files: the weights at one step, and what they are.
//!
//! A safetensors file whose single metadata key `layerprobe` holds a JSON text
//! with sorted keys (safetensors keeps metadata in a hash map: two keys would
//! give other bytes each time).

mod error;
mod file;
mod fingerprint;
mod header;
#[cfg(test)]
mod tests;

pub use error::CheckpointError;
pub use file::Checkpoint;
pub(crate) use file::{Tensors, bytes_if_there, header_of, parse, serialize, tensors_of};
pub use fingerprint::Fingerprint;
pub use header::{CheckpointHeader, Role};
