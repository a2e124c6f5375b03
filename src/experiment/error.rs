use std::path::{Path, PathBuf};

use crate::activations::{ActivationError, NotEnough};
use crate::config::ConfigError;
use crate::models::ModelError;
use crate::nn::PerceptronError;
use crate::training::{CheckpointError, TrainingError};
use layerprobe_durable::Holder;
use layerprobe_generators::GeneratorError;
use layerprobe_probes::ProbeError;
use layerprobe_reports::ReportError;

use super::compare::CompareError;

/// Why an experiment stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The folder's configuration is another one.
    #[error(
        "{} belongs to a run of another configuration ({difference}); \
         choose another folder with --out, or remove this one",
        folder.display()
    )]
    AnotherConfig {
        /// The folder.
        folder: PathBuf,
        /// The first line that differs.
        difference: String,
    },
    /// The folder holds something else.
    #[error(
        "{} is not empty and not a run folder (it holds {found}); choose another folder with --out",
        folder.display()
    )]
    NotARun {
        /// The folder.
        folder: PathBuf,
        /// One of the files in it.
        found: String,
    },
    /// The folder has no configuration.
    #[error("{} is not a run folder: it has no readable config.toml{hint}", folder.display())]
    NoRun {
        /// The folder.
        folder: PathBuf,
        /// Where the runs of a study or a sweep are, if it is one's.
        hint: String,
        /// Why it could not be read.
        #[source]
        source: std::io::Error,
    },
    /// A run of the binary-features experiment, where networks of images are wanted.
    #[error(
        "{} is a run of `layerprobe binary`, and a run of `layerprobe run` is wanted; one on bits has \
         its figures in report/figures, and is compared with others on bits",
        folder.display()
    )]
    OfBits {
        /// The folder.
        folder: PathBuf,
    },
    /// A run of images, where networks on bits are wanted.
    #[error(
        "{} is a run of `layerprobe run`; networks on bits are only compared with each other",
        folder.display()
    )]
    OfImages {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder for a run within the folder of another one.
    #[error(
        "{} lies in the run folder {}, where a run removes what it does not know; choose another \
         folder",
        folder.display(), around.display()
    )]
    InARun {
        /// The folder.
        folder: PathBuf,
        /// The other run's.
        around: PathBuf,
    },
    /// What is to be a store of shared work is not.
    #[error(
        "{} is no store of finished work ({problem}); give --store an empty folder, or one that \
         layerprobe made",
        folder.display()
    )]
    NotAStore {
        /// The folder.
        folder: PathBuf,
        /// What it is.
        problem: String,
    },
    /// Another process works there.
    #[error(
        "{} is held by {holder}; wait until it is done (`run --wait` does, and goes on where that \
         process has ended), or choose another folder",
        folder.display()
    )]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// Who.
        holder: Holder,
    },
    /// Results that the report needs are not there.
    #[error(
        "{} has no results yet; finish it with: layerprobe {verb} {} --out {}",
        folder.display(), folder.join("config.toml").display(), folder.display()
    )]
    Unfinished {
        /// The run folder.
        folder: PathBuf,
        /// The command that finishes it.
        verb: &'static str,
    },
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
    /// A record of the run is not what this program writes.
    #[error("{} is damaged ({problem}); remove it and run again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Stopped by the user; the same command goes on from here.
    #[error("interrupted; the same command goes on from here")]
    Interrupted,
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The stimuli.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// The network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A plan that does not fit the number of training stimuli, or its optimizer.
    #[error("training cannot be planned")]
    Plan(#[source] TrainingError),
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Images in memory.
    #[error(transparent)]
    Images(TrainingError),
    /// Training.
    #[error("training {condition}")]
    Training {
        /// Which condition.
        condition: String,
        /// Why.
        #[source]
        source: TrainingError,
    },
    /// Reading activations.
    #[error("reading activations of {condition} at step {step}")]
    Activations {
        /// Which condition.
        condition: String,
        /// Which checkpoint.
        step: u64,
        /// Why.
        #[source]
        source: ActivationError,
    },
    /// Parameters of the probes.
    #[error(transparent)]
    ProbeParams(ProbeError),
    /// Probing takes more memory than there may be.
    #[error(transparent)]
    Memory(#[from] NotEnough),
    /// Activations that were to be kept on disk.
    #[error("keeping activations of layer `{layer}` on disk, in {}", folder.display())]
    Disk {
        /// The layer.
        layer: String,
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Probing.
    #[error("probing {condition} at step {step}")]
    Probe {
        /// Which condition.
        condition: String,
        /// Which checkpoint.
        step: u64,
        /// Why.
        #[source]
        source: ProbeError,
    },
    /// Probing a baseline.
    #[error("probing what no network has read, in hold-out version {version}")]
    Baseline {
        /// Which version.
        version: u32,
        /// Why.
        #[source]
        source: ProbeError,
    },
    /// A perceptron and what it was given.
    #[error(transparent)]
    Perceptron(#[from] PerceptronError),
    /// Comparing networks.
    #[error(transparent)]
    Compare(Box<CompareError>),
    /// The tables and the report.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl From<CompareError> for ExperimentError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Stopped => Self::Interrupted,
            CompareError::Experiment(error) => error,
            error => Self::Compare(Box::new(error)),
        }
    }
}

impl ExperimentError {
    /// An error of the file system.
    pub fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Whether the same command would go on from where this stopped.
    pub fn is_interruption(&self) -> bool {
        matches!(
            self,
            Self::Interrupted
                | Self::Training {
                    source: TrainingError::Interrupted { .. },
                    ..
                }
        )
    }
}
