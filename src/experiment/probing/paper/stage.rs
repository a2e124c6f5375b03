//! The stage step by step: what is missing, then version after version, and in
//! each place after place.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use layerprobe_reports::ResultRow;

use super::{Finished, NAME, PaperStage, Place, TABLE};
use crate::experiment::design::stimuli::{Rendered, Version};
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer, Stage};
use crate::experiment::folder::proof::Proof;
use crate::experiment::probing::probe_sets::ProbeSet;
use crate::experiment::store::{Asked, Patience};

/// A place whose grid is to be trained.
struct Missing<'a> {
    place: Place<'a>,
    /// Identity of that work.
    made_from: String,
    /// Dimensions of the layer.
    dim: u64,
}

/// Renders the stimuli, or hands out those that are rendered.
type Images<'a> = &'a dyn Fn() -> Result<Rc<Rendered>, ExperimentError>;

/// How far the stage is, and who is told.
struct Progress<'a> {
    stop: &'a AtomicBool,
    observer: &'a dyn Observer,
    finished: Finished<'a>,
    /// Epochs of all grids, each as much as its layer has dimensions, which is what
    /// it takes: networks that are the same share a grid.
    total: u64,
    /// Those of the grids that are finished.
    done: u64,
}

impl Progress<'_> {
    /// Tells how far it is, so far into the grid in hand.
    fn tell(&self, inside: u64, detail: &str) {
        self.observer.event(Event::Advanced {
            stage: Stage::Paper,
            done: self.done + inside,
            detail,
        });
    }

    /// Tells of each epoch of the grid in hand, of a layer of `dim` dimensions, and
    /// breaks off where that is wanted.
    fn epochs(&self, dim: u64, detail: &str) -> impl FnMut(usize) -> ControlFlow<()> {
        let mut told = 0;
        move |epoch| {
            if epoch as u64 > told {
                told = epoch as u64;
                self.tell(told * dim, detail);
            }
            match self.stop.load(Ordering::SeqCst) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
}

impl PaperStage<'_> {
    /// Trains the grids that are missing, chooses over the hold-out versions,
    /// and returns all rows. A layer's grid is kept when it is complete.
    ///
    /// # Errors
    /// The first that occurs; what is finished stays finished.
    pub fn run(
        &self,
        images: impl Fn() -> Result<Rc<Rendered>, ExperimentError>,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        let (mut progress, missing) = self.look(stop, observer)?;
        let _stage = Stage::Paper.span().entered();
        if missing.is_empty() {
            tracing::info!(total = progress.total, "nothing is missing");
            return self.rows();
        }
        let started = Instant::now();
        observer.event(Event::Started {
            stage: Stage::Paper,
            total: progress.total,
            done: progress.done,
        });
        for version in &self.stimuli.versions {
            self.decode_version(version, &missing, &images, &mut progress)?;
        }
        observer.event(Event::Finished {
            stage: Stage::Paper,
            seconds: started.elapsed().as_secs_f64(),
        });
        self.rows()
    }

    /// What is there, and what is missing.
    fn look<'s>(
        &'s self,
        stop: &'s AtomicBool,
        observer: &'s dyn Observer,
    ) -> Result<(Progress<'s>, Vec<Missing<'s>>), ExperimentError> {
        let mut finished = Finished::new();
        let (mut missing, mut sizes) = (Vec::new(), BTreeMap::new());
        for version in &self.stimuli.versions {
            let places = self.places().into_iter();
            for place in places.filter(|p| p.condition.version == version.number) {
                let made_from = self.made_from(&place, version)?;
                let dim = self.dim(&place)?;
                sizes.insert(made_from.clone(), dim * self.grid.epochs() as u64);
                let dir = self.folder.condition(place.condition);
                if Proof::holds(&self.proof(&place), &dir, &made_from, observer)? {
                    finished.insert(made_from, place);
                } else {
                    missing.push(Missing {
                        place,
                        made_from,
                        dim,
                    });
                }
            }
        }
        let progress = Progress {
            stop,
            observer,
            total: sizes.values().sum(),
            done: finished.keys().filter_map(|grid| sizes.get(grid)).sum(),
            finished,
        };
        Ok((progress, missing))
    }

    /// Dimensions of a layer.
    fn dim(&self, place: &Place<'_>) -> Result<u64, ExperimentError> {
        let header = self.networks.of(&self.checkpoint(place))?.header;
        let layers = header.design().layers()?;
        let own = layers.iter().find(|layer| layer.is_called(place.layer));
        Ok(own.map_or(1, |layer| layer.shape.dim() as u64))
    }

    /// Has the missing grids of a hold-out version; those that another run is at
    /// come last.
    fn decode_version<'s>(
        &self,
        version: &Version,
        missing: &[Missing<'s>],
        images: Images<'_>,
        progress: &mut Progress<'s>,
    ) -> Result<(), ExperimentError> {
        let set = self.set(version);
        let here = missing
            .iter()
            .filter(|work| work.place.condition.version == version.number);
        let mut queue: VecDeque<_> = here.map(|work| (work, Patience::Later)).collect();
        while let Some((work, patience)) = queue.pop_front() {
            if !self.decode_place(work, patience, (&set, images), progress)? {
                queue.push_back((work, Patience::Wait));
            }
        }
        Ok(())
    }

    /// Has the grid of a place: from this run, from the store, or trained. It has
    /// not, where another run is at it and that is not to be waited for.
    fn decode_place<'s>(
        &self,
        work: &Missing<'s>,
        patience: Patience,
        (set, images): (&ProbeSet, Images<'_>),
        progress: &mut Progress<'s>,
    ) -> Result<bool, ExperimentError> {
        let Missing {
            place,
            made_from,
            dim,
        } = work;
        let detail = format!(
            "{} {} {}",
            place.condition.target,
            place.role.name(),
            place.layer
        );
        if !self.is_known(place, made_from, &progress.finished)? {
            let (stop, observer) = (progress.stop, progress.observer);
            match self.ask(place, made_from, patience, stop, observer)? {
                Asked::Busy => return Ok(false),
                Asked::Taken => {}
                Asked::Missing(claim) => {
                    let images = images()?;
                    let seen = (set, images.as_ref());
                    let curves = self.train(place, seen, &mut progress.epochs(*dim, &detail))?;
                    let proof = self.write(place, &curves, made_from, None)?;
                    if let Some(claim) = claim {
                        let dir = self.folder.condition(place.condition);
                        let files = [(TABLE.to_owned(), self.path(place))];
                        claim.publish(NAME, (&proof, &dir), &files, observer);
                    }
                }
            }
            progress.done += dim * self.grid.epochs() as u64;
        }
        progress.finished.insert(made_from.clone(), *place);
        progress.tell(0, &detail);
        Ok(true)
    }
}
