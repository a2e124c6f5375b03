//! Activations of somebody's own network for somebody's own images: from a
//! weights file and images to one file of activations, batch by batch.
//!
//! ```
//! use layerprobe::activations::extract::{Extraction, Images, Weights};
//! use layerprobe::models::{Arch, Network, Parameter};
//! use layerprobe::training::Normalization;
//! use layerprobe_streams::StreamKey;
//!
//! let folder = tempfile::tempdir()?;
//! let path = |name: &str| folder.path().join(name);
//! // what torchvision's state_dict, saved, would be
//! let network = Network::new(Arch::Cnn4, 16, 5, StreamKey::from_seed(0))?;
//! let tensor = |p: &Parameter| {
//!     let bytes: Vec<u8> = p.values.iter().flat_map(|x| x.to_le_bytes()).collect();
//!     (p.name.clone(), p.shape.clone(), bytes)
//! };
//! let tensors: Vec<_> = network.tensors().map(tensor).collect();
//! let views = tensors.iter().map(|(name, shape, bytes)| {
//!     let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
//!     (name, view.unwrap())
//! });
//! std::fs::write(path("w.safetensors"), safetensors::serialize(views, None)?)?;
//! let images = [0; 3 * 3 * 16 * 16 * 4];
//! let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![3, 3, 16, 16], &images)?;
//! std::fs::write(path("x.safetensors"), safetensors::serialize([("images", view)], None)?)?;
//!
//! let weights = Weights::read(&path("w.safetensors"))?;
//! let images = Images::open(&path("x.safetensors"), &Normalization::IDENTITY)?;
//! let network = weights.network(Arch::Cnn4, &images)?;
//! let extraction = Extraction { network: &network, layers: &["pool4", "fc1"], batch_size: 2 };
//! extraction.run(images, &path("a.safetensors"), &mut |_| true)?;
//! let written = std::fs::read(path("a.safetensors"))?;
//! let read = safetensors::SafeTensors::deserialize(&written)?;
//! assert_eq!(read.tensor("pool4")?.shape(), [3, 128, 1, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod images;
mod output;
mod png;
mod tensors;
mod weights;

use std::path::Path;

pub use error::ExtractError;
pub use images::Images;
pub use weights::Weights;

use crate::models::{ImageBatch, Network, Workspace};
use output::Output;

/// What is read of which network.
#[derive(Clone, Copy, Debug)]
pub struct Extraction<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its layers, by any of their names.
    pub layers: &'a [&'a str],
    /// Images that are in memory at once.
    pub batch_size: usize,
}

impl Extraction<'_> {
    /// Reads the layers for all images and writes them to `path`, a tensor for
    /// each layer under the name it was asked for by: `[n, channels, rows,
    /// columns]` or `[n, numbers]`. The file is written beside its place and
    /// renamed when it is whole. `go_on` is called after each batch with the
    /// number of images done; at `false` the work ends and nothing is left.
    ///
    /// # Errors
    /// If a layer does not exist or is named twice, an image cannot be read,
    /// or the file cannot be written; `Stopped` if `go_on` said so.
    ///
    /// # Panics
    /// If `batch_size` is 0.
    pub fn run(
        &self,
        mut images: Images,
        path: &Path,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), ExtractError> {
        let n = images.len();
        let mut output = Output::create(path, self.network, self.layers, &images)?;
        let mut rows: Vec<Vec<f32>> = Vec::new();
        for layer in self.layers {
            rows.push(vec![
                0.0;
                self.batch_size.min(n)
                    * self.network.layer_dim(layer)?
            ]);
        }
        let mut workspace = Workspace::default();
        let mut batch = ImageBatch::new(self.network.input_layout());
        let mut chw = Vec::new();
        let mut done = 0;
        while done < n {
            let count = self.batch_size.min(n - done);
            images.read(count, &mut chw)?;
            batch.fill_from_chw(&chw);
            let mut parts = Vec::with_capacity(rows.len());
            for (rows, layer) in rows.iter_mut().zip(self.layers) {
                let len = count * self.network.layer_dim(layer)?;
                parts.push(&mut rows[..len]);
            }
            self.network
                .read_into(&mut workspace, &batch, self.layers, &mut parts)?;
            for (i, part) in parts.iter().enumerate() {
                output.write(i, part)?;
            }
            done += count;
            if !go_on(done) {
                return Err(ExtractError::Stopped { done, images: n });
            }
        }
        output.finish()
    }
}
