//! Baselines in the probe stage: layers that are no network's, probed once for
//! each hold-out version.

use std::sync::atomic::Ordering;

use layerprobe_probes::{CheckedProbeParams, Extras, LayerOutcome, ProbeError, View};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;
use rayon::ThreadPool;

use crate::activations::{Baseline, BlockWriter, READ_BATCH};
use crate::config::Config;
use crate::models::LayerRows;

use super::known::from_the_store;
use super::probe_sets::{self, ProbeSet};
use super::stage::{Hands, ProbeStage, Probed, by};
use super::tested::{tables_of_layer, write_layer_predictions};
use crate::experiment::design::identity;
use crate::experiment::design::protocol;
use crate::experiment::design::stimuli::{Rendered, Version};
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;
use crate::experiment::folder::layer_tables::{LayerPlace, LayerTables};
use crate::experiment::folder::layout::Source;
use crate::experiment::folder::proof::Proof;
use crate::experiment::store::{Asked, Patience, Shelf};

/// What baselines are called in a store.
const KIND: &str = "baselines";

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
    /// Where a baseline's tables lie: all that a network's layer has at an end of
    /// training.
    pub(super) fn baseline_place(&self, place: &BaselinePlace) -> LayerPlace<'_> {
        let probes = &self.config.probes;
        LayerPlace {
            folder: self.folder,
            source: Source::Baseline(place.version),
            layer: place.baseline.name(),
            view: place.view,
            at_an_end: true,
            predicted: match probes.predictions.at(true) {
                true => &probes.features,
                false => &[],
            },
        }
    }

    /// Where all baselines' tables lie, version by version.
    pub(super) fn baseline_places(&self) -> Vec<LayerPlace<'_>> {
        let places = places(self.config);
        let places = places.iter().map(|place| self.baseline_place(place));
        places.collect()
    }

    /// The baselines of a version.
    fn baselines_in(&self, version: &Version) -> impl Iterator<Item = BaselinePlace> {
        let number = version.number;
        let places = places(self.config).into_iter();
        places.filter(move |place| place.version == number)
    }

    /// Tests the proofs of a version's baselines; returns how many baselines there
    /// are, and how many are done.
    pub(super) fn check_baselines(
        &self,
        version: &Version,
        observer: &dyn Observer,
    ) -> Result<(u64, u64), ExperimentError> {
        let probing = identity::of_baselines(self.config, version);
        let (mut all, mut done) = (0, 0);
        for place in self.baselines_in(version) {
            let made_from = identity::of_baseline(&probing, place.baseline, place.view);
            let holds = self.baseline_place(&place).check(&made_from, observer)?;
            all += 1;
            done += u64::from(holds);
        }
        Ok((all, done))
    }

    /// Probes what is missing of a version's baselines.
    pub(super) fn probe_baselines(
        &self,
        version: &Version,
        set: &ProbeSet,
        patience: Patience,
        hands: &mut Hands<'_, '_>,
    ) -> Result<Probed, ExperimentError> {
        let row = row_of_version(self.config, version.number);
        let probing = identity::of_baselines(self.config, version);
        let shelf = self.store.map(|store| store.shelf(KIND, &probing));
        let missing = self.baselines_in(version);
        let mut missing: Vec<_> = missing
            .filter(|place| !self.baseline_place(place).is_done())
            .map(|place| {
                (
                    place,
                    identity::of_baseline(&probing, place.baseline, place.view),
                )
            })
            .collect();
        let asked = Shelf::ask_all(
            shelf.as_ref(),
            &mut missing,
            |(place, made_from)| (self.baseline_place(place).name(), made_from.clone()),
            patience,
            (hands.stop, hands.observer),
            |missing| self.take_baselines(missing, &row, shelf.as_ref(), hands),
        )?;
        let claim = match asked {
            Asked::Taken => return Ok(Probed::Now),
            Asked::Busy => return Ok(Probed::ElsewhereNow),
            Asked::Missing(claim) => claim,
        };
        let images = (hands.images)()?;
        let positions = set.positions(&images);
        let params = probe_sets::params(self.config)?;
        let properties = set.properties();
        let extras = set.extras(self.config, true, &properties);
        for (place, made_from) in missing {
            let BaselinePlace { baseline, view, .. } = place;
            if hands.stop.load(Ordering::SeqCst) {
                return Err(ExperimentError::Interrupted);
            }
            let seen = (images.as_ref(), positions.as_slice());
            let how = (&params, &extras, hands.threads);
            let probed = self.probe_baseline((baseline, view), set, seen, how)?;
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
            let there = self.baseline_place(&place);
            if !there.predicted.is_empty() {
                let path = |feature: &str| there.predictions(feature);
                write_layer_predictions(path, &here, set, &outcome)?;
            }
            let tables = tables_of_layer(&here, set, &outcome, params.resamples());
            let proof = self.write_baseline(&there, &tables, &made_from, None)?;
            if let Some(claim) = &claim {
                let made = (&proof, &*self.folder.baselines_of(version.number));
                claim.publish(&there.name(), made, &there.files(), hands.observer);
            }
            (hands.advanced)(&format!("{} split {}", baseline.name(), version.number));
        }
        Ok(Probed::Now)
    }

    /// Takes what the store has of a version's baselines; leaves the others.
    fn take_baselines(
        &self,
        missing: &mut Vec<(BaselinePlace, String)>,
        row: &ResultRow,
        shelf: Option<&Shelf>,
        hands: &mut Hands<'_, '_>,
    ) -> Result<(), ExperimentError> {
        let mut others = Vec::new();
        for (place, made_from) in missing.drain(..) {
            let there = self.baseline_place(&place);
            let Some((tables, from)) = from_the_store(&made_from, &there, shelf)? else {
                others.push((place, made_from));
                continue;
            };
            self.write_baseline(&there, &tables.placed(row), &made_from, from.as_deref())?;
            (hands.advanced)(&format!(
                "{} split {}",
                place.baseline.name(),
                place.version
            ));
        }
        *missing = others;
        Ok(())
    }

    /// Writes a baseline's tables, which came `from` the store or were made here,
    /// and their proof.
    fn write_baseline(
        &self,
        place: &LayerPlace<'_>,
        tables: &LayerTables,
        made_from: &str,
        from: Option<&str>,
    ) -> Result<Proof, ExperimentError> {
        self.folder.taken().remember(&place.proof(), from)?;
        place.write(tables, made_from)
    }

    /// Reads a baseline, into memory or to the disk, and probes a view of it.
    fn probe_baseline(
        &self,
        (baseline, view): (Baseline, View),
        set: &ProbeSet,
        (images, positions): (&Rendered, &[usize]),
        (params, extras, threads): (&CheckedProbeParams, &Extras<'_>, Option<&ThreadPool>),
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
            let probe = || set.probe_streamed(named, &store, params, extras);
            return Ok(by(threads, probe));
        }
        let LayerRows { name, dim, values } = baseline.read(&images.images, positions);
        let rows = ArrayView2::from_shape((positions.len(), dim), &values).map_err(|e| {
            ExperimentError::Damaged {
                path: self.folder.root().to_owned(),
                problem: format!("layer {name}: {e}"),
            }
        })?;
        Ok(by(threads, || set.probe(named, rows, params, extras)))
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
