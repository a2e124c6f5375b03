//! The protocol `paper`: the grid of each layer, and the choice over networks.

mod curves;
mod rows;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use layerprobe_probes::{AdamGrid, CheckedAdamGrid};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;

use crate::activations::{READ_BATCH, read_layers};
use crate::config::{Config, InitialWeights};
use crate::training::{Checkpoint, Normalization, Role, best_path};

use super::probe_sets::ProbeSet;
use crate::experiment::design::condition::Condition;
use crate::experiment::design::paper_protocol::PAPER_PROTOCOL;
use crate::experiment::design::stimuli::{ExperimentStimuli, Rendered, Version};
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer, Stage};
use crate::experiment::folder::layout::RunFolder;
use crate::experiment::folder::proof::{Proof, identity};

use curves::LayerCurves;

/// The checkpoints it reads.
const ROLES: [Role; 2] = [Role::Initial, Role::BestValidation];

/// Everything the stage works with.
pub struct PaperStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub conditions: &'a [Condition],
    pub grid: CheckedAdamGrid,
}

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
    /// Trains the grids that are missing, chooses over the hold-out versions,
    /// and returns all rows. A layer's grid is kept when it is complete.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn run(
        &self,
        images: impl Fn() -> Result<Rc<Rendered>, ExperimentError>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        let places = self.places();
        let epochs = self.grid.epochs() as u64;
        for place in &places {
            let dir = self.folder.condition(place.condition);
            Proof::holds(&self.proof(place), &dir, &self.made_from(place), observer)?;
        }
        let is_done = |place: &Place<'_>| self.proof(place).exists();
        let mut done = epochs * places.iter().filter(|p| is_done(p)).count() as u64;
        let _stage = Stage::Paper.span().entered();
        let total = epochs * places.len() as u64;
        if done == total {
            tracing::info!(total, "nothing is missing");
        } else {
            let images = images()?;
            let started = Instant::now();
            observer.event(Event::Started {
                stage: Stage::Paper,
                total,
                done,
            });
            for version in &self.stimuli.versions {
                let set = self.set(version);
                let here = |p: &&Place<'_>| p.condition.version == version.number && !is_done(p);
                for place in places.iter().filter(here) {
                    let detail = format!(
                        "{} {} {}",
                        place.condition.target,
                        place.role.name(),
                        place.layer
                    );
                    let mut told = 0;
                    let mut progress = |epoch: usize| {
                        if epoch as u64 > told {
                            told = epoch as u64;
                            observer.event(Event::Advanced {
                                stage: Stage::Paper,
                                done: done + told,
                                detail: &detail,
                            });
                        }
                        match stop.load(Ordering::SeqCst) {
                            true => ControlFlow::Break(()),
                            false => ControlFlow::Continue(()),
                        }
                    };
                    self.train(place, (&set, &images), &mut progress)?;
                    done += epochs;
                }
            }
            observer.event(Event::Finished {
                stage: Stage::Paper,
                seconds: started.elapsed().as_secs_f64(),
            });
        }
        self.rows()
    }

    fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for condition in self.conditions {
            for role in ROLES {
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

    /// What a grid's curves depend on.
    fn made_from(&self, place: &Place<'_>) -> String {
        let file = self.checkpoint(place);
        let checkpoint = self.folder.proven_hash(place.condition, &file);
        identity(&[&self.config.hash(), PAPER_PROTOCOL, &checkpoint])
    }

    /// Writes curves, and the proof that they are complete.
    fn write(&self, place: &Place<'_>, curves: &LayerCurves) -> Result<(), ExperimentError> {
        let path = self.path(place);
        curves.write(&path, &self.grid)?;
        let dir = self.folder.condition(place.condition);
        Proof::of(&self.made_from(place), &dir, [path.as_path()])?.write(&self.proof(place))
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
    ) -> Result<(), ExperimentError> {
        if let Some(twin) = self.same_network(place) {
            return self.write(place, &self.read(&twin)?);
        }
        let (condition, layer) = (place.condition, place.layer);
        let file = self.checkpoint(place);
        let opened = Checkpoint::read(&file)?;
        let step = opened.header.step;
        let normalization = match place.role {
            Role::Initial => Normalization::IDENTITY,
            _ => opened.header.normalization,
        };
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
        let curves = LayerCurves {
            step,
            epoch: opened.header.epoch,
            layer: layer.to_owned(),
            dim,
            features,
        };
        self.write(place, &curves)
    }

    fn read(&self, place: &Place<'_>) -> Result<LayerCurves, ExperimentError> {
        LayerCurves::read(&self.path(place), &self.grid, &self.config.probes.features)
    }

    /// The same layer of the first condition that has the very same untrained
    /// network before the very same stimuli, if this is another.
    fn same_network<'a>(&'a self, place: &Place<'a>) -> Option<Place<'a>> {
        let shared = self.config.network.initial_weights == InitialWeights::Shared;
        self.conditions
            .iter()
            .find(|other| other.version == place.condition.version)
            .filter(|first| shared && place.role == Role::Initial && first.id != place.condition.id)
            .map(|condition| Place {
                condition,
                ..*place
            })
    }
}
