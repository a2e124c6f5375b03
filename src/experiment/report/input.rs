//! Everything the report of a run is made of.

use std::path::Path;

use layerprobe_generators::sheet;
use layerprobe_reports::{Fact, ReportInput, Sheet, TrainingCurve, TrainingPoint};

use crate::config::Config;
use crate::experiment::design::condition::{cautions, conditions};
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::design::{protocol, protocol_words};
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::layer_tables::LayerTables;
use crate::experiment::folder::layout;
use crate::experiment::folder::manifest::Manifest;
use crate::training::{LogRow, read_log};

/// What the report of a run says beside its tables: words, facts, training.
///
/// # Errors
/// If a training curve cannot be read.
pub fn report_input(config: &Config, folder: &Path) -> Result<ReportInput, ExperimentError> {
    input(config, folder, LayerTables::default())
}

/// Everything the report of a run is made of.
pub fn input(
    config: &Config,
    folder: &Path,
    tables: LayerTables,
) -> Result<ReportInput, ExperimentError> {
    let classes = config.classes();
    Ok(ReportInput {
        title: format!("layerprobe: {}", config.name),
        facts: facts(config, classes)?,
        cautions: cautions(config),
        protocol: protocol_words::in_words(config),
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
        Fact::new("trained on", trained_on(config)),
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

fn trained_on(config: &Config) -> String {
    match config.training.epochs {
        0 => "nothing".to_owned(),
        _ => config.training.targets.join(", "),
    }
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
