//! Networks over the kernels of [`crate::nn`], their layers readable by name.
//!
//! There is one description of a network: a graph of nodes, written down by its
//! architecture for a [`Design`]. Training and reading run it over reusable
//! buffers ([`Network::read`]); [`Network::forward_tensors`] walks along the
//! same nodes with candle tensors and gives gradients of whatever is built on
//! its output. Names and shapes of weights are torchvision's.
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

mod archs;
mod batch;
mod error;
mod graph;
mod network;
mod parameter;
mod pass;
mod read;
mod tensors;
#[cfg(test)]
mod tests;

pub use archs::{Arch, Design, Options, UnknownArch};
pub use batch::ImageBatch;
pub use error::ModelError;
pub use graph::Shape;
pub use network::{Layer, Network};
pub use parameter::Parameter;
pub(crate) use pass::Mode;
pub use pass::Workspace;
pub use read::LayerRows;
pub use tensors::TensorPass;
