use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::experiment::error::ExperimentError;
use crate::training::{Checkpoint, Fingerprint};

/// What the networks behind checkpoint files are, each file read once.
#[derive(Debug, Default)]
pub struct Networks(RefCell<BTreeMap<PathBuf, Fingerprint>>);

impl Networks {
    /// The fingerprint of a checkpoint file, which must not change any more.
    ///
    /// # Errors
    /// If it is no checkpoint.
    pub fn of(&self, path: &Path) -> Result<Fingerprint, ExperimentError> {
        if let Some(known) = self.0.borrow().get(path) {
            return Ok(known.clone());
        }
        let found = Checkpoint::fingerprint(path)?;
        self.0.borrow_mut().insert(path.to_owned(), found.clone());
        Ok(found)
    }
}
