//! The protocol `paper`: the grid of each layer, and the choice over networks.

mod curves;
mod known;
mod rows;
mod stage;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use layerprobe_probes::{AdamGrid, CheckedAdamGrid};
use ndarray::ArrayView2;

use crate::activations::{READ_BATCH, read_layers};
use crate::config::Config;
use crate::training::{Checkpoint, CheckpointHeader, Normalization, Role, best_path};

use super::networks::Networks;
use super::probe_sets::ProbeSet;
use crate::experiment::design::condition::Condition;
use crate::experiment::design::identity;
use crate::experiment::design::paper_protocol;
use crate::experiment::design::stimuli::{ExperimentStimuli, Rendered, Version};
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::layout::RunFolder;
use crate::experiment::folder::proof::Proof;
use crate::experiment::store::Store;

use curves::LayerCurves;

/// Everything the stage works with.
pub struct PaperStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub conditions: &'a [Condition],
    pub grid: CheckedAdamGrid,
    /// The networks of the checkpoints.
    pub networks: &'a Networks,
    /// Where curves are shared, if they are.
    pub store: Option<&'a Store>,
}

/// What curves are called in a store.
const KIND: &str = "paper";
const NAME: &str = "grid";
const TABLE: &str = "curves.csv";

/// Layers whose grids are trained in this run, by the identity of the work.
type Finished<'a> = BTreeMap<String, Place<'a>>;

/// One layer of one checkpoint.
#[derive(Clone, Copy)]
struct Place<'a> {
    condition: &'a Condition,
    role: Role,
    layer: &'a str,
}

/// The grid of a configuration, if it names the protocol.
///
/// # Errors
/// If a value cannot be trained with.
pub fn grid(config: &Config) -> Result<Option<CheckedAdamGrid>, ExperimentError> {
    let Some(paper) = &config.probes.paper else {
        return Ok(None);
    };
    let grid = AdamGrid {
        learning_rates: paper.learning_rates.clone(),
        weight_decays: paper.weight_decays.clone(),
        batch_size: paper.batch_size,
        epochs: paper.epochs,
    };
    grid.check().map(Some).map_err(ExperimentError::ProbeParams)
}

impl PaperStage<'_> {
    fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for condition in self.conditions {
            for &role in paper_protocol::roles(self.config) {
                places.extend(self.config.probes.network_layers().map(|layer| Place {
                    condition,
                    role,
                    layer,
                }));
            }
        }
        places
    }

    fn path(&self, place: &Place<'_>) -> PathBuf {
        let role = place.role.name();
        self.folder.paper_curves(place.condition, role, place.layer)
    }

    fn proof(&self, place: &Place<'_>) -> PathBuf {
        self.path(place).with_extension("json")
    }

    /// The checkpoint that is read.
    fn checkpoint(&self, place: &Place<'_>) -> PathBuf {
        match place.role {
            Role::Initial => self.folder.checkpoint(place.condition, 0),
            _ => best_path(&self.folder.condition(place.condition)),
        }
    }

    /// Identity of a layer's grid.
    fn made_from(&self, place: &Place<'_>, version: &Version) -> Result<String, ExperimentError> {
        let network = self.networks.of(&self.checkpoint(place))?;
        let normalization = normalization(place.role, &network.header);
        let network = (network.weights.as_str(), &normalization);
        let layer = place.layer;
        Ok(identity::of_decoding(self.config, version, network, layer))
    }

    /// Writes curves, which came `from` the store or were made here, and the proof
    /// that they are complete.
    fn write(
        &self,
        place: &Place<'_>,
        curves: &LayerCurves,
        made_from: &str,
        from: Option<&str>,
    ) -> Result<Proof, ExperimentError> {
        let path = self.path(place);
        curves.write(&path, &self.grid)?;
        let dir = self.folder.condition(place.condition);
        let proof = Proof::of(made_from, &dir, [path.as_path()])?;
        self.folder.taken().remember(&self.proof(place), from)?;
        proof.write(&self.proof(place))?;
        Ok(proof)
    }

    /// The stimuli in an order that leaves those of a feature's test together.
    fn set(&self, version: &Version) -> ProbeSet {
        let probes = &self.config.probes;
        ProbeSet::new(self.stimuli.set.as_ref(), version, probes, self.streams).by_test()
    }

    fn train(
        &self,
        place: &Place<'_>,
        (set, images): (&ProbeSet, &Rendered),
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<LayerCurves, ExperimentError> {
        let (condition, layer) = (place.condition, place.layer);
        let file = self.checkpoint(place);
        let opened = Checkpoint::read(&file)?;
        let step = opened.header.step;
        let normalization = normalization(place.role, &opened.header);
        let mut read = Vec::new();
        read_layers(
            &opened.network,
            &images.images,
            &normalization,
            &set.positions(images),
            &[layer],
            READ_BATCH,
            &mut read,
        )
        .map_err(|source| ExperimentError::Activations {
            condition: condition.id.clone(),
            step,
            source,
        })?;
        let (dim, values) = read
            .first()
            .map_or((0, &[][..]), |r| (r.dim, &r.values[..]));
        let view = ArrayView2::from_shape((set.stimuli.len(), dim), values).map_err(|e| {
            ExperimentError::Damaged {
                path: file,
                problem: format!("layer {layer}: {e}"),
            }
        })?;
        let key = self.streams.paper(condition.version);
        let found = set
            .train_grid(layer, view, &self.grid, key, progress)
            .map_err(|source| ExperimentError::Probe {
                condition: condition.id.clone(),
                step,
                source,
            })?;
        let ControlFlow::Continue(features) = found else {
            return Err(ExperimentError::Interrupted);
        };
        Ok(LayerCurves {
            step,
            epoch: opened.header.epoch,
            layer: layer.to_owned(),
            dim,
            features,
        })
    }

    fn read(&self, place: &Place<'_>) -> Result<LayerCurves, ExperimentError> {
        LayerCurves::read(&self.path(place), &self.grid, &self.config.probes.features)
    }
}

/// How a network's images are normalized: untrained networks see them as they
/// are.
fn normalization(role: Role, header: &CheckpointHeader) -> Normalization {
    match role {
        Role::Initial => Normalization::IDENTITY,
        _ => header.normalization,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Arch, Options};

    #[test]
    fn untrained_networks_see_images_as_they_are_and_trained_ones_as_in_training() {
        let own = Normalization {
            mean: [0.25, 0.5, 0.75],
            std: [0.125, 0.25, 0.5],
        };
        let seen = |role: Role| {
            let header = CheckpointHeader {
                arch: Arch::Cnn4,
                channels: 3,
                classes: 7,
                config_hash: String::new(),
                epoch: 0.0,
                image_size: 32,
                layers: Vec::new(),
                normalization: own,
                options: Options::default(),
                role,
                step: 0,
            };
            normalization(role, &header)
        };
        assert_eq!(seen(Role::Initial), Normalization::IDENTITY);
        assert_eq!(seen(Role::BestValidation), own);
    }
}
