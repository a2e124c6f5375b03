//! The layers of a checkpoint, read in one pass and probed side by side.

use std::sync::atomic::Ordering;

use layerprobe_probes::{CheckedProbeParams, Extras, LayerOutcome, ProbeError, View};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;

use crate::activations::BlockStore;
use crate::models::LayerRows;
use crate::training::Checkpoint;

use super::probe_sets::{self, ProbeSet};
use super::rows::row_of_layer;
use super::side_by_side::side_by_side;
use super::stage::{At, Hands, ProbeStage, by, is_end};
use super::tested::{tables_of_layer, write_layer_predictions};
use crate::experiment::design::identity;
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::layer_tables::LayerTables;
use crate::experiment::store::Claim;

/// A view of a layer that is to be probed.
struct Job<'n, 'a> {
    name: &'n str,
    view: View,
    channels: Option<usize>,
    layer: &'a LayerRows,
    /// Where its activations are, if on disk.
    store: Option<&'a BlockStore>,
}

/// What probes of a view are and say.
struct Measured {
    here: ResultRow,
    outcome: LayerOutcome,
    tables: LayerTables,
}

/// What all layers of a checkpoint have in common.
struct Common<'a> {
    set: &'a ProbeSet,
    params: &'a CheckedProbeParams,
    extras: &'a Extras<'a>,
}

impl ProbeStage<'_> {
    /// Reads layers of a checkpoint and probes these views of them.
    pub(super) fn measure<'b>(
        &'b self,
        at: &At<'b>,
        missing: &[(&'b str, View)],
        set: &ProbeSet,
        claim: Option<&Claim>,
        hands: &mut Hands<'b, '_>,
    ) -> Result<(), ExperimentError> {
        let (planned, step) = (at.planned, at.checkpoint.step);
        let condition = &planned.condition;
        let images = (hands.images)()?;
        let opened = Checkpoint::read(&self.folder.checkpoint(condition, step))?;
        let positions = set.positions(&images);
        let mut layers: Vec<&str> = missing.iter().map(|(layer, _)| *layer).collect();
        layers.dedup();
        let mut activations = std::mem::take(&mut hands.activations);
        let stores = self.read(
            planned,
            step,
            &opened,
            &images,
            &positions,
            &layers,
            &mut activations,
        )?;
        let properties = set.properties();
        let common = Common {
            set,
            params: &probe_sets::params(self.config)?,
            extras: &set.extras(self.config, is_end(planned, step), &properties),
        };
        let mut jobs = Vec::with_capacity(missing.len());
        for (layer, store) in activations.iter().zip(&stores) {
            let channels = opened.network.layer_channels(&layer.name);
            let channels = channels.map_err(|source| ExperimentError::Activations {
                condition: condition.id.clone(),
                step,
                source: source.into(),
            })?;
            let own = missing.iter().filter(|(name, _)| *name == layer.name);
            jobs.extend(own.map(|&(name, view)| Job {
                name,
                view,
                channels,
                layer,
                store: store.as_ref(),
            }));
        }
        let (row, checkpoint, stop) = (&at.row, &at.checkpoint, hands.stop);
        let threads = hands.threads;
        let probe_here = |job: &Job<'_, '_>| -> Result<Measured, ExperimentError> {
            let probed = common.probe(job, positions.len());
            let (dim, outcome) = probed.map_err(|source| ExperimentError::Probe {
                condition: condition.id.clone(),
                step,
                source,
            })?;
            let here = ResultRow {
                view: job.view.to_string(),
                ..row_of_layer(row, checkpoint, job.name, dim)
            };
            Ok(common.measured(here, outcome))
        };
        let probe = |job: &Job<'_, '_>| match stop.load(Ordering::SeqCst) {
            true => Err(ExperimentError::Interrupted),
            false => by(threads, || probe_here(job)),
        };
        let keep = |job: &Job<'b, '_>, found: Measured| {
            let shown = (job.name, job.view);
            self.keep(at, shown, &common, &found, claim, hands)
        };
        side_by_side(&jobs, self.residence.at_once, probe, keep)?;
        hands.activations = activations;
        Ok(())
    }

    /// Writes what a view's probes said, into the folder and where it is shared.
    fn keep<'b>(
        &'b self,
        at: &At<'b>,
        (name, view): (&'b str, View),
        common: &Common<'_>,
        found: &Measured,
        claim: Option<&Claim>,
        hands: &mut Hands<'b, '_>,
    ) -> Result<(), ExperimentError> {
        let (planned, step) = (at.planned, at.checkpoint.step);
        let condition = &planned.condition;
        let place = self.place(planned, step, (name, view));
        if !place.predicted.is_empty() {
            let path = |feature: &str| place.predictions(feature);
            write_layer_predictions(path, &found.here, common.set, &found.outcome)?;
        }
        let made_from = identity::of_view(&at.probing, name, view);
        self.folder.taken().remember(&place.proof(), None)?;
        let proof = place.write(&found.tables, &made_from)?;
        if let Some(claim) = claim {
            let made = (&proof, &*self.folder.condition(condition));
            claim.publish(&place.name(), made, &place.files(), hands.observer);
        }
        hands.finished.insert(made_from, (planned, step));
        (hands.advanced)(&format!("{} step {step} {name}", condition.target));
        Ok(())
    }
}

impl Common<'_> {
    fn probe(
        &self,
        job: &Job<'_, '_>,
        stimuli: usize,
    ) -> Result<(usize, LayerOutcome), ProbeError> {
        let named = (job.name, job.channels, job.view);
        if let Some(store) = job.store {
            return self
                .set
                .probe_streamed(named, store, self.params, self.extras);
        }
        let (shape, values) = ((stimuli, job.layer.dim), &job.layer.values);
        let rows = ArrayView2::from_shape(shape, values).map_err(|_| ProbeError::Count {
            what: format!("layer {}", job.name),
            found: values.len() / job.layer.dim.max(1),
            expected: stimuli,
        })?;
        self.set.probe(named, rows, self.params, self.extras)
    }

    fn measured(&self, here: ResultRow, outcome: LayerOutcome) -> Measured {
        let resamples = self.params.resamples();
        Measured {
            tables: tables_of_layer(&here, self.set, &outcome, resamples),
            here,
            outcome,
        }
    }
}
