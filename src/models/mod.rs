//! Networks: each a list of named layers over the kernels of [`crate::nn`].
//!
//! There is one description of a network, its list of [`Layer`]s. Training and
//! reading walk along it over reusable buffers ([`Network::read`]);
//! [`Network::forward_tensors`] walks along the same list with candle tensors
//! and gives gradients of whatever is built on its output.
//!
//! ```
//! use layerprobe::models::{Arch, ImageBatch, Network, Workspace};
//! use layerprobe_streams::StreamKey;
//!
//! let network = Network::new(Arch::Cnn4, 32, 7, StreamKey::from_seed(0))?;
//! assert_eq!(network.layer_dim("pool4")?, 128 * 2 * 2);
//!
//! let gray = vec![0.5; 2 * 3 * 32 * 32];
//! let batch = ImageBatch::from_chw(network.input_layout(), &gray);
//! let read = network.read(&mut Workspace::default(), &batch, &["pool4", "fc1"])?;
//! assert_eq!(read[1].name, "fc1");
//! assert_eq!(read[1].values.len(), 2 * 128);
//! # Ok::<(), layerprobe::models::ModelError>(())
//! ```

mod arch;
mod batch;
mod cnn4;
mod error;
mod layer;
mod network;
mod parameter;
mod pass;
mod tensors;
#[cfg(test)]
mod tests;
mod workspace;

pub use arch::{Arch, UnknownArch};
pub use batch::ImageBatch;
pub use error::ModelError;
pub use layer::{Layer, LayerKind};
pub use network::{LayerRows, Network};
pub use parameter::Parameter;
pub use workspace::Workspace;
