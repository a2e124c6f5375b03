//! Baselines in the probe stage: layers that are no network's, probed once for
//! each hold-out version.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use layerprobe_probes::{CheckedProbeParams, Extras, LayerOutcome, ProbeError, View};
use layerprobe_reports::{ResultRow, write_results};
use ndarray::ArrayView2;

use crate::activations::{Baseline, BlockWriter, READ_BATCH};
use crate::config::Config;
use crate::models::LayerRows;

use super::probe_sets::{self, ProbeSet};
use super::rows::rows_of_layer;
use super::stage::ProbeStage;
use crate::experiment::design::protocol;
use crate::experiment::design::stimuli::{Rendered, Version};
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;
use crate::experiment::folder::proof::{Proof, identity};

/// The architecture in a baseline's rows.
const NO_NETWORK: &str = "none";

/// A view of a baseline in a hold-out version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaselinePlace {
    /// The version's number.
    pub version: u32,
    /// What is read.
    pub baseline: Baseline,
    /// What of it is probed.
    pub view: View,
}

/// All that a configuration asks for, version by version.
pub fn places(config: &Config) -> Vec<BaselinePlace> {
    let probes = &config.probes;
    let mut places = Vec::new();
    for &version in &config.split.versions {
        for baseline in probes.baselines() {
            let views = probes.views_of(baseline.name());
            places.extend(views.map(|view| BaselinePlace {
                version,
                baseline,
                view,
            }));
        }
    }
    places
}

impl ProbeStage<'_> {
    /// Where a baseline's outcomes lie.
    pub(super) fn baseline_outcomes(&self, place: &BaselinePlace) -> PathBuf {
        let shown = (place.baseline.name(), place.view);
        self.folder.baseline(place.version, shown)
    }

    /// Whether a baseline is probed: there is a proof, which
    /// [`check_baseline`](Self::check_baseline) has tested.
    pub(super) fn is_baseline_done(&self, place: &BaselinePlace) -> bool {
        self.baseline_proof(place).exists()
    }

    /// Tests the proof, if there is one.
    pub(super) fn check_baseline(
        &self,
        place: &BaselinePlace,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let dir = self.folder.baselines_of(place.version);
        let proof = self.baseline_proof(place);
        Proof::holds(&proof, &dir, &self.baseline_made_from(), observer)?;
        Ok(())
    }

    fn baseline_proof(&self, place: &BaselinePlace) -> PathBuf {
        self.baseline_outcomes(place).with_extension("json")
    }

    fn baseline_made_from(&self) -> String {
        identity(&[&self.config.hash(), &protocol::name(self.config)])
    }

    /// Probes what is missing of a version's baselines.
    pub(super) fn probe_baselines(
        &self,
        version: &Version,
        (set, images): (&ProbeSet, &Rendered),
        stop: &AtomicBool,
        advanced: &mut dyn FnMut(&str),
    ) -> Result<(), ExperimentError> {
        let row = row_of_version(self.config, version.number);
        let params = probe_sets::params(self.config)?;
        let properties = set.properties();
        let extras = set.extras(self.config, true, &properties);
        let here = |place: &BaselinePlace| {
            place.version == version.number && !self.is_baseline_done(place)
        };
        for place in places(self.config).into_iter().filter(here) {
            let BaselinePlace { baseline, view, .. } = place;
            if stop.load(Ordering::SeqCst) {
                return Err(ExperimentError::Interrupted);
            }
            let positions = set.positions(images);
            let seen = (images, positions.as_slice());
            let probed = self.probe_baseline((baseline, view), set, seen, &params, &extras)?;
            let (dim, outcome) = probed.map_err(|source| ExperimentError::Baseline {
                version: version.number,
                source,
            })?;
            let here = ResultRow {
                layer: baseline.name().to_owned(),
                dim: Some(dim as u64),
                view: view.to_string(),
                ..row.clone()
            };
            let path = self.baseline_outcomes(&place);
            write_results(&path, &rows_of_layer(&here, &outcome))?;
            let dir = self.folder.baselines_of(version.number);
            Proof::of(&self.baseline_made_from(), &dir, [path.as_path()])?
                .write(&self.baseline_proof(&place))?;
            advanced(&format!("{} split {}", baseline.name(), version.number));
        }
        Ok(())
    }

    /// Reads a baseline, into memory or to the disk, and probes a view of it.
    fn probe_baseline(
        &self,
        (baseline, view): (Baseline, View),
        set: &ProbeSet,
        (images, positions): (&Rendered, &[usize]),
        params: &CheckedProbeParams,
        extras: &Extras<'_>,
    ) -> Result<Result<(usize, LayerOutcome), ProbeError>, ExperimentError> {
        let named = (baseline.name(), baseline.channels(), view);
        if self.is_stored(baseline.name()) {
            let folder = self.folder.root();
            let full = |source| ExperimentError::Disk {
                layer: baseline.name().to_owned(),
                folder: folder.to_owned(),
                source,
            };
            let dim = baseline.dim(images.images.side());
            let mut writer = BlockWriter::create(folder, positions.len(), dim).map_err(full)?;
            for part in positions.chunks(READ_BATCH) {
                let rows = baseline.read(&images.images, part);
                writer.append(&rows.values).map_err(full)?;
            }
            let store = writer.finish().map_err(full)?;
            return Ok(set.probe_streamed(named, &store, params, extras));
        }
        let LayerRows { name, dim, values } = baseline.read(&images.images, positions);
        let rows = ArrayView2::from_shape((positions.len(), dim), &values).map_err(|e| {
            ExperimentError::Damaged {
                path: self.folder.root().to_owned(),
                problem: format!("layer {name}: {e}"),
            }
        })?;
        Ok(set.probe(named, rows, params, extras))
    }
}

/// What all rows of one version's baselines share: no network, so no target,
/// no step and no seed of weights.
pub fn row_of_version(config: &Config, version: u32) -> ResultRow {
    let dataset = config.stimuli.dataset();
    ResultRow {
        condition: format!("{dataset}-{NO_NETWORK}-split{version}-seed{}", config.seed),
        dataset: dataset.to_owned(),
        arch: NO_NETWORK.to_owned(),
        split: Some(version),
        seed: Some(config.seed),
        protocol: protocol::name(config),
        split_kind: "held_out_values".to_owned(),
        data_seed: Some(config.seeds.data),
        ..ResultRow::default()
    }
}
