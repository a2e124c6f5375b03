//! The report stage: from a run folder to figures and a page.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_generators::sheet;
use layerprobe_reports::{
    Fact, ReportError, ReportInput, ResultRow, Sheet, TrainingCurve, TrainingPoint, read_by_value,
    read_confusions, read_results, write_report,
};

use crate::config::Config;
use crate::training::{LogRow, Role, read_log};

use super::design::condition::{cautions, conditions};
use super::design::protocol;
use super::design::stimuli::ExperimentStimuli;
use super::design::streams::Streams;
use super::error::ExperimentError;
use super::events::Silent;
use super::folder::layer_tables::LayerTables;
use super::folder::layout::{self, RunFolder};
use super::folder::manifest::{Manifest, TABLES};
use super::folder::opening::WhenHeld;
use super::folder::proof::hash_file;
use super::probing::rows::row_of_condition;

/// Draws the report of a run folder again, from its results.
///
/// # Errors
/// If the folder is no run, the run is not finished, or a table is not what it wrote.
pub fn report(folder: &Path) -> Result<PathBuf, ExperimentError> {
    let (config, text) = layout::image_config_in(folder)?;
    let results = layout::results_in(folder);
    if !results.exists() {
        return Err(ExperimentError::Unfinished {
            folder: folder.to_owned(),
            verb: "run",
        });
    }
    let held = RunFolder::open(
        folder,
        &text,
        WhenHeld::Stop,
        &AtomicBool::new(false),
        &Silent,
    )?;
    check_tables(folder)?;
    let tables = LayerTables {
        rows: read_results(&results)?,
        by_value: beside(layout::by_value_in(folder), read_by_value)?,
        confusions: beside(layout::confusions_in(folder), read_confusions)?,
    };
    let input = input(&config, folder, tables)?;
    let page = write_report(&input, &held.report())?.index;
    if let Some(mut manifest) = Manifest::read(&held.manifest()) {
        manifest.write_redrawn(&held)?;
    }
    Ok(page)
}

/// Whether the tables are what the run wrote.
fn check_tables(folder: &Path) -> Result<(), ExperimentError> {
    let manifest = Manifest::read(&layout::manifest_in(folder));
    let listed = manifest.map(|m| m.artifacts).unwrap_or_default();
    for name in TABLES {
        let path = folder.join(name);
        let is_sound = match path.exists() {
            true => is_as_listed(folder, name)?,
            // runs of earlier versions lack those beside the results
            false => !listed.contains_key(name),
        };
        if !is_sound {
            let problem = format!(
                "it is not what manifest.json lists; run the same configuration again to make \
                 it anew: layerprobe run {} --out {}",
                folder.join("config.toml").display(),
                folder.display()
            );
            let source = io::Error::new(io::ErrorKind::InvalidData, problem);
            return Err(ExperimentError::io("draw a report from", &path, source));
        }
    }
    Ok(())
}

/// What a run's networks themselves reach on held-out combinations at the checkpoints
/// that are decoded of trained ones: the last, and, if the configuration names the
/// paper's protocol, the best on validation. For each condition what its rows share,
/// and the accuracy.
///
/// # Errors
/// If a training log cannot be read.
pub fn own_validation(
    config: &Config,
    folder: &Path,
) -> Result<Vec<(ResultRow, f64)>, ExperimentError> {
    let mut found = Vec::new();
    for condition in conditions(config) {
        let path = layout::training_curve_in(folder, &condition);
        let rows = read_log(&path).map_err(|source| ExperimentError::Training {
            condition: condition.id.clone(),
            source,
        })?;
        let mut add = |own: &LogRow, role: Role| {
            let row = ResultRow {
                step: Some(own.step),
                epoch: Some(own.epoch as f64),
                checkpoint_role: role.name().to_owned(),
                feature: condition.target.clone(),
                probe: "none".to_owned(),
                protocol: String::new(),
                n_runs: Some(1),
                ..row_of_condition(config, &condition, None)
            };
            found.push((row, own.validation_accuracy));
        };
        if let Some(last) = rows.last() {
            add(last, Role::Last);
        }
        if config.probes.paper.is_some()
            && let Some(best) = best_of(&rows)
        {
            add(best, Role::BestValidation);
        }
    }
    Ok(found)
}

/// The epoch whose weights are kept as the best on validation: the first of the highest.
/// What was measured before training is not among them.
fn best_of(rows: &[LogRow]) -> Option<&LogRow> {
    let trained = rows.iter().filter(|row| row.epoch > 0);
    trained.reduce(
        |best, row| match row.validation_accuracy > best.validation_accuracy {
            true => row,
            false => best,
        },
    )
}

/// A table beside the results, which runs of earlier versions lack.
fn beside<R>(
    path: PathBuf,
    read: impl Fn(PathBuf) -> Result<Vec<R>, ReportError>,
) -> Result<Vec<R>, ReportError> {
    if path.exists() {
        read(path)
    } else {
        Ok(Vec::new())
    }
}

/// What the report of a run says beside its tables: words, facts, training.
///
/// # Errors
/// If a training curve cannot be read.
pub fn report_input(config: &Config, folder: &Path) -> Result<ReportInput, ExperimentError> {
    input(config, folder, LayerTables::default())
}

/// Whether a file of a finished run is there with the hash that its manifest lists.
///
/// # Errors
/// If the file cannot be read.
pub fn is_as_listed(folder: &Path, name: &str) -> Result<bool, ExperimentError> {
    let manifest = Manifest::read(&layout::manifest_in(folder));
    let listed = manifest.and_then(|mut manifest| manifest.artifacts.remove(name));
    let path = folder.join(name);
    Ok(path.exists() && listed == Some(hash_file(&path)?))
}

/// Everything the report of a run is made of.
pub(super) fn input(
    config: &Config,
    folder: &Path,
    tables: LayerTables,
) -> Result<ReportInput, ExperimentError> {
    let classes = config.stimuli.values_per_feature() - config.split.held_out;
    Ok(ReportInput {
        title: format!("layerprobe: {}", config.name),
        facts: facts(config, classes)?,
        cautions: cautions(config),
        protocol: protocol::in_words(config),
        rows: tables.rows,
        by_value: tables.by_value,
        confusions: tables.confusions,
        training: training(config, folder)?,
        layers: config.probes.layers.clone(),
        features: config.probes.features.clone(),
        targets: config.training.targets.clone(),
        chance: config
            .probes
            .features
            .iter()
            .map(|feature| (feature.clone(), 1.0 / classes as f64))
            .collect(),
        sheets: vec![contact_sheet(config)?],
        config_toml: config.to_toml(),
        command: "layerprobe run config.toml".to_owned(),
        provenance: provenance(config, folder),
    })
}

fn facts(config: &Config, classes: usize) -> Result<Vec<Fact>, ExperimentError> {
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
    let size = config.stimuli.image_size();
    let versions: Vec<String> = config.split.versions.iter().map(u32::to_string).collect();
    Ok(vec![
        Fact::new("dataset", config.stimuli.dataset()),
        Fact::new("image size", format!("{size} x {size} px")),
        Fact::new("network", config.network.arch.name()),
        Fact::new("trained on", config.training.targets.join(", ")),
        Fact::new("classes", format!("{classes} (chance 1/{classes})")),
        Fact::new("hold-out versions", versions.join(", ")),
        Fact::new("training set", stimuli.training_sizes()),
        Fact::new("epochs", config.training.epochs.to_string()),
        Fact::new(
            "seeds",
            format!(
                "data {}, init {}, order {}",
                config.seeds.data, config.seeds.init, config.seeds.order
            ),
        ),
        Fact::new("protocol", protocol::names(config)),
    ])
}

fn training(config: &Config, folder: &Path) -> Result<Vec<TrainingCurve>, ExperimentError> {
    conditions(config)
        .iter()
        .map(|condition| {
            let path = layout::training_curve_in(folder, condition);
            let rows = read_log(&path).map_err(|source| ExperimentError::Training {
                condition: condition.id.clone(),
                source,
            })?;
            Ok(TrainingCurve {
                condition: condition.id.clone(),
                target: condition.target.clone(),
                points: rows.iter().map(point).collect(),
            })
        })
        .collect()
}

fn point(row: &LogRow) -> TrainingPoint {
    TrainingPoint {
        step: row.step,
        epoch: row.epoch as f64,
        loss: Some(row.loss),
        train_accuracy: Some(row.train_accuracy),
        validation_accuracy: Some(row.validation_accuracy),
    }
}

fn contact_sheet(config: &Config) -> Result<Sheet, ExperimentError> {
    let set = config
        .stimuli
        .generator(Streams::new(&config.seeds).render())?;
    Ok(Sheet {
        caption: format!(
            "Every value of every feature of the {} stimuli, at {} pixels.",
            set.dataset(),
            set.image_size()
        ),
        png: sheet::png(set.as_ref())?,
    })
}

fn provenance(config: &Config, folder: &Path) -> Vec<Fact> {
    let mut facts = vec![Fact::new("configuration hash", config.hash())];
    if let Some(manifest) = Manifest::read(&layout::manifest_in(folder)) {
        facts.push(Fact::new("layerprobe", &manifest.version));
        facts.push(Fact::new("built from", &manifest.git));
        facts.push(Fact::new("processor", &manifest.processor));
        facts.push(Fact::new("platform", &manifest.platform));
        facts.push(Fact::new("threads", manifest.threads.to_string()));
        for (stage, seconds) in &manifest.seconds {
            facts.push(Fact::new(
                format!("seconds of {stage}"),
                format!("{seconds:.1}"),
            ));
        }
    }
    facts
}
