//! Outcomes that need not be measured: the same network's before the same
//! stimuli, from elsewhere in this run or from the store.

use std::sync::atomic::Ordering;

use layerprobe_probes::View;

use super::rows::row_of_layer;
use super::stage::{At, Hands, ProbeStage};
use crate::experiment::design::identity;
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::layer_tables::{LayerPlace, LayerTables};
use crate::experiment::store::Shelf;

impl ProbeStage<'_> {
    /// Takes what is known of a checkpoint's missing views; leaves the others.
    pub(super) fn take_known<'b>(
        &'b self,
        at: &At<'b>,
        missing: &mut Vec<(&'b str, View)>,
        hands: &mut Hands<'b, '_>,
    ) -> Result<(), ExperimentError> {
        let mut unknown = Vec::new();
        for (layer, view) in missing.drain(..) {
            if hands.stop.load(Ordering::SeqCst) {
                return Err(ExperimentError::Interrupted);
            }
            let made_from = identity::of_view(&at.probing, layer, view);
            let (planned, step) = (at.planned, at.checkpoint.step);
            let place = self.place(planned, step, (layer, view));
            let found = match self.of_a_twin(&made_from, &place, hands)? {
                Some(found) => Some(found),
                None => from_the_store(&made_from, &place, at.shelf.as_ref())?,
            };
            let Some((tables, origin)) = found else {
                unknown.push((layer, view));
                continue;
            };
            // the names of the network; what was measured stays
            let here = row_of_layer(&at.row, &at.checkpoint, layer, 0);
            let taken = self.folder.taken();
            taken.remember(&place.proof(), origin.as_deref())?;
            place.write(&tables.placed(&here), &made_from)?;
            hands.finished.insert(made_from, (planned, step));
            (hands.advanced)(&format!("{} step {step}", planned.condition.target));
        }
        *missing = unknown;
        Ok(())
    }

    /// The tables of the same work elsewhere in this run, its predictions copied,
    /// and where in the store they came from, if they did.
    fn of_a_twin<'b>(
        &'b self,
        made_from: &str,
        place: &LayerPlace<'_>,
        hands: &Hands<'b, '_>,
    ) -> Result<Option<(LayerTables, Option<String>)>, ExperimentError> {
        let Some((twin, step)) = hands.finished.get(made_from) else {
            return Ok(None);
        };
        tracing::info!(
            of = twin.condition.id,
            step,
            "takes the tables of the same network"
        );
        let there = self.place(twin, *step, (place.layer, place.view));
        for feature in place.predicted {
            let (from, to) = (there.predictions(feature), place.predictions(feature));
            layerprobe_durable::copy(&from, &to)
                .map_err(|e| ExperimentError::io("copy", &to, e))?;
        }
        let origin = self.folder.taken().place_of(&there.proof());
        Ok(Some((there.read()?, origin)))
    }
}

/// The tables of the same work in the store, its predictions copied, and where
/// they lie there.
pub(super) fn from_the_store(
    made_from: &str,
    place: &LayerPlace<'_>,
    shelf: Option<&Shelf>,
) -> Result<Option<(LayerTables, Option<String>)>, ExperimentError> {
    let Some(shelf) = shelf else {
        return Ok(None);
    };
    let (name, files) = (place.name(), place.files());
    let target = |wanted: &str| {
        let mut named = files.iter();
        named.find_map(|(name, path)| (name == wanted).then(|| path.clone()))
    };
    match shelf.take(&name, made_from, target)? {
        Some(proof) if proof.artifacts.len() == files.len() => {
            Ok(Some((place.read()?, Some(shelf.place(&name)))))
        }
        _ => Ok(None),
    }
}
