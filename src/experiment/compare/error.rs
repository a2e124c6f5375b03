use std::path::{Path, PathBuf};

use layerprobe_probes::similarity::SimilarityError;
use layerprobe_reports::ReportError;

use crate::config::nearest_name;
use crate::experiment::ExperimentError;
use crate::foreign::ForeignError;
use crate::memory::Bytes;
use crate::models::ModelError;

/// Why layers were not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The two runs see different stimuli.
    #[error(
        "{} and {} do not see the same stimuli: {difference}; compare runs of one dataset and image size",
        first.display(), second.display()
    )]
    DifferentStimuli {
        /// The first run's folder.
        first: PathBuf,
        /// The second's.
        second: PathBuf,
        /// What differs.
        difference: String,
    },
    /// A network whose training is not complete.
    #[error(
        "{}: the training of {condition} is not complete; finish it with: layerprobe {verb} {} --out {}",
        folder.display(), folder.join("config.toml").display(), folder.display()
    )]
    Unfinished {
        /// The run's folder.
        folder: PathBuf,
        /// The condition.
        condition: String,
        /// The command that trains it.
        verb: &'static str,
    },
    /// A target that no network of the run has.
    #[error("{}: no network is trained on `{target}`{hint}; the targets are {known}", folder.display())]
    UnknownTarget {
        /// The run's folder.
        folder: PathBuf,
        /// The target asked for.
        target: String,
        /// The nearest known one, in words.
        hint: String,
        /// All of them.
        known: String,
    },
    /// A step without a checkpoint.
    #[error("{}: {condition} has no checkpoint at step {step}; its steps are {known}", folder.display())]
    UnknownStep {
        /// The run's folder.
        folder: PathBuf,
        /// The condition.
        condition: String,
        /// The step asked for.
        step: u64,
        /// The steps there are.
        known: String,
    },
    /// A layer that a network does not have.
    #[error("{}: the layers asked for cannot be read", folder.display())]
    Layer {
        /// The run's folder.
        folder: PathBuf,
        /// What the network said.
        source: ModelError,
    },
    /// A layer that networks on bits do not have.
    #[error("{}: no layer `{layer}`; the hidden layers are {known}", folder.display())]
    UnknownHidden {
        /// The run's folder.
        folder: PathBuf,
        /// The layer asked for.
        layer: String,
        /// All of them.
        known: String,
    },
    /// The best checkpoint of networks that keep none.
    #[error(
        "{}: {networks} keep no best checkpoint; ask for last, initial, ends, all, or for steps",
        folder.display()
    )]
    NoBest {
        /// The run's folder.
        folder: PathBuf,
        /// What they are.
        networks: &'static str,
    },
    /// More stimuli than there are.
    #[error("{wanted} stimuli are asked for, but there are {known}; ask for at most as many")]
    Stimuli {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        known: usize,
    },
    /// More memory than is free.
    #[error(
        "{layers} layers over {stimuli} stimuli take {needed} of memory and {free} is free; fewer \
         stimuli (--stimuli), layers, checkpoints or metrics need less"
    )]
    Memory {
        /// Stimuli shown.
        stimuli: usize,
        /// Layers compared.
        layers: usize,
        /// What their similarities take.
        needed: Bytes,
        /// What is free.
        free: Bytes,
    },
    /// One representation only.
    #[error(
        "there is one layer of one network: nothing to compare it with; name more layers, checkpoints or a second run"
    )]
    OnlyOne,
    /// Two files with different numbers of rows.
    #[error(
        "`{first}` has {first_rows} rows and `{second}` has {second_rows}; activations to compare show the same stimuli in the same order"
    )]
    Rows {
        /// A layer.
        first: String,
        /// Its rows.
        first_rows: usize,
        /// Another layer.
        second: String,
        /// Its rows.
        second_rows: usize,
    },
    /// Stopped by the user.
    #[error("interrupted; nothing was written")]
    Stopped,
    /// The similarity itself.
    #[error(transparent)]
    Similarity(#[from] SimilarityError),
    /// A run's folder, its stimuli or checkpoints.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// Files of activations.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// Results and figures.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl CompareError {
    /// No network of a run is trained on `target`, but on those known.
    pub(in crate::experiment) fn unknown_target(
        folder: &Path,
        target: &str,
        known: &[&str],
    ) -> Self {
        let hint = nearest_name(target, known.iter().copied())
            .map(|near| format!(", did you mean `{near}`?"))
            .unwrap_or_default();
        Self::UnknownTarget {
            folder: folder.to_owned(),
            target: target.to_owned(),
            hint,
            known: known.join(", "),
        }
    }

    /// Whether other arguments would help.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::DifferentStimuli { .. }
                | Self::Unfinished { .. }
                | Self::UnknownTarget { .. }
                | Self::UnknownStep { .. }
                | Self::Layer { .. }
                | Self::UnknownHidden { .. }
                | Self::NoBest { .. }
                | Self::Stimuli { .. }
                | Self::OnlyOne
                | Self::Memory { .. }
                | Self::Rows { .. }
                | Self::Similarity(
                    SimilarityError::TooFew { .. } | SimilarityError::TooMany { .. }
                )
        )
    }
}
