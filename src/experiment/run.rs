use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use layerprobe_reports::{
    edge_warning, terminal_table, unproven_fits, write_by_value, write_confusions, write_report,
    write_results,
};

use crate::config::Config;
use crate::memory::MemoryLimit;

use super::design::condition::{caution_of_few_runs, cautions};
use super::design::images::Images;
use super::design::stimuli::ExperimentStimuli;
use super::design::streams::Streams;
use super::error::ExperimentError;
use super::events::{Event, Observer, Stage};
use super::execution::Execution;
use super::folder::layout::{RunFolder, by_value_in, confusions_in};
use super::folder::manifest::{Manifest, Origin};
use super::probing::assembled::assembled;
use super::report;
use super::store::Store;
use super::work::Work;

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

/// Whether a run would keep within a memory limit; nothing is done.
///
/// # Errors
/// If it would not, or could not be run at all.
pub fn fits(config: &Config, limit: MemoryLimit) -> Result<(), ExperimentError> {
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
    let execution = Execution {
        limit,
        ..Execution::default()
    };
    Work::new(config, &streams, &stimuli, &execution).map(|_| ())
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
    with_networks(config, folder, execution, stop, observer, |trained| {
        trained.probe(config, stop, observer)
    })
}

/// Trains the networks of an experiment in its folder and does no more; [`run`]
/// goes on from there.
///
/// # Errors
/// As [`run`].
pub fn train(
    config: &Config,
    folder: &Path,
    execution: &Execution,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ExperimentError> {
    with_networks(config, folder, execution, stop, observer, |_| Ok(()))
}

/// A run whose networks are trained.
struct Trained<'a> {
    work: Work<'a>,
    folder: RunFolder,
    images: Images<'a>,
    manifest: Manifest,
}

fn with_networks<T>(
    config: &Config,
    folder: &Path,
    execution: &Execution,
    stop: &AtomicBool,
    observer: &dyn Observer,
    then: impl FnOnce(Trained<'_>) -> Result<T, ExperimentError>,
) -> Result<T, ExperimentError> {
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
    let work = Work::new(config, &streams, &stimuli, execution)?;
    check_apart(work.store(), folder)?;
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
    if config.training.epochs > 0 {
        observer.event(Event::Note(&format!(
            "each network trains on {}",
            stimuli.training_sizes()
        )));
    }
    let mut manifest = Manifest::open(&folder, Origin::of(config), observer)?;
    let images = Images::new(&stimuli, observer);

    let started = Instant::now();
    let trained = work.train(&folder, &images, stop, observer);
    manifest.spent(Stage::Train, started.elapsed().as_secs_f64());
    manifest.write_unfinished(&folder)?;
    trained?;
    then(Trained {
        work,
        folder,
        images,
        manifest,
    })
}

impl Trained<'_> {
    fn probe(
        self,
        config: &Config,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let Self {
            work,
            folder,
            images,
            mut manifest,
        } = self;
        let started = Instant::now();
        let probed = work.probe(&folder, &images, stop, observer);
        manifest.spent(Stage::Probe, started.elapsed().as_secs_f64());
        manifest.write_unfinished(&folder)?;
        let probed = probed?;

        let mut paper = Vec::new();
        if work.has_paper() {
            let started = Instant::now();
            let decoded = work.paper(&folder, &images, stop, observer);
            manifest.spent(Stage::Paper, started.elapsed().as_secs_f64());
            manifest.write_unfinished(&folder)?;
            paper = decoded?;
        }

        let shared = folder.taken().all().len();
        if shared > 0 {
            observer.event(Event::Note(&format!(
                "{shared} pieces of work of this run were made by others: see from_store in manifest.json"
            )));
        }
        let _stage = Stage::Report.span().entered();
        tracing::info!("started");
        let started = Instant::now();
        let tables = assembled(folder.root(), probed, paper)?;
        let not_converged = unproven_fits(&tables.rows);
        if let Some(warning) = edge_warning(&tables.rows) {
            observer.event(Event::Warning(&warning));
        }
        write_results(&folder.results(), &tables.rows)?;
        write_by_value(&by_value_in(folder.root()), &tables.by_value)?;
        write_confusions(&confusions_in(folder.root()), &tables.confusions)?;
        let input = report::input(config, folder.root(), tables)?;
        let page = write_report(&input, &folder.report())?.index;
        manifest.spent(Stage::Report, started.elapsed().as_secs_f64());
        manifest.write_finished(&folder)?;
        Ok(Outcome {
            table: terminal_table(&input, TABLE_WIDTH),
            results: folder.results(),
            report: page,
            not_converged,
        })
    }
}

/// A store is not to lie in a run folder, where a run removes what it does not
/// know to be under way.
fn check_apart(store: Option<&Store>, folder: &Path) -> Result<(), ExperimentError> {
    match store {
        Some(store) if store.is_below(folder) => Err(ExperimentError::NotAStore {
            folder: store.root().to_owned(),
            problem: format!("it lies in the run folder {}", folder.display()),
        }),
        _ => Ok(()),
    }
}
