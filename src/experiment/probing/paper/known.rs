//! Curves that need not be trained: the same network's before the same stimuli,
//! from elsewhere in this run or from the store.

use std::sync::atomic::AtomicBool;

use super::curves::LayerCurves;
use super::{Finished, KIND, NAME, PaperStage, Place, TABLE};
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;
use crate::experiment::store::{Asked, Patience, Shelf};

impl PaperStage<'_> {
    /// Whether the same network's curves, before the same stimuli, are in this run
    /// already: then they are here, too.
    pub(super) fn is_known(
        &self,
        place: &Place<'_>,
        made_from: &str,
        finished: &Finished<'_>,
    ) -> Result<bool, ExperimentError> {
        let Some(twin) = finished.get(made_from) else {
            return Ok(false);
        };
        let from = self.folder.taken().place_of(&self.proof(twin));
        let curves = self.placed(place, self.read(twin)?)?;
        self.write(place, &curves, made_from, from.as_deref())?;
        Ok(true)
    }

    /// Takes curves from the store, or else the right to put them there.
    pub(super) fn ask(
        &self,
        place: &Place<'_>,
        made_from: &str,
        patience: Patience,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Asked, ExperimentError> {
        let Some(store) = self.store else {
            return Ok(Asked::Missing(None));
        };
        let shelf = store.shelf(KIND, made_from);
        let take = || self.take(place, &shelf, made_from);
        shelf.ask((NAME, made_from), patience, (stop, observer), take)
    }

    fn take(
        &self,
        place: &Place<'_>,
        shelf: &Shelf,
        made_from: &str,
    ) -> Result<bool, ExperimentError> {
        let path = self.path(place);
        let target = |file: &str| (file == TABLE).then(|| path.clone());
        if shelf.take(NAME, made_from, target)?.is_none() {
            return Ok(false);
        }
        let curves = self.placed(place, self.read(place)?)?;
        let from = shelf.place(NAME);
        self.write(place, &curves, made_from, Some(&from))?;
        Ok(true)
    }

    /// The same network's curves, at the step at which it is read here.
    fn placed(
        &self,
        place: &Place<'_>,
        curves: LayerCurves,
    ) -> Result<LayerCurves, ExperimentError> {
        let header = self.networks.of(&self.checkpoint(place))?.header;
        Ok(LayerCurves {
            step: header.step,
            epoch: header.epoch,
            ..curves
        })
    }
}
