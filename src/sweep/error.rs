use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use layerprobe_reports::ReportError;

use super::slurm::SlurmError;
use crate::config::ConfigError;
use crate::experiment::ExperimentError;

/// What can go wrong with a sweep.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A file could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The sweep file is not TOML of a sweep.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// A value of the sweep file that cannot work.
    #[error("{}: `{key}`: {problem}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The dotted key.
        key: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A cell's configuration.
    #[error("cell {cell} ({values})")]
    Cell {
        /// The cell.
        cell: String,
        /// Its values, as assignments.
        values: String,
        /// What is wrong.
        #[source]
        source: ConfigError,
    },
    /// Two cells are the same run.
    #[error("the cells {first} and {second} have the same configuration; exclude one of them")]
    Twins {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A cell's folder was made from another configuration.
    #[error(
        "{} was made from another configuration than the sweep file gives it now; choose another \
         folder with --out, or move this one away",
        folder.display()
    )]
    OtherCell {
        /// The cell's folder.
        folder: PathBuf,
    },
    /// Cells that are to be collected are not done.
    #[error(
        "{missing} of {all} cells are not done ({first} is the first); finish them with \
         `layerprobe sweep run`, or collect what is there with --partial"
    )]
    Unfinished {
        /// How many.
        missing: usize,
        /// Of how many.
        all: usize,
        /// The first.
        first: String,
    },
    /// There is nothing to collect.
    #[error("no cell is done yet; start with `layerprobe sweep run`")]
    NoCells,
    /// A cell's table is not what its run wrote.
    #[error(
        "{} is not what its run wrote; `layerprobe run {1}/config.toml --out {1}` sets it aside and \
         makes it again",
        path.display(),
        cell.display()
    )]
    Altered {
        /// The table.
        path: PathBuf,
        /// The cell's folder.
        cell: PathBuf,
    },
    /// A cell's run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// Slurm.
    #[error(transparent)]
    Slurm(#[from] SlurmError),
    /// Tables and report.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl SweepError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Whether the sweep file or the command is to be mended, not the work.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Syntax { .. }
            | Self::Value { .. }
            | Self::Cell { .. }
            | Self::Twins { .. }
            | Self::OtherCell { .. } => true,
            Self::Io { action, source, .. } => {
                *action == "read" && source.kind() == ErrorKind::NotFound
            }
            Self::Slurm(error) => error.is_usage(),
            _ => false,
        }
    }
}
