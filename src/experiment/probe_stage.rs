//! The probe stage: what is missing of each checkpoint's layers.

use std::fs::File;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use layerprobe_durable::Pending;
use ndarray::ArrayView2;

use crate::activations::{ActivationError, BlockStore, BlockWriter, read_layers_to};
use crate::config::{Config, InitialWeights};
use crate::models::LayerRows;
use crate::training::{CheckedTrainingPlan, Checkpoint, Role};

use super::error::ExperimentError;
use super::events::{Event, Observer, Stage};
use super::layer_tables::{LayerPlace, LayerTables};
use super::layout::RunFolder;
use super::plan::Planned;
use super::probing::{self, ProbeSet};
use super::proof::identity;
use super::protocol;
use super::rows::{CheckpointRef, row_of_condition, row_of_layer, rows_of_layer};
use super::stimuli::{ExperimentStimuli, Rendered};
use super::streams::Streams;
use super::tested::{rows_by_value, rows_of_confusion, write_layer_predictions};

/// Images pushed through a network at once when activations are read.
pub const BATCH: usize = 128;

/// Everything the stage works with.
pub struct ProbeStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub planned: &'a [Planned<'a>],
    /// Which of the configuration's layers are kept on disk.
    pub stored: &'a [bool],
}

impl ProbeStage<'_> {
    /// Every layer of every checkpoint, in the plan's order.
    fn places(&self) -> Vec<LayerPlace<'_>> {
        let mut places = Vec::new();
        for planned in self.planned {
            for step in planned.training.checkpoint_steps() {
                for layer in &self.config.probes.layers {
                    places.push(self.place(planned, *step, layer));
                }
            }
        }
        places
    }

    fn place<'b>(&'b self, planned: &'b Planned<'_>, step: u64, layer: &'b str) -> LayerPlace<'b> {
        LayerPlace {
            folder: self.folder,
            condition: &planned.condition,
            step,
            layer,
            at_an_end: is_end(planned, step),
            predicted: match self.config.probes.predictions.at(is_end(planned, step)) {
                true => &self.config.probes.features,
                false => &[],
            },
            made_from: self.made_from(planned, step),
        }
    }

    /// What the outcomes of a checkpoint's layers depend on.
    fn made_from(&self, planned: &Planned<'_>, step: u64) -> String {
        let file = self.folder.checkpoint(&planned.condition, step);
        let checkpoint = self.folder.proven_hash(&planned.condition, &file);
        let protocol = protocol::name(self.config);
        identity(&[&self.config.hash(), &protocol, &checkpoint])
    }

    /// Probes what is missing and returns all tables, in the plan's order.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn run(
        &self,
        images: impl Fn() -> Result<Rc<Rendered>, ExperimentError>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<LayerTables, ExperimentError> {
        let places = self.places();
        for place in &places {
            place.check(observer)?;
        }
        let mut done = places.iter().filter(|place| place.is_done()).count() as u64;
        if done < places.len() as u64 {
            let images = images()?;
            let started = Instant::now();
            observer.event(Event::Started {
                stage: Stage::Probe,
                total: places.len() as u64,
                done,
            });
            let mut advanced = |detail: &str| {
                done += 1;
                observer.event(Event::Advanced {
                    stage: Stage::Probe,
                    done,
                    detail,
                });
            };
            let mut activations = Vec::new();
            for version in &self.stimuli.versions {
                let set = ProbeSet::new(
                    self.stimuli.set.as_ref(),
                    version,
                    &self.config.probes.features,
                    self.streams,
                );
                let here = |p: &&Planned<'_>| p.version.number == version.number;
                for planned in self.planned.iter().filter(here) {
                    for checkpoint in checkpoints(&planned.training) {
                        let seen = (&set, images.as_ref());
                        self.probe_checkpoint(
                            planned,
                            &checkpoint,
                            seen,
                            &mut activations,
                            stop,
                            &mut advanced,
                        )?;
                    }
                }
            }
            observer.event(Event::Finished {
                stage: Stage::Probe,
                seconds: started.elapsed().as_secs_f64(),
            });
        }
        self.tables()
    }

    /// All tables as they lie in the folder, in the plan's order.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn tables(&self) -> Result<LayerTables, ExperimentError> {
        let mut tables = LayerTables::default();
        for place in self.places() {
            tables.append(place.read()?);
        }
        Ok(tables)
    }

    fn probe_checkpoint(
        &self,
        planned: &Planned<'_>,
        checkpoint: &CheckpointRef,
        (set, images): (&ProbeSet, &Rendered),
        activations: &mut Vec<LayerRows>,
        stop: &AtomicBool,
        advanced: &mut dyn FnMut(&str),
    ) -> Result<(), ExperimentError> {
        let (condition, step) = (&planned.condition, checkpoint.step);
        let missing: Vec<&str> = self
            .config
            .probes
            .layers
            .iter()
            .map(String::as_str)
            .filter(|layer| !self.place(planned, step, layer).is_done())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let effective = self.stimuli.effective_predictivity(planned.version);
        let row = row_of_condition(self.config, condition, effective);
        if let Some(twin) = self.same_network(planned, step) {
            for layer in missing {
                let (there, here) = (
                    self.place(twin, step, layer),
                    self.place(planned, step, layer),
                );
                for feature in here.predicted {
                    copy(&there.predictions(feature), &here.predictions(feature))?;
                }
                here.write(&there.read()?.renamed(condition))?;
                advanced(&format!("{} step {step}", condition.target));
            }
            return Ok(());
        }
        let opened = Checkpoint::read(&self.folder.checkpoint(condition, step))?;
        let positions = set.positions(images);
        let stores = self.read(
            planned,
            step,
            &opened,
            images,
            &positions,
            &missing,
            activations,
        )?;
        let params = probing::params(self.config)?;
        let extras = set.extras(self.config, is_end(planned, step));
        for (layer, store) in activations.iter().zip(&stores) {
            if stop.load(Ordering::SeqCst) {
                return Err(ExperimentError::Interrupted);
            }
            let channels = opened.network.layer_channels(&layer.name);
            let channels = channels.map_err(|source| ExperimentError::Activations {
                condition: condition.id.clone(),
                step,
                source: source.into(),
            })?;
            let named = (layer.name.as_str(), channels);
            let outcome = match store {
                Some(store) => set.probe_streamed(named, store, &params, &extras),
                None => {
                    let view = ArrayView2::from_shape((positions.len(), layer.dim), &layer.values)
                        .map_err(|e| ExperimentError::Damaged {
                            path: self.folder.condition(condition),
                            problem: format!("layer {}: {e}", layer.name),
                        })?;
                    set.probe(named, view, &params, &extras)
                }
            };
            let outcome = outcome.map_err(|source| ExperimentError::Probe {
                condition: condition.id.clone(),
                step,
                source,
            })?;
            let here = row_of_layer(&row, checkpoint, &layer.name, layer.dim);
            let place = self.place(planned, step, &layer.name);
            if !place.predicted.is_empty() {
                write_layer_predictions(|f| place.predictions(f), &here, set, &outcome)?;
            }
            place.write(&LayerTables {
                rows: rows_of_layer(&here, &outcome),
                by_value: rows_by_value(&here, set, &outcome, params.resamples()),
                confusions: rows_of_confusion(&here, set, &outcome),
            })?;
            advanced(&format!("{} step {step} {}", condition.target, layer.name));
        }
        Ok(())
    }

    /// Reads layers of a checkpoint: into `activations`, and to the disk those
    /// that are kept there.
    #[allow(clippy::too_many_arguments)]
    fn read(
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
            let names = self.config.probes.layers.iter();
            let stored = names
                .zip(self.stored)
                .any(|(name, stored)| name == layer && *stored);
            writers.push(match stored {
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
            &opened.header.normalization,
            positions,
            layers,
            BATCH,
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

    /// The condition whose checkpoint at this step is the very same network
    /// seeing the very same stimuli: the untrained one, when initial weights
    /// are shared.
    fn same_network(&self, planned: &Planned<'_>, step: u64) -> Option<&Planned<'_>> {
        let shared = self.config.network.initial_weights == InitialWeights::Shared;
        self.planned
            .iter()
            .find(|other| other.condition.version == planned.condition.version)
            .filter(|first| shared && step == 0 && first.condition.id != planned.condition.id)
    }
}

/// Copies a file, whole or not at all.
fn copy(from: &Path, to: &Path) -> Result<(), ExperimentError> {
    let failed = |e| ExperimentError::io("copy", to, e);
    let mut source = File::open(from).map_err(|e| ExperimentError::io("read", from, e))?;
    let mut pending = Pending::create(to).map_err(failed)?;
    std::io::copy(&mut source, &mut pending).map_err(failed)?;
    pending.commit().map_err(failed)
}

/// Whether a step is the first or the last.
fn is_end(planned: &Planned<'_>, step: u64) -> bool {
    step == 0 || step == planned.training.total_steps()
}

fn checkpoints(training: &CheckedTrainingPlan) -> Vec<CheckpointRef> {
    let last = training.total_steps();
    training
        .checkpoint_steps()
        .iter()
        .map(|&step| CheckpointRef {
            step,
            epoch: step as f64 / training.steps_per_epoch() as f64,
            role: match step {
                0 => Role::Initial.name(),
                _ if step == last => Role::Last.name(),
                _ => Role::Scheduled.name(),
            },
        })
        .collect()
}
