//! What is told of cells on their way, and of their end.

use std::path::PathBuf;

use layerprobe_durable::Holder;

use super::cells::Cell;

/// What happens.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    /// Another process works on this cell; others come first.
    Held(&'a Cell, &'a Holder),
    /// A cell begins.
    Started {
        /// Which.
        cell: &'a Cell,
        /// Cells under way, this one too.
        running: usize,
    },
    /// A cell is done.
    Done {
        /// Which.
        cell: &'a Cell,
        /// Seconds it took.
        seconds: f64,
        /// Cells done so far.
        done: usize,
        /// Of so many.
        all: usize,
    },
    /// An attempt failed, and the cell comes again.
    Again {
        /// Which.
        cell: &'a Cell,
        /// How it ended.
        how: &'a str,
    },
    /// All attempts at a cell failed.
    Failed {
        /// Which.
        cell: &'a Cell,
        /// How the last one ended.
        how: &'a str,
    },
    /// The children were asked to stop.
    Stopping {
        /// How many.
        running: usize,
    },
}

/// A cell that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub cell: String,
    /// How the last attempt ended.
    pub how: String,
    /// Its log.
    pub log: PathBuf,
    /// The log's last lines.
    pub last_lines: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Cells done, earlier ones too.
    pub done: usize,
    /// Cells in which a probe did not converge, earlier ones too.
    pub not_converged: usize,
    /// Cells that were given up.
    pub failures: Vec<Failure>,
    /// Whether it was asked to stop before all was done.
    pub interrupted: bool,
}
