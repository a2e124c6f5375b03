use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use layerprobe_reports::{
    rows_over_runs, terminal_table, write_by_value, write_confusions, write_report, write_results,
};

use crate::config::{Config, Protocol};
use crate::memory::MemoryLimit;

use super::error::ExperimentError;
use super::events::{Event, Observer, Stage};
use super::layer_tables::LayerTables;
use super::layout::{RunFolder, WhenHeld, by_value_in, confusions_in};
use super::manifest::Manifest;
use super::memory::stored_layers;
use super::paper::{self, PaperStage};
use super::plan::{Planned, caution_of_few_runs, cautions, conditions};
use super::probe_stage::ProbeStage;
use super::probing;
use super::protocol;
use super::report;
use super::significance::rows_of_families;
use super::stimuli::{ExperimentStimuli, Rendered, Version, render};
use super::streams::Streams;
use super::train_stage::TrainStage;
use super::training_plan;

/// Columns of the table printed at the end.
const TABLE_WIDTH: usize = 80;

/// What a finished run left.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// A short table of the results.
    pub table: String,
    /// `results.csv`.
    pub results: PathBuf,
    /// The report's page.
    pub report: PathBuf,
    /// Probes that did not converge.
    pub not_converged: usize,
}

/// How a run is made, without a part in its results.
#[derive(Clone, Copy, Debug)]
pub struct Execution {
    /// What probing keeps within: layers that do not fit are kept on disk, in
    /// the run folder, while they are needed.
    pub limit: MemoryLimit,
    /// What to do while another process holds the folder.
    pub when_held: WhenHeld,
    /// How often training keeps a snapshot: a crash costs at most this much
    /// work.
    pub snapshot_every: Duration,
}

impl Default for Execution {
    fn default() -> Self {
        Self {
            limit: MemoryLimit::of_this_machine(),
            when_held: WhenHeld::Stop,
            snapshot_every: Duration::from_secs(60),
        }
    }
}

/// Runs an experiment in its folder: what is done there stays, what is missing
/// is made.
///
/// # Errors
/// If the folder belongs to another configuration or process, or the probes do
/// not fit into memory at all, before anything is done; or the first failure on the way. Called again after an
/// interruption, it goes on from where it was and ends with the same bytes.
pub fn run(
    config: &Config,
    folder: &Path,
    execution: &Execution,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Outcome, ExperimentError> {
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
    let planned = plan_conditions(config, &stimuli)?;
    let params = probing::params(config)?;
    let paper_grid = paper::grid(config)?;
    let stored = stored_layers(
        config,
        &stimuli,
        &planned,
        &streams,
        &params,
        execution.limit,
    )?;
    let folder = RunFolder::open(
        folder,
        &config.to_toml(),
        execution.when_held,
        stop,
        observer,
    )?;
    for caution in caution_of_few_runs(config)
        .into_iter()
        .chain(cautions(config))
    {
        observer.event(Event::Note(&caution));
    }
    observer.event(Event::Note(&format!(
        "each network trains on {}",
        stimuli.training_sizes()
    )));
    let mut manifest = Manifest::open(&folder, config, &protocol::names(config));
    let images = Images {
        stimuli: &stimuli,
        observer,
        whole: RefCell::new(None),
        pool: RefCell::new(None),
    };

    let started = Instant::now();
    let train = TrainStage {
        config,
        folder: &folder,
        streams: &streams,
        stimuli: &stimuli,
        planned: &planned,
        snapshot_every: execution.snapshot_every,
    };
    let trained = train.run(|version| images.for_training(version), stop, observer);
    manifest.spent(Stage::Train, started.elapsed().as_secs_f64());
    manifest.write(&folder)?;
    trained?;

    let started = Instant::now();
    let probe = ProbeStage {
        config,
        folder: &folder,
        streams: &streams,
        stimuli: &stimuli,
        planned: &planned,
        stored: &stored,
    };
    let probed = match config.probes.protocol.contains(&Protocol::Clean) {
        true => probe.run(|| images.for_probing(), stop, observer),
        false => Ok(LayerTables::default()),
    };
    manifest.spent(Stage::Probe, started.elapsed().as_secs_f64());
    manifest.write(&folder)?;
    let mut tables = probed?;
    let families = rows_of_families(&tables.rows).map_err(|error| ExperimentError::Damaged {
        path: folder.root().to_owned(),
        problem: error.to_string(),
    })?;
    tables.rows.extend(families);
    let over_runs = rows_over_runs(&tables.rows);

    if let Some(grid) = paper_grid {
        let started = Instant::now();
        let conditions = conditions(config);
        let stage = PaperStage {
            config,
            folder: &folder,
            streams: &streams,
            stimuli: &stimuli,
            conditions: &conditions,
            grid,
        };
        let decoded = stage.run(|| images.for_probing(), stop, observer);
        manifest.spent(Stage::Paper, started.elapsed().as_secs_f64());
        manifest.write(&folder)?;
        tables.rows.extend(decoded?);
    }

    let started = Instant::now();
    let not_converged = tables
        .rows
        .iter()
        .filter(|row| row.metric == "accuracy" && row.is_unconverged())
        .count();
    tables.rows.extend(over_runs);
    write_results(&folder.results(), &tables.rows)?;
    write_by_value(&by_value_in(folder.root()), &tables.by_value)?;
    write_confusions(&confusions_in(folder.root()), &tables.confusions)?;
    let input = report::input(config, folder.root(), tables)?;
    let page = write_report(&input, &folder.report())?.index;
    manifest.spent(Stage::Report, started.elapsed().as_secs_f64());
    manifest.write(&folder)?;
    Ok(Outcome {
        table: terminal_table(&input, TABLE_WIDTH),
        results: folder.results(),
        report: page,
        not_converged,
    })
}

/// Each condition with its hold-out version and the steps of its training.
pub(super) fn plan_conditions<'a>(
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
struct Images<'a> {
    stimuli: &'a ExperimentStimuli,
    observer: &'a dyn Observer,
    whole: RefCell<Option<Rc<Rendered>>>,
    /// Those of the last version trained on the correlated pool.
    pool: RefCell<Option<(u32, Rc<Rendered>)>>,
}

impl Images<'_> {
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
