//! The stages, each told only in which folder to work.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use layerprobe_probes::CheckedAdamGrid;
use layerprobe_reports::ResultRow;

use crate::config::{Config, Protocol};
use crate::memory;

use super::design::condition::{Condition, Planned, conditions};
use super::design::images::Images;
use super::design::stimuli::ExperimentStimuli;
use super::design::streams::Streams;
use super::design::training_plan::plan_conditions;
use super::error::ExperimentError;
use super::events::Observer;
use super::execution::Execution;
use super::folder::layer_tables::LayerTables;
use super::folder::layout::RunFolder;
use super::probing::baselines::{self, BaselinePlace};
use super::probing::networks::Networks;
use super::probing::paper::{self, PaperStage};
use super::probing::residence::{Residence, residence};
use super::probing::stage::ProbeStage;
use super::store::Store;
use super::train_stage::TrainStage;

/// What is to be done for a configuration, or for some of its conditions.
pub struct Work<'a> {
    config: &'a Config,
    streams: &'a Streams,
    stimuli: &'a ExperimentStimuli,
    /// The conditions, version by version.
    pub planned: Vec<Planned<'a>>,
    conditions: Vec<Condition>,
    residence: Residence,
    paper: Option<CheckedAdamGrid>,
    snapshot_every: Duration,
    store: Option<Store>,
    networks: Networks,
}

impl<'a> Work<'a> {
    /// All conditions of a configuration.
    ///
    /// # Errors
    /// If they cannot be planned, or not be probed within the memory limit, or
    /// the shared store is none.
    pub fn new(
        config: &'a Config,
        streams: &'a Streams,
        stimuli: &'a ExperimentStimuli,
        execution: &Execution,
    ) -> Result<Self, ExperimentError> {
        let planned = plan_conditions(config, stimuli)?;
        let (resident, limit) = (memory::resident().unwrap_or(0), execution.limit);
        Ok(Self {
            residence: residence(config, stimuli, &planned, streams, resident, limit)?,
            paper: paper::grid(config)?,
            snapshot_every: execution.snapshot_every,
            store: execution.store.as_deref().map(Store::open).transpose()?,
            networks: Networks::default(),
            conditions: conditions(config),
            config,
            streams,
            stimuli,
            planned,
        })
    }

    /// The shared store, if there is one.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Leaves only these conditions.
    pub fn retain(&mut self, ids: &[String]) {
        self.planned
            .retain(|planned| ids.contains(&planned.condition.id));
        self.conditions
            .retain(|condition| ids.contains(&condition.id));
    }

    /// Trains what is missing.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn train(
        &self,
        folder: &RunFolder,
        images: &Images<'_>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let stage = TrainStage {
            config: self.config,
            folder,
            streams: self.streams,
            stimuli: self.stimuli,
            planned: &self.planned,
            snapshot_every: self.snapshot_every,
            store: self.store.as_ref(),
        };
        stage.run(|version| images.for_training(version), stop, observer)
    }

    /// Probes what is missing under the clean protocol, if that is wanted.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn probe(
        &self,
        folder: &RunFolder,
        images: &Images<'_>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<LayerTables, ExperimentError> {
        match self.probe_stage(folder) {
            Some(stage) => stage.run(&|| images.for_probing(), stop, observer),
            None => Ok(LayerTables::default()),
        }
    }

    /// The tables of the clean protocol as they lie in the folder.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn probed(&self, folder: &RunFolder) -> Result<LayerTables, ExperimentError> {
        match self.probe_stage(folder) {
            Some(stage) => stage.tables(),
            None => Ok(LayerTables::default()),
        }
    }

    /// The baselines that are probed, version by version.
    pub fn baselines(&self) -> Vec<BaselinePlace> {
        baselines::places(self.config)
    }

    fn probe_stage<'b>(&'b self, folder: &'b RunFolder) -> Option<ProbeStage<'b>> {
        let wanted = self.config.probes.protocol.contains(&Protocol::Clean);
        wanted.then_some(ProbeStage {
            config: self.config,
            folder,
            streams: self.streams,
            stimuli: self.stimuli,
            planned: &self.planned,
            residence: &self.residence,
            networks: &self.networks,
            store: self.store.as_ref(),
        })
    }

    /// Whether the paper's protocol is wanted.
    pub fn has_paper(&self) -> bool {
        self.paper.is_some()
    }

    /// Trains what is missing of the paper's decoders, if they are wanted.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn paper(
        &self,
        folder: &RunFolder,
        images: &Images<'_>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        match self.paper_stage(folder) {
            Some(stage) => stage.run(|| images.for_probing(), stop, observer),
            None => Ok(Vec::new()),
        }
    }

    /// The rows of the paper's decoders, from what lies in the folder.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn decoded(&self, folder: &RunFolder) -> Result<Vec<ResultRow>, ExperimentError> {
        match self.paper_stage(folder) {
            Some(stage) => stage.rows(),
            None => Ok(Vec::new()),
        }
    }

    fn paper_stage<'b>(&'b self, folder: &'b RunFolder) -> Option<PaperStage<'b>> {
        let grid = self.paper.clone()?;
        Some(PaperStage {
            config: self.config,
            folder,
            streams: self.streams,
            stimuli: self.stimuli,
            conditions: &self.conditions,
            grid,
            networks: &self.networks,
            store: self.store.as_ref(),
        })
    }
}
