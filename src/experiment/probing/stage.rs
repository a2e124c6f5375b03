//! The probe stage: what is missing of each checkpoint's layers.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use layerprobe_probes::View;
use layerprobe_reports::ResultRow;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::config::Config;
use crate::models::LayerRows;
use crate::training::{CheckedTrainingPlan, Role};

use super::networks::Networks;
use super::probe_sets::ProbeSet;
use super::residence::Residence;
use super::rows::{CheckpointRef, row_of_condition};
use crate::experiment::design::condition::Planned;
use crate::experiment::design::identity;
use crate::experiment::design::stimuli::{ExperimentStimuli, Rendered, Version};
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer, Stage};
use crate::experiment::folder::layer_tables::{LayerPlace, LayerTables};
use crate::experiment::folder::layout::{RunFolder, Source};
use crate::experiment::store::{Asked, Patience, Shelf, Store};

/// What probes are called in a store.
const KIND: &str = "probes";

/// Everything the stage works with.
pub struct ProbeStage<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: &'a ExperimentStimuli,
    pub planned: &'a [Planned<'a>],
    /// Where layers are while they are probed, and how many are at once.
    pub residence: &'a Residence,
    /// The networks of the checkpoints.
    pub networks: &'a Networks,
    /// Where outcomes are shared, if they are.
    pub store: Option<&'a Store>,
}

/// What is in hand while the stage runs.
pub(super) struct Hands<'b, 'c> {
    pub images: &'c dyn Fn() -> Result<Rc<Rendered>, ExperimentError>,
    pub stop: &'c AtomicBool,
    pub observer: &'c dyn Observer,
    /// Told of each layer that is done.
    pub advanced: &'c mut dyn FnMut(&str),
    /// Room for activations.
    pub activations: Vec<LayerRows>,
    /// What is probed in this run.
    pub finished: Finished<'b>,
    /// The threads that probe, where memory is short of all.
    pub threads: Option<&'c ThreadPool>,
}

/// Probed views by the identity of their work: the condition and the step.
pub(super) type Finished<'b> = BTreeMap<String, (&'b Planned<'b>, u64)>;

/// A checkpoint whose layers are probed.
pub(super) struct At<'b> {
    pub planned: &'b Planned<'b>,
    pub checkpoint: CheckpointRef,
    /// What all its rows share.
    pub row: ResultRow,
    /// Identity of probing it.
    pub probing: String,
    /// Where that is shared, if it is.
    pub shelf: Option<Shelf>,
}

/// What came of work that was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// It is done.
    Now,
    /// Another run is making it now.
    ElsewhereNow,
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
    pub(super) fn views_of_layers(&self) -> impl Iterator<Item = (&str, View)> {
        let probes = &self.config.probes;
        probes
            .network_layers()
            .flat_map(|layer| probes.views_of(layer).map(move |view| (layer, view)))
    }

    pub(super) fn place<'b>(
        &'b self,
        planned: &'b Planned<'_>,
        step: u64,
        (layer, view): (&'b str, View),
    ) -> LayerPlace<'b> {
        LayerPlace {
            folder: self.folder,
            source: Source::Checkpoint(&planned.condition, step),
            layer,
            view,
            at_an_end: is_end(planned, step),
            predicted: match self.config.probes.predictions.at(is_end(planned, step)) {
                true => &self.config.probes.features,
                false => &[],
            },
        }
    }

    /// Identity of probing a checkpoint's layers.
    fn probing(&self, planned: &Planned<'_>, step: u64) -> Result<String, ExperimentError> {
        let file = self.folder.checkpoint(&planned.condition, step);
        let network = self.networks.of(&file)?;
        let (version, at_an_end) = (planned.version, is_end(planned, step));
        Ok(identity::of_probing(
            self.config,
            version,
            &network,
            at_an_end,
        ))
    }

    /// Probes what is missing and returns all tables, in the plan's order.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn run(
        &self,
        images: &dyn Fn() -> Result<Rc<Rendered>, ExperimentError>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<LayerTables, ExperimentError> {
        let mut finished = Finished::new();
        let (mut total, mut done) = (0, 0);
        for planned in self.planned {
            for checkpoint in checkpoints(&planned.training) {
                let step = checkpoint.step;
                let probing = self.probing(planned, step)?;
                for shown in self.views_of_layers() {
                    let made_from = identity::of_view(&probing, shown.0, shown.1);
                    total += 1;
                    if self
                        .place(planned, step, shown)
                        .check(&made_from, observer)?
                    {
                        done += 1;
                        finished.insert(made_from, (planned, step));
                    }
                }
            }
        }
        for version in &self.stimuli.versions {
            let (all, done_here) = self.check_baselines(version, observer)?;
            total += all;
            done += done_here;
        }
        let _stage = Stage::Probe.span().entered();
        if done == total {
            tracing::info!(total, "nothing is missing");
            return self.tables();
        }
        let threads = self.fewer_threads(observer)?;
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
        let mut hands = Hands {
            images,
            stop,
            observer,
            advanced: &mut advanced,
            activations: Vec::new(),
            finished,
            threads: threads.as_ref(),
        };
        for version in &self.stimuli.versions {
            self.probe_version(version, &mut hands)?;
        }
        observer.event(Event::Finished {
            stage: Stage::Probe,
            seconds: started.elapsed().as_secs_f64(),
        });
        self.tables()
    }

    /// The threads that probe, where memory is short of all.
    fn fewer_threads(
        &self,
        observer: &dyn Observer,
    ) -> Result<Option<ThreadPool>, ExperimentError> {
        let (threads, all) = (self.residence.threads, rayon::current_num_threads());
        if threads >= all {
            return Ok(None);
        }
        observer.event(Event::Note(&format!(
            "probes use {threads} of {all} threads, for memory"
        )));
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let failed = |error: ThreadPoolBuildError| {
            let source = std::io::Error::other(error);
            ExperimentError::io("start threads for", self.folder.root(), source)
        };
        pool.map(Some).map_err(failed)
    }

    /// Probes what is missing of a hold-out version; what another run is making
    /// comes last.
    fn probe_version<'b>(
        &'b self,
        version: &Version,
        hands: &mut Hands<'b, '_>,
    ) -> Result<(), ExperimentError> {
        let stimuli = self.stimuli.set.as_ref();
        let set = ProbeSet::new(stimuli, version, &self.config.probes, self.streams);
        let here = |p: &&Planned<'_>| p.version.number == version.number;
        let mut queue = VecDeque::from([(None, Patience::Later)]);
        for planned in self.planned.iter().filter(here) {
            let checkpoints = checkpoints(&planned.training).into_iter();
            queue.extend(checkpoints.map(|c| (Some((planned, c)), Patience::Later)));
        }
        while let Some((work, patience)) = queue.pop_front() {
            let probed = match &work {
                None => self.probe_baselines(version, &set, patience, hands)?,
                Some((planned, checkpoint)) => {
                    self.probe_checkpoint(planned, checkpoint, &set, patience, hands)?
                }
            };
            if probed == Probed::ElsewhereNow {
                queue.push_back((work, Patience::Wait));
            }
        }
        Ok(())
    }

    /// All tables as they lie in the folder, in the plan's order.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn tables(&self) -> Result<LayerTables, ExperimentError> {
        let mut tables = LayerTables::default();
        for place in self.baseline_places().into_iter().chain(self.places()) {
            tables.append(place.read()?);
        }
        Ok(tables)
    }

    fn probe_checkpoint<'b>(
        &'b self,
        planned: &'b Planned<'b>,
        checkpoint: &CheckpointRef,
        set: &ProbeSet,
        patience: Patience,
        hands: &mut Hands<'b, '_>,
    ) -> Result<Probed, ExperimentError> {
        let (condition, step) = (&planned.condition, checkpoint.step);
        let _condition = condition.span().entered();
        let _step = tracing::info_span!("checkpoint", step).entered();
        let probing = self.probing(planned, step)?;
        let at = At {
            planned,
            checkpoint: checkpoint.clone(),
            row: row_of_condition(
                self.config,
                condition,
                self.stimuli.effective_predictivity(planned.version),
            ),
            shelf: self.store.map(|store| store.shelf(KIND, &probing)),
            probing,
        };
        let missing = self.views_of_layers();
        let mut missing: Vec<(&str, View)> = missing
            .filter(|shown| !self.place(planned, step, *shown).is_done())
            .collect();
        let asked = Shelf::ask_all(
            at.shelf.as_ref(),
            &mut missing,
            |&(layer, view)| {
                let name = self.place(planned, step, (layer, view)).name();
                (name, identity::of_view(&at.probing, layer, view))
            },
            patience,
            (hands.stop, hands.observer),
            |missing| self.take_known(&at, missing, hands),
        )?;
        let claim = match asked {
            Asked::Taken => return Ok(Probed::Now),
            Asked::Busy => return Ok(Probed::ElsewhereNow),
            Asked::Missing(claim) => claim,
        };
        self.measure(&at, &missing, set, claim.as_ref(), hands)?;
        Ok(Probed::Now)
    }
}

/// Does something by the threads that probe. What comes of it does not depend on them.
pub(super) fn by<T: Send>(threads: Option<&ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match threads {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

/// Whether a step is the first or the last.
pub(super) fn is_end(planned: &Planned<'_>, step: u64) -> bool {
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
