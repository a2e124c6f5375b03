//! The probe stage: what is missing of each checkpoint's layers.

use std::fs::File;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use layerprobe_durable::Pending;
use layerprobe_probes::View;
use layerprobe_reports::{ResultRow, read_results};
use ndarray::ArrayView2;

use crate::activations::{ActivationError, BlockStore, BlockWriter, READ_BATCH, read_layers_to};
use crate::config::{Config, InitialWeights};
use crate::models::LayerRows;
use crate::training::{CheckedTrainingPlan, Checkpoint, Role};

use super::baselines;
use super::probe_sets::{self, ProbeSet};
use super::rows::{CheckpointRef, row_of_condition, row_of_layer, rows_of_layer};
use super::tested::{rows_by_value, rows_of_confusion, write_layer_predictions};
use crate::experiment::design::condition::Planned;
use crate::experiment::design::protocol;
use crate::experiment::design::stimuli::{ExperimentStimuli, Rendered};
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer, Stage};
use crate::experiment::folder::layer_tables::{LayerPlace, LayerTables};
use crate::experiment::folder::layout::RunFolder;
use crate::experiment::folder::proof::identity;

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
    /// Every network's layer of every checkpoint, in the plan's order.
    fn places(&self) -> Vec<LayerPlace<'_>> {
        let mut places = Vec::new();
        for planned in self.planned {
            for step in planned.training.checkpoint_steps() {
                for shown in self.views_of_layers() {
                    places.push(self.place(planned, *step, shown));
                }
            }
        }
        places
    }

    /// The views of the network's layers.
    fn views_of_layers(&self) -> impl Iterator<Item = (&str, View)> {
        let probes = &self.config.probes;
        probes
            .network_layers()
            .flat_map(|layer| probes.views_of(layer).map(move |view| (layer, view)))
    }

    fn place<'b>(
        &'b self,
        planned: &'b Planned<'_>,
        step: u64,
        (layer, view): (&'b str, View),
    ) -> LayerPlace<'b> {
        LayerPlace {
            folder: self.folder,
            condition: &planned.condition,
            step,
            layer,
            view,
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
        let baselines = baselines::places(self.config);
        for place in &places {
            place.check(observer)?;
        }
        for baseline in &baselines {
            self.check_baseline(baseline, observer)?;
        }
        let total = (baselines.len() + places.len()) as u64;
        let mut done = places.iter().filter(|place| place.is_done()).count() as u64;
        done += baselines
            .iter()
            .filter(|b| self.is_baseline_done(b))
            .count() as u64;
        let _stage = Stage::Probe.span().entered();
        if done == total {
            tracing::info!(total, "nothing is missing");
        } else {
            let images = images()?;
            let started = Instant::now();
            observer.event(Event::Started {
                stage: Stage::Probe,
                total,
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
            for version in &self.stimuli.versions {
                let set = ProbeSet::new(
                    self.stimuli.set.as_ref(),
                    version,
                    &self.config.probes,
                    self.streams,
                );
                self.probe_baselines(version, (&set, images.as_ref()), stop, &mut advanced)?;
                let mut activations = Vec::new();
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
        for baseline in baselines::places(self.config) {
            let path = self.baseline_outcomes(&baseline);
            tables.rows.extend(read_results(path)?);
        }
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
        let missing: Vec<(&str, View)> = self
            .views_of_layers()
            .filter(|shown| !self.place(planned, step, *shown).is_done())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let _condition = condition.span().entered();
        let _step = tracing::info_span!("checkpoint", step).entered();
        let effective = self.stimuli.effective_predictivity(planned.version);
        let row = row_of_condition(self.config, condition, effective);
        if let Some(twin) = self.same_network(planned, step) {
            tracing::info!(
                of = twin.condition.id,
                "takes the tables of the same network"
            );
            for shown in missing {
                let (there, here) = (
                    self.place(twin, step, shown),
                    self.place(planned, step, shown),
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
        let mut layers: Vec<&str> = missing.iter().map(|(layer, _)| *layer).collect();
        layers.dedup();
        let stores = self.read(
            planned,
            step,
            &opened,
            images,
            &positions,
            &layers,
            activations,
        )?;
        let params = probe_sets::params(self.config)?;
        let properties = set.properties();
        let extras = set.extras(self.config, is_end(planned, step), &properties);
        for (layer, store) in activations.iter().zip(&stores) {
            let channels = opened.network.layer_channels(&layer.name);
            let channels = channels.map_err(|source| ExperimentError::Activations {
                condition: condition.id.clone(),
                step,
                source: source.into(),
            })?;
            for &(name, view) in missing.iter().filter(|(name, _)| *name == layer.name) {
                if stop.load(Ordering::SeqCst) {
                    return Err(ExperimentError::Interrupted);
                }
                let named = (name, channels, view);
                let probed = match store {
                    Some(store) => set.probe_streamed(named, store, &params, &extras),
                    None => {
                        let shape = (positions.len(), layer.dim);
                        let rows = ArrayView2::from_shape(shape, &layer.values).map_err(|e| {
                            ExperimentError::Damaged {
                                path: self.folder.condition(condition),
                                problem: format!("layer {name}: {e}"),
                            }
                        })?;
                        set.probe(named, rows, &params, &extras)
                    }
                };
                let (dim, outcome) = probed.map_err(|source| ExperimentError::Probe {
                    condition: condition.id.clone(),
                    step,
                    source,
                })?;
                let here = ResultRow {
                    view: view.to_string(),
                    ..row_of_layer(&row, checkpoint, name, dim)
                };
                let place = self.place(planned, step, (name, view));
                if !place.predicted.is_empty() {
                    write_layer_predictions(|f| place.predictions(f), &here, set, &outcome)?;
                }
                place.write(&LayerTables {
                    rows: rows_of_layer(&here, &outcome),
                    by_value: rows_by_value(&here, set, &outcome, params.resamples()),
                    confusions: rows_of_confusion(&here, set, &outcome),
                })?;
                advanced(&format!("{} step {step} {name}", condition.target));
            }
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
            &opened.header.normalization,
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
        let mut known = names.zip(self.stored);
        known.any(|(name, stored)| name == layer && *stored)
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
