//! Activations: what named layers of a network give for stored images, in
//! memory or, where that is short, on disk.

mod baseline;
pub mod extract;
mod mapped;
mod residence;
mod store;

use std::io;

pub use baseline::Baseline;
pub use residence::{NotEnough, PlannedLayer, fits_paper, needed, on_disk, side_by_side};
pub use store::{BlockStore, BlockWriter};
use thiserror::Error;

use crate::models::{LayerRows, ModelError, Network, Workspace};
use crate::training::{Batches, ImageStore, Normalization};

/// Images pushed through a network at once when activations are read.
pub const READ_BATCH: usize = 128;

/// Why activations could not be read.
#[derive(Debug, Error)]
pub enum ActivationError {
    /// The network does not have the layer, or takes other images.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// More numbers than memory can hold.
    #[error(
        "layer `{layer}`: {images} images x {dim} dimensions do not fit into memory; \
         probe fewer layers or stimuli at a time"
    )]
    TooLarge {
        /// The layer.
        layer: String,
        /// How many images.
        images: usize,
        /// Numbers for each.
        dim: usize,
    },
    /// Activations that were to be kept on disk.
    #[error("keeping activations of layer `{layer}` on disk")]
    Disk {
        /// The layer.
        layer: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A layer's activations, stimulus after stimulus.
#[derive(Debug)]
pub enum Matrix {
    /// Row after row.
    Memory(Vec<f32>),
    /// On disk, in blocks of dimensions.
    Disk(BlockStore),
}

/// Pushes images through a network in eval mode, each once, `batch_size` at a
/// time, and collects for each layer a row for each of `indices`. All named
/// layers of one checkpoint are in memory at once.
///
/// What `read` holds from an earlier call is overwritten: its memory is used
/// again, which saves the system from clearing gigabytes for each checkpoint.
///
/// # Errors
/// If a layer does not exist or does not fit into memory, or the images have
/// another size than the network's.
///
/// # Panics
/// If `batch_size` is 0 or an index is not an image's.
///
/// ```
/// use layerprobe::activations::read_layers;
/// use layerprobe::models::{Arch, Network};
/// use layerprobe::training::{ImageStore, Normalization};
/// use layerprobe_streams::StreamKey;
///
/// let network = Network::new(Arch::Cnn4, 32, 7, StreamKey::from_seed(0))?;
/// let images = ImageStore::new(32, vec![128; 5 * 32 * 32 * 3])?;
/// let mut read = Vec::new();
/// read_layers(
///     &network, &images, &Normalization::IDENTITY, &[4, 0, 2], &["pool3", "fc1"], 2, &mut read,
/// )?;
/// assert_eq!((read[0].dim, read[0].values.len()), (128 * 4 * 4, 3 * 128 * 4 * 4));
/// assert_eq!(read[1].name, "fc1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_layers(
    network: &Network,
    images: &ImageStore,
    normalization: &Normalization,
    indices: &[usize],
    layers: &[&str],
    batch_size: usize,
    read: &mut Vec<LayerRows>,
) -> Result<(), ActivationError> {
    let mut none: Vec<Option<BlockWriter>> = layers.iter().map(|_| None).collect();
    read_layers_to(
        network,
        images,
        normalization,
        indices,
        layers,
        batch_size,
        read,
        &mut none,
    )
}

/// [`read_layers`], with rows of layers that have a writer appended to it;
/// of these, `read` has the last batch only.
///
/// # Errors
/// As [`read_layers`], and if the disk does not take the activations.
///
/// # Panics
/// As [`read_layers`].
#[allow(clippy::too_many_arguments)]
pub fn read_layers_to(
    network: &Network,
    images: &ImageStore,
    normalization: &Normalization,
    indices: &[usize],
    layers: &[&str],
    batch_size: usize,
    read: &mut Vec<LayerRows>,
    writers: &mut [Option<BlockWriter>],
) -> Result<(), ActivationError> {
    read.resize_with(layers.len(), || LayerRows {
        name: String::new(),
        dim: 0,
        values: Vec::new(),
    });
    for ((layer, rows), writer) in layers.iter().zip(read.iter_mut()).zip(writers.iter()) {
        rows.name = (*layer).to_owned();
        rows.dim = network.layer_dim(layer)?;
        match writer {
            None => reserve(rows, indices.len())?,
            Some(_) => {
                rows.values.truncate(batch_size * rows.dim);
                rows.values.shrink_to_fit();
                reserve(rows, batch_size.min(indices.len()))?;
            }
        }
    }
    let batches = Batches::new(images, normalization, network)?;
    let mut workspace = Workspace::default();
    batches.for_each(indices, batch_size, |batch, start| {
        let mut rows: Vec<&mut [f32]> = read
            .iter_mut()
            .zip(writers.iter())
            .map(|(l, writer)| {
                let start = if writer.is_some() { 0 } else { start };
                &mut l.values[start * l.dim..(start + batch.len()) * l.dim]
            })
            .collect();
        network.read_into(&mut workspace, batch, layers, &mut rows)?;
        for ((writer, rows), layer) in writers.iter_mut().zip(&rows).zip(layers) {
            if let Some(writer) = writer {
                let written = writer.append(rows);
                written.map_err(|source| ActivationError::Disk {
                    layer: (*layer).to_owned(),
                    source,
                })?;
            }
        }
        Ok(())
    })
}

fn reserve(rows: &mut LayerRows, images: usize) -> Result<(), ActivationError> {
    let too_large = |rows: &LayerRows| ActivationError::TooLarge {
        layer: rows.name.clone(),
        images,
        dim: rows.dim,
    };
    let numbers = rows.dim.checked_mul(images);
    let numbers = numbers.ok_or_else(|| too_large(rows))?;
    let missing = numbers.saturating_sub(rows.values.len());
    if rows.values.try_reserve_exact(missing).is_err() {
        return Err(too_large(rows));
    }
    rows.values.resize(numbers, 0.0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Arch;
    use layerprobe_streams::StreamKey;

    fn images(n: usize) -> ImageStore {
        let mut stream = StreamKey::from_seed(1).at(0);
        let pixels = (0..n * 32 * 32 * 3).map(|_| stream.below(256) as u8);
        ImageStore::new(32, pixels.collect()).unwrap()
    }

    #[test]
    fn rows_do_not_depend_on_the_batches_they_came_in() {
        let network = Network::new(Arch::Cnn4, 32, 7, StreamKey::from_seed(0)).unwrap();
        let images = images(7);
        let read = |indices: &[usize], batch| {
            let normalization = Normalization::of(&images, &[0, 1]);
            let (layers, mut read) = (["pool4", "fc1"], Vec::new());
            read_layers(
                &network,
                &images,
                &normalization,
                indices,
                &layers,
                batch,
                &mut read,
            )
            .unwrap();
            read
        };
        let all = read(&[0, 1, 2, 3, 4, 5, 6], 3);
        let whole = read(&[0, 1, 2, 3, 4, 5, 6], 7);
        let one = read(&[5], 1);
        assert!(all[0] == whole[0], "convolutions take each image by itself");
        for ((all, whole), one) in all.iter().zip(&whole).zip(&one) {
            assert!(one.values.iter().any(|v| *v > 0.0));
            // a product's blocks follow its number of rows
            let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near(&all.values, &whole.values), "{}", all.name);
            assert!(near(&all.values[5 * all.dim..6 * all.dim], &one.values));
        }
    }

    #[test]
    fn an_unknown_layer_lists_the_known() {
        let network = Network::new(Arch::Cnn4, 32, 7, StreamKey::from_seed(0)).unwrap();
        let (images, whole) = (images(1), &Normalization::IDENTITY);
        let error = read_layers(
            &network,
            &images,
            whole,
            &[0],
            &["pool9"],
            1,
            &mut Vec::new(),
        )
        .unwrap_err();
        assert!(error.to_string().contains("pool1, pool2"), "{error}");
    }
}
