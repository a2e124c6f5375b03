//! The stimuli of a run as images, rendered once.

use std::cell::RefCell;
use std::rc::Rc;

use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;

use super::stimuli::{ExperimentStimuli, Rendered, Version, render};

/// Images in memory, rendered when the first stage needs them.
pub struct Images<'a> {
    stimuli: &'a ExperimentStimuli,
    observer: &'a dyn Observer,
    whole: RefCell<Option<Rc<Rendered>>>,
    /// Those of the last version trained on the correlated pool.
    pool: RefCell<Option<(u32, Rc<Rendered>)>>,
}

impl<'a> Images<'a> {
    /// None yet.
    pub fn new(stimuli: &'a ExperimentStimuli, observer: &'a dyn Observer) -> Self {
        Self {
            stimuli,
            observer,
            whole: RefCell::new(None),
            pool: RefCell::new(None),
        }
    }

    /// All stimuli that probes see.
    pub fn for_probing(&self) -> Result<Rc<Rendered>, ExperimentError> {
        let mut whole = self.whole.borrow_mut();
        if let Some(rendered) = whole.as_ref() {
            return Ok(Rc::clone(rendered));
        }
        let set = self.stimuli.set.as_ref();
        let rendered = Rc::new(render(set, (0..set.len()).collect(), self.observer)?);
        Ok(Rc::clone(whole.insert(rendered)))
    }

    /// What a version's networks are trained and validated on: the same
    /// images, or a choice from the correlated pool.
    pub fn for_training(&self, version: &Version) -> Result<Rc<Rendered>, ExperimentError> {
        let (Some(pool), Some(split)) = (&self.stimuli.pool, &version.pool_split) else {
            return self.for_probing();
        };
        let mut last = self.pool.borrow_mut();
        match last.as_ref() {
            Some((number, rendered)) if *number == version.number => Ok(Rc::clone(rendered)),
            _ => {
                let mut indices = split.train.clone();
                indices.extend(split.validation.iter().flatten());
                let rendered = Rc::new(render(pool.set.as_ref(), indices, self.observer)?);
                *last = Some((version.number, Rc::clone(&rendered)));
                Ok(rendered)
            }
        }
    }
}
