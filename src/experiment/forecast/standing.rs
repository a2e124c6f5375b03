//! How far a run is, and how far it will have to go.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::{Config, InitialWeights, Protocol};

use crate::experiment::design::paper_protocol;
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::design::training_plan::plan_conditions;
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::artifacts::files_below;
use crate::experiment::folder::layout;
use crate::experiment::folder::manifest::Manifest;

/// How far a run is, by what lies in its folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Of a finished run, the seconds of each stage.
    pub finished: Option<BTreeMap<String, f64>>,
    /// Whether anything was written for a condition.
    pub begun: bool,
    /// Networks trained.
    pub trained: u64,
    /// Layers of checkpoints probed.
    pub probed: u64,
}

/// How far a run is: finished if its manifest, of this very configuration,
/// lists results and report and they are there. Nothing is hashed.
///
/// # Errors
/// If the folder cannot be listed.
pub fn standing(folder: &Path, config: &Config) -> Result<Standing, ExperimentError> {
    let mut standing = Standing::default();
    let manifest = Manifest::read(&layout::manifest_in(folder));
    let page = layout::report_in(folder).join("index.html");
    let results = layout::results_in(folder);
    standing.finished = manifest
        .filter(|manifest| {
            manifest.config_hash == config.hash()
                && manifest.artifacts.contains_key("results.csv")
                && manifest.artifacts.contains_key("report/index.html")
                && results.exists()
                && page.exists()
        })
        .map(|manifest| manifest.seconds);
    let conditions = folder.join("conditions");
    if conditions.is_dir() {
        let mut files = BTreeMap::new();
        files_below(&conditions, &conditions, &mut files)?;
        standing.begun = !files.is_empty();
        for name in files.keys() {
            standing.trained += u64::from(name.ends_with("/training.json"));
            standing.probed += u64::from(name.ends_with(".json") && name.contains("/probes/"));
        }
    }
    Ok(standing)
}

/// What a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Networks to train.
    pub conditions: u64,
    /// Steps of all of them.
    pub steps: u64,
    /// Checkpoints whose layers are probed under the clean protocol; an untrained
    /// network that several targets share counts once.
    pub checkpoints: u64,
    /// Layers of these to probe, a view of one as a layer of its own; baselines are
    /// no checkpoint's.
    pub layers: u64,
    /// Checkpoints among these, at step 0 and the last of each network, at which
    /// what costs most is measured.
    pub ends: u64,
    /// Checkpoints whose layers the protocol `paper` decodes, if it is asked for.
    pub paper: u64,
    /// Bytes of all checkpoints.
    pub checkpoint_bytes: u64,
}

/// What a run takes, without doing any of it.
///
/// # Errors
/// If the configuration leaves no stimuli for a part of it.
pub fn counts(config: &Config) -> Result<RunCounts, ExperimentError> {
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
    let shared = config.network.initial_weights == InitialWeights::Shared;
    let asks_for = |protocol| config.probes.protocol.contains(&protocol);
    let (clean, paper) = (asks_for(Protocol::Clean), asks_for(Protocol::Paper));
    let layers = config.probes.network_layers();
    let views = layers.map(|layer| config.probes.views_of(layer).count() as u64);
    let views: u64 = views.sum();
    let mut counts = RunCounts::default();
    let mut begun = Vec::new();
    for planned in plan_conditions(config, &stimuli)? {
        let classes = planned
            .version
            .hold_outs
            .kept(planned.condition.target_index);
        let design = config
            .network
            .design(config.stimuli.image_size(), classes.len());
        let parameters: usize = design.layers()?.iter().map(|layer| layer.parameters).sum();
        let checkpoints = planned.training.checkpoint_steps().len() as u64;
        let twin = shared && begun.contains(&planned.condition.version);
        begun.push(planned.condition.version);
        counts.conditions += 1;
        counts.steps += planned.training.total_steps();
        if clean {
            let probed = checkpoints - u64::from(twin);
            counts.checkpoints += probed;
            counts.layers += probed * views;
            counts.ends += checkpoints.min(2) - u64::from(twin);
        }
        if paper {
            let read = paper_protocol::roles(config).len() as u64;
            counts.paper += read - u64::from(twin);
        }
        // the best on validation is kept beside the schedule's
        let best = u64::from(config.training.epochs > 0);
        counts.checkpoint_bytes += 4 * parameters as u64 * (checkpoints + best);
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_counted_before_it_is_made() {
        let config = Config::load("quick5", &[]).unwrap();
        let counts = counts(&config).unwrap();
        let checkpoints = 8;
        assert_eq!(counts.conditions, 15);
        assert_eq!(counts.steps % 15, 0);
        // the untrained network of a version is probed once
        let layers = config.probes.layers.len() as u64;
        assert_eq!(counts.checkpoints, 15 * checkpoints - 10);
        assert_eq!(counts.layers, counts.checkpoints * layers);
        assert_eq!(counts.ends, 15 * 2 - 10);
    }

    #[test]
    fn views_of_layers_are_counted_and_baselines_are_not() {
        let counted = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
            let counts = counts(&Config::load("smoke", &settings).unwrap()).unwrap();
            (counts.checkpoints, counts.layers)
        };
        assert_eq!(counted(&[]), (5, 10));
        let baselines = "probes.layers=['pixel_stats', 'input', 'pool3', 'fc1']";
        assert_eq!(counted(&[baselines]), (5, 10));
        // a vector has no pixels to average over
        let views = "probes.views=['full', 'gap', 'pca:8']";
        assert_eq!(counted(&[baselines, views]), (5, 5 * (3 + 2)));
        assert_eq!(counted(&[views, "probes.protocol=paper"]), (0, 0));
    }

    #[test]
    fn a_folder_that_is_not_there_has_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::load("smoke", &[]).unwrap();
        let standing = standing(&dir.path().join("none"), &config).unwrap();
        assert_eq!(standing, Standing::default());
    }
}
