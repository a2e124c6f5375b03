use std::path::PathBuf;

use layerprobe_reports::ReportError;
use layerprobe_reports::claims::ClaimsError;

use crate::config::ConfigError;
use crate::experiment::ExperimentError;
use crate::experiment::compare::CompareError;
use crate::training::TrainingError;

/// Why a reproduction stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReproductionError {
    /// No study of that name.
    #[error("there is no study `{name}`; known: {known}")]
    UnknownStudy {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No claim of that name.
    #[error("--only {name}: no such claim{hint}; the claims are {known}")]
    UnknownClaim {
        /// The name asked for.
        name: String,
        /// The nearest there is.
        hint: String,
        /// The names there are.
        known: String,
    },
    /// A folder that is no reproduction's.
    #[error("--evidence {}: there is no folder `evidence` in it; name the folder of another `layerprobe reproduce`", path.display())]
    NoEvidence {
        /// The folder named.
        path: PathBuf,
    },
    /// A folder that has something else than this reproduction.
    #[error("--out {}: {what}; name another folder", path.display())]
    OtherFolder {
        /// The folder.
        path: PathBuf,
        /// What is there.
        what: String,
    },
    /// A study whose own files are wrong.
    #[error("the study's list of experiments: {0}")]
    Study(String),
    /// Claims that cannot be decided.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// An experiment's configuration.
    #[error("experiment {id}")]
    Config {
        /// The experiment.
        id: String,
        /// What is wrong.
        source: Box<ConfigError>,
    },
    /// An experiment failed.
    #[error("experiment {id}")]
    Experiment {
        /// The experiment.
        id: String,
        /// Why.
        source: Box<ExperimentError>,
    },
    /// A comparison failed.
    #[error("comparison {id}")]
    Compare {
        /// The comparison.
        id: String,
        /// Why.
        source: Box<CompareError>,
    },
    /// A training log cannot be read.
    #[error("experiment {id}")]
    Training {
        /// The experiment.
        id: String,
        /// Why.
        source: TrainingError,
    },
    /// Results cannot be read, or the page not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A file of the reproduction's own.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl ReproductionError {
    /// Whether it was asked to stop, and goes on when called again.
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Experiment { source, .. } => source.is_interruption(),
            Self::Compare { source, .. } => matches!(**source, CompareError::Stopped),
            _ => false,
        }
    }

    /// Whether the command was wrong, not the work.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::UnknownStudy { .. }
                | Self::UnknownClaim { .. }
                | Self::NoEvidence { .. }
                | Self::OtherFolder { .. }
                | Self::Config { .. }
        )
    }
}
