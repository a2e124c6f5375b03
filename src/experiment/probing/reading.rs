//! Activations of a checkpoint: in memory, or on the disk while they are probed.

use crate::activations::{ActivationError, BlockStore, BlockWriter, READ_BATCH, read_layers_to};
use crate::experiment::design::condition::Planned;
use crate::experiment::design::shown;
use crate::experiment::design::stimuli::Rendered;
use crate::experiment::error::ExperimentError;
use crate::models::LayerRows;
use crate::training::Checkpoint;

use super::stage::ProbeStage;

impl ProbeStage<'_> {
    /// Reads layers of a checkpoint: into `activations`, and to the disk those
    /// that are kept there.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn read(
        &self,
        planned: &Planned<'_>,
        step: u64,
        opened: &Checkpoint,
        images: &Rendered,
        positions: &[usize],
        layers: &[&str],
        activations: &mut Vec<LayerRows>,
    ) -> Result<Vec<Option<BlockStore>>, ExperimentError> {
        let folder = self.folder.root();
        let full = |layer: &str, source| ExperimentError::Disk {
            layer: layer.to_owned(),
            folder: folder.to_owned(),
            source,
        };
        let failed = |source: ActivationError| ExperimentError::Activations {
            condition: planned.condition.id.clone(),
            step,
            source,
        };
        let mut writers = Vec::with_capacity(layers.len());
        for &layer in layers {
            writers.push(match self.is_stored(layer) {
                false => None,
                true => {
                    let dim = opened.network.layer_dim(layer)?;
                    let writer = BlockWriter::create(folder, positions.len(), dim);
                    Some(writer.map_err(|source| full(layer, source))?)
                }
            });
        }
        read_layers_to(
            &opened.network,
            &images.images,
            &shown::normalization(self.config, &opened.header),
            positions,
            layers,
            READ_BATCH,
            activations,
            &mut writers,
        )
        .map_err(failed)?;
        let stores = writers.into_iter().zip(layers).map(|(writer, layer)| {
            let store = writer.map(BlockWriter::finish).transpose();
            store.map_err(|source| full(layer, source))
        });
        stores.collect()
    }

    /// Whether a layer is kept on disk.
    pub(super) fn is_stored(&self, layer: &str) -> bool {
        let names = self.config.probes.layers.iter();
        let mut known = names.zip(&self.residence.stored);
        known.any(|(name, stored)| name == layer && *stored)
    }
}
