use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use layerprobe_reports::{unproven_fits, write_curves, write_heat_map, write_results};

use super::plan::{BinaryCondition, conditions, descent};
use super::rows::PROTOCOL;
use super::similarity::METRICS;
use super::stimuli::Stimuli;
use super::summary::{figures, rows_over_runs, table};
use super::xor::xor_example;
use crate::config::{BinaryConfig, Seeds};
use crate::experiment::folder::layout::RunFolder;
use crate::experiment::folder::manifest::{Manifest, ManifestSeeds, Origin};
use crate::experiment::folder::opening::WhenHeld;
use crate::experiment::{Event, ExperimentError, Observer, Stage, Streams};
use crate::training::descent::CheckedDescentPlan;

/// What a finished experiment left.
#[derive(Clone, Debug)]
pub struct BinaryOutcome {
    /// A short table of the results.
    pub table: String,
    /// `results.csv`.
    pub results: PathBuf,
    /// The figures, each as SVG and as PNG.
    pub figures: Vec<PathBuf>,
    /// Certified probes that did not converge.
    pub not_converged: usize,
}

/// What the stages work with.
pub(super) struct Work<'a> {
    pub config: &'a BinaryConfig,
    pub folder: &'a RunFolder,
    pub streams: &'a Streams,
    pub stimuli: Stimuli<'a>,
    pub conditions: Vec<BinaryCondition>,
    pub plan: CheckedDescentPlan,
}

/// A condition's folder in a run's.
pub(super) fn dir_in(root: &Path, condition: &str) -> PathBuf {
    root.join("conditions").join(condition)
}

impl<'a> Work<'a> {
    /// All networks of a configuration, trained by its plan.
    pub fn new(
        config: &'a BinaryConfig,
        plan: CheckedDescentPlan,
        folder: &'a RunFolder,
        streams: &'a Streams,
    ) -> Self {
        Self {
            config,
            folder,
            streams,
            stimuli: Stimuli { config, streams },
            conditions: conditions(config),
            plan,
        }
    }

    /// A condition's folder.
    pub fn dir(&self, condition: &BinaryCondition) -> PathBuf {
        dir_in(self.folder.root(), &condition.id)
    }

    /// The record that proves its training complete.
    pub fn training_record(&self, condition: &BinaryCondition) -> PathBuf {
        self.dir(condition).join("training.json")
    }

    /// Its rows of the results.
    pub fn measures(&self, condition: &BinaryCondition) -> PathBuf {
        self.dir(condition).join("measures.csv")
    }

    /// The record that proves them complete.
    pub fn measures_record(&self, condition: &BinaryCondition) -> PathBuf {
        self.dir(condition).join("measures.json")
    }
}

/// Runs the binary-features experiment in its folder: what is done there stays,
/// what is missing is made.
///
/// # Errors
/// If the folder belongs to another configuration or process, before anything
/// is done; or the first failure on the way. Called again after an
/// interruption, it goes on from where it was and ends with the same bytes.
pub fn run_binary(
    config: &BinaryConfig,
    folder: &Path,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<BinaryOutcome, ExperimentError> {
    let plan = descent(config).map_err(ExperimentError::Plan)?;
    let streams = streams(config);
    let toml = config.to_toml();
    let folder = RunFolder::open(folder, &toml, WhenHeld::Stop, stop, observer)?;
    let work = Work::new(config, plan, &folder, &streams);
    for caution in cautions(config) {
        observer.event(Event::Note(&caution));
    }
    let mut manifest = Manifest::open(&folder, origin(config), observer)?;
    let mut spend = |stage: Stage, started: Instant| {
        manifest.spent(stage, started.elapsed().as_secs_f64());
        manifest.write_unfinished(&folder)
    };

    let started = Instant::now();
    let trained = work.train(stop, observer);
    spend(Stage::Train, started)?;
    trained?;

    let started = Instant::now();
    let measured = work.measure(stop, observer);
    spend(Stage::Probe, started)?;
    let mut rows = measured?;
    let not_converged = unproven_fits(&rows);

    let started = Instant::now();
    let compared = work.compare(stop, observer);
    spend(Stage::Compare, started)?;
    let compared = compared?;

    let started = Instant::now();
    let over_runs = rows_over_runs(&rows);
    let table = table(config, &rows, &compared.rows);
    let root = folder.report();
    let mut drawn = Vec::new();
    for (name, curves) in figures(config, &work.plan, &rows) {
        drawn.extend(write_curves(&curves, &root.join("figures"), &name)?);
    }
    for (metric, map) in METRICS.iter().zip(&compared.maps) {
        let name = format!("similarity-{}", metric.as_str());
        drawn.extend(write_heat_map(map, &root.join("figures"), &name)?);
    }
    rows.extend(over_runs);
    rows.extend(compared.rows);
    rows.push(xor_example()?.row());
    write_results(&folder.results(), &rows)?;
    spend(Stage::Report, started)?;
    manifest.write_finished(&folder)?;
    Ok(BinaryOutcome {
        table,
        results: folder.results(),
        figures: drawn,
        not_converged,
    })
}

/// What the experiment is made from.
pub fn origin(config: &BinaryConfig) -> Origin {
    Origin {
        config_hash: config.hash(),
        seeds: ManifestSeeds {
            master: config.seed,
            data: config.seeds.data,
            init: config.seeds.init,
            order: None,
        },
        protocol: PROTOCOL.to_owned(),
    }
}

pub(super) fn streams(config: &BinaryConfig) -> Streams {
    Streams::new(&Seeds {
        data: config.seeds.data,
        init: config.seeds.init,
        order: config.seed,
    })
}

/// What a reader must know before believing the numbers.
fn cautions(config: &BinaryConfig) -> Vec<String> {
    if config.name == "binary-smoke" {
        return vec![
            "binary-smoke only shows that every stage works: its numbers mean nothing".to_owned(),
        ];
    }
    match config.training.runs {
        1 => vec![
            "one run (n = 1): this shows, but proves nothing; for claims train 5 (training.runs)"
                .to_owned(),
        ],
        runs if runs < 5 => vec![format!("{runs} runs: too few for claims, train 5")],
        _ => Vec::new(),
    }
}
