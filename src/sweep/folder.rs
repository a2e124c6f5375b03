//! What lies where in a sweep's folder, and how far each cell is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use layerprobe_durable::{Holder, Lease};
use serde::{Deserialize, Serialize};

use super::cells::Cell;
use super::error::SweepError;
use super::file::Sweep;
use crate::experiment::{Standing, standing};

/// A sweep's folder.
#[derive(Clone, Debug)]
pub struct SweepFolder {
    root: PathBuf,
}

/// How far a cell is.
#[derive(Clone, Debug, PartialEq)]
pub enum CellState {
    /// Its run is finished.
    Done {
        /// Seconds of each stage.
        seconds: BTreeMap<String, f64>,
    },
    /// A process works on it.
    Held(Holder, Standing),
    /// All attempts failed.
    Failed(Attempts, Standing),
    /// Nobody works on it; what an earlier process did is kept.
    Waiting(Standing),
}

/// The attempts at a cell since it was last told to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// How many.
    pub attempts: u32,
    /// Whether no more were to be made.
    pub given_up: bool,
    /// How the last one ended.
    pub last: String,
}

impl SweepFolder {
    /// A folder, which need not be there.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A cell's run folder.
    pub fn cell(&self, cell: &Cell) -> PathBuf {
        self.root.join("cells").join(&cell.id)
    }

    /// What a cell's processes said.
    pub fn log(&self, cell: &Cell) -> PathBuf {
        self.root.join("logs").join(format!("{}.log", cell.id))
    }

    /// Where its cells share finished work, unless another store is named.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    fn attempts_path(&self, cell: &Cell) -> PathBuf {
        self.root.join("attempts").join(format!("{}.json", cell.id))
    }

    /// The attempts at a cell.
    pub fn attempts(&self, cell: &Cell) -> Attempts {
        let bytes = fs::read(self.attempts_path(cell)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps the attempts at a cell.
    ///
    /// # Errors
    /// Of the file system.
    pub fn keep_attempts(&self, cell: &Cell, attempts: &Attempts) -> Result<(), SweepError> {
        let path = self.attempts_path(cell);
        let json = serde_json::to_string(attempts).map_err(io::Error::from);
        let written = json.and_then(|json| layerprobe_durable::write(&path, json.as_bytes()));
        written.map_err(SweepError::io("write", &path))
    }

    /// Makes the folder ready: a copy of the sweep file, and the configuration
    /// of each cell in its run folder.
    ///
    /// # Errors
    /// If a cell's folder was made from another configuration, or of the file
    /// system.
    pub fn prepare(&self, sweep: &Sweep) -> Result<(), SweepError> {
        for cell in &sweep.cells {
            let path = self.cell(cell).join("config.toml");
            match fs::read_to_string(&path) {
                Ok(text) if text == cell.config.to_toml() => {}
                Ok(_) => {
                    return Err(SweepError::OtherCell {
                        folder: self.cell(cell),
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    layerprobe_durable::write(&path, cell.config.to_toml().as_bytes())
                        .map_err(SweepError::io("write", &path))?;
                }
                Err(e) => return Err(SweepError::io("read", &path)(e)),
            }
        }
        let path = self.root.join("sweep.toml");
        layerprobe_durable::write(&path, sweep.text.as_bytes())
            .map_err(SweepError::io("write", &path))
    }

    /// How far a cell is, by what lies in its folder.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn state(&self, cell: &Cell) -> Result<CellState, SweepError> {
        let root = self.cell(cell);
        let standing = standing(&root, &cell.config)?;
        let attempts = self.attempts(cell);
        let holder = Lease::holder(&root);
        Ok(match (holder, standing.finished.clone()) {
            (Some(holder), _) => CellState::Held(holder, standing),
            (None, Some(seconds)) => CellState::Done { seconds },
            (None, None) if attempts.given_up => CellState::Failed(attempts, standing),
            (None, None) => CellState::Waiting(standing),
        })
    }
}
