//! The stages, each told only in which folder to work.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use layerprobe_probes::CheckedAdamGrid;
use layerprobe_reports::ResultRow;

use crate::config::{Config, Protocol};

use super::baselines::{self, BaselinePlace};
use super::error::ExperimentError;
use super::events::Observer;
use super::layer_tables::LayerTables;
use super::layout::RunFolder;
use super::memory::stored_layers;
use super::paper::{self, PaperStage};
use super::plan::{Condition, Planned, conditions};
use super::probe_stage::ProbeStage;
use super::probing;
use super::run::Execution;
use super::stimuli::{ExperimentStimuli, Rendered, Version, render};
use super::streams::Streams;
use super::train_stage::TrainStage;
use super::training_plan;

/// What is to be done for a configuration, or for some of its conditions.
pub struct Work<'a> {
    config: &'a Config,
    streams: &'a Streams,
    stimuli: &'a ExperimentStimuli,
    /// The conditions, version by version.
    pub planned: Vec<Planned<'a>>,
    conditions: Vec<Condition>,
    stored: Vec<bool>,
    paper: Option<CheckedAdamGrid>,
    snapshot_every: Duration,
}

impl<'a> Work<'a> {
    /// All conditions of a configuration.
    ///
    /// # Errors
    /// If they cannot be planned, or not be probed within the memory limit.
    pub fn new(
        config: &'a Config,
        streams: &'a Streams,
        stimuli: &'a ExperimentStimuli,
        execution: &Execution,
    ) -> Result<Self, ExperimentError> {
        let planned = plan_conditions(config, stimuli)?;
        let params = probing::params(config)?;
        let limit = execution.limit;
        Ok(Self {
            stored: stored_layers(config, stimuli, &planned, streams, &params, limit)?,
            paper: paper::grid(config)?,
            snapshot_every: execution.snapshot_every,
            conditions: conditions(config),
            config,
            streams,
            stimuli,
            planned,
        })
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
            Some(stage) => stage.run(|| images.for_probing(), stop, observer),
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
            stored: &self.stored,
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
        })
    }
}

/// Each condition with its hold-out version and the steps of its training.
pub fn plan_conditions<'a>(
    config: &Config,
    stimuli: &'a ExperimentStimuli,
) -> Result<Vec<Planned<'a>>, ExperimentError> {
    let conditions = conditions(config);
    let mut planned = Vec::with_capacity(conditions.len());
    for version in &stimuli.versions {
        let examples = stimuli.training_split(version).train.len();
        let training = training_plan::plan(config, examples).map_err(ExperimentError::Plan)?;
        let here = conditions.iter().filter(|c| c.version == version.number);
        planned.extend(here.map(|condition| Planned {
            condition: condition.clone(),
            version,
            training: training.clone(),
        }));
    }
    Ok(planned)
}

/// Images in memory, rendered when the first stage needs them.
pub struct Images<'a> {
    stimuli: &'a ExperimentStimuli,
    observer: &'a dyn Observer,
    whole: RefCell<Option<Rc<Rendered>>>,
    /// Those of the last version trained on the correlated pool.
    pool: RefCell<Option<(u32, Rc<Rendered>)>>,
}

impl<'a> Images<'a> {
    /// None yet.
    pub fn new(stimuli: &'a ExperimentStimuli, observer: &'a dyn Observer) -> Self {
        Self {
            stimuli,
            observer,
            whole: RefCell::new(None),
            pool: RefCell::new(None),
        }
    }

    /// All stimuli that probes see.
    fn for_probing(&self) -> Result<Rc<Rendered>, ExperimentError> {
        let mut whole = self.whole.borrow_mut();
        if let Some(rendered) = whole.as_ref() {
            return Ok(Rc::clone(rendered));
        }
        let set = self.stimuli.set.as_ref();
        let rendered = Rc::new(render(set, (0..set.len()).collect(), self.observer)?);
        Ok(Rc::clone(whole.insert(rendered)))
    }

    /// What a version's networks are trained and validated on: the same
    /// images, or a choice from the correlated pool.
    fn for_training(&self, version: &Version) -> Result<Rc<Rendered>, ExperimentError> {
        let (Some(pool), Some(split)) = (&self.stimuli.pool, &version.pool_split) else {
            return self.for_probing();
        };
        let mut last = self.pool.borrow_mut();
        match last.as_ref() {
            Some((number, rendered)) if *number == version.number => Ok(Rc::clone(rendered)),
            _ => {
                let mut indices = split.train.clone();
                indices.extend(split.validation.iter().flatten());
                let rendered = Rc::new(render(pool.set.as_ref(), indices, self.observer)?);
                *last = Some((version.number, Rc::clone(&rendered)));
                Ok(rendered)
            }
        }
    }
}
