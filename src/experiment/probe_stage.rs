//! The probe stage: what is missing of each checkpoint's layers.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use layerprobe_reports::{ResultRow, read_results, write_results};
use ndarray::ArrayView2;

use crate::activations::read_layers;
use crate::config::{Config, InitialWeights};
use crate::models::LayerRows;
use crate::training::{CheckedTrainingPlan, Checkpoint, Role};

use super::error::ExperimentError;
use super::events::{Event, Observer, Stage};
use super::layout::RunFolder;
use super::plan::{Condition, Planned};
use super::probing::{self, ProbeSet};
use super::rows::{CheckpointRef, row_of_condition, rows_of_layer};
use super::stimuli::{ExperimentStimuli, Rendered};
use super::streams::Streams;

/// Images pushed through a network at once when activations are read.
const BATCH: usize = 128;

/// Everything the stage works with.
pub struct ProbeStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub planned: &'a [Planned<'a>],
}

impl ProbeStage<'_> {
    /// Where the outcomes of every layer of every checkpoint lie, in the
    /// plan's order.
    fn outcomes(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for planned in self.planned {
            for step in planned.training.checkpoint_steps() {
                for layer in &self.config.probes.layers {
                    paths.push(self.folder.outcomes(&planned.condition, *step, layer));
                }
            }
        }
        paths
    }

    /// Probes what is missing and returns all rows, in the plan's order.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn run(
        &self,
        images: impl Fn() -> Result<Rc<Rendered>, ExperimentError>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        let paths = self.outcomes();
        let mut done = paths.iter().filter(|path| path.exists()).count() as u64;
        if done < paths.len() as u64 {
            let images = images()?;
            let started = Instant::now();
            observer.event(Event::Started {
                stage: Stage::Probe,
                total: paths.len() as u64,
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
        let rows = paths.iter().map(|path| Ok(read_results(path)?));
        Ok(rows
            .collect::<Result<Vec<_>, ExperimentError>>()?
            .into_iter()
            .flatten()
            .collect())
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
            .filter(|layer| !self.folder.outcomes(condition, step, layer).exists())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let effective = self.stimuli.effective_predictivity(planned.version);
        let row = row_of_condition(self.config, condition, effective);
        if let Some(twin) = self.same_network(condition, step) {
            for layer in missing {
                let rows = read_results(self.folder.outcomes(twin, step, layer))?
                    .into_iter()
                    .map(|probed| ResultRow {
                        condition: row.condition.clone(),
                        target: row.target.clone(),
                        ..probed
                    })
                    .collect::<Vec<_>>();
                write_results(&self.folder.outcomes(condition, step, layer), &rows)?;
                advanced(&format!("{} step {step}", condition.target));
            }
            return Ok(());
        }
        let opened = Checkpoint::read(&self.folder.checkpoint(condition, step))?;
        let positions: Vec<usize> = set
            .stimuli
            .iter()
            .map(|index| images.position(*index))
            .collect();
        read_layers(
            &opened.network,
            &images.images,
            &opened.header.normalization,
            &positions,
            &missing,
            BATCH,
            activations,
        )
        .map_err(|source| ExperimentError::Activations {
            condition: condition.id.clone(),
            step,
            source,
        })?;
        let params = probing::params(self.config)?;
        let at_an_end = step == 0 || step == planned.training.total_steps();
        let extras = set.extras(self.config, at_an_end);
        for layer in activations.iter() {
            if stop.load(Ordering::SeqCst) {
                return Err(ExperimentError::Interrupted);
            }
            let view = ArrayView2::from_shape((positions.len(), layer.dim), &layer.values)
                .map_err(|e| ExperimentError::Damaged {
                    path: self.folder.condition(condition),
                    problem: format!("layer {}: {e}", layer.name),
                })?;
            let channels = opened.network.layer_channels(&layer.name);
            let channels = channels.map_err(|source| ExperimentError::Activations {
                condition: condition.id.clone(),
                step,
                source: source.into(),
            })?;
            let outcome = set
                .probe((&layer.name, channels), view, &params, &extras)
                .map_err(|source| ExperimentError::Probe {
                    condition: condition.id.clone(),
                    step,
                    source,
                })?;
            let rows = rows_of_layer(&row, checkpoint, &layer.name, layer.dim, &outcome);
            write_results(&self.folder.outcomes(condition, step, &layer.name), &rows)?;
            advanced(&format!("{} step {step} {}", condition.target, layer.name));
        }
        Ok(())
    }

    /// The condition whose checkpoint at this step is the very same network
    /// seeing the very same stimuli: the untrained one, when initial weights
    /// are shared.
    fn same_network(&self, condition: &Condition, step: u64) -> Option<&Condition> {
        let shared = self.config.network.initial_weights == InitialWeights::Shared;
        self.planned
            .iter()
            .map(|planned| &planned.condition)
            .find(|other| other.version == condition.version)
            .filter(|first| shared && step == 0 && first.id != condition.id)
    }
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
