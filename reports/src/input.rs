use std::collections::BTreeMap;

use crate::{ConfusionRow, ResultRow, ValueRow};

/// A label and its value, for the lists of facts and of provenance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// What it is, for example `image size`.
    pub label: String,
    /// What it is here, for example `64 px`.
    pub value: String,
}

impl Fact {
    /// A fact from anything that is text.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// A piece of the protocol in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtocolParagraph {
    /// What the paragraph is about, for example `Probe`.
    pub heading: String,
    /// Plain text; empty lines separate paragraphs.
    pub text: String,
}

/// Loss and accuracy at one moment of training. A number that was not
/// measured there is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrainingPoint {
    /// Optimizer steps taken.
    pub step: u64,
    /// The same in epochs.
    pub epoch: f64,
    /// Training loss: mean cross-entropy in nats.
    pub loss: Option<f64>,
    /// Accuracy on training stimuli, 0 to 1.
    pub train_accuracy: Option<f64>,
    /// Accuracy on validation stimuli, 0 to 1.
    pub validation_accuracy: Option<f64>,
}

/// The training of one condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingCurve {
    /// The condition's identifier.
    pub condition: String,
    /// The feature it was trained to classify.
    pub target: String,
    /// Its moments, in the order of training.
    pub points: Vec<TrainingPoint>,
}

/// A picture of stimuli.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// What it shows.
    pub caption: String,
    /// The bytes of a PNG file.
    pub png: Vec<u8>,
}

/// Everything a report is made of. What is not known stays empty: the page
/// leaves the section out or says that nothing was measured.
///
/// ```
/// use layerprobe_reports::{Fact, ReportInput, write_report};
///
/// let dir = tempfile::tempdir()?;
/// let input = ReportInput {
///     title: "Trifeature, cnn4".into(),
///     facts: vec![Fact::new("image size", "64 px")],
///     ..ReportInput::default()
/// };
/// let files = write_report(&input, dir.path())?;
/// assert!(std::fs::read_to_string(files.index)?.contains("64 px"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportInput {
    /// The page's title.
    pub title: String,
    /// What was run: dataset, image size, network, epochs, seeds, ...
    pub facts: Vec<Fact>,
    /// What a reader must know before any number, for example "one network
    /// and one hold-out version: shows, proves nothing".
    pub cautions: Vec<String>,
    /// Everything that turns activations into a number, in words.
    pub protocol: Vec<ProtocolParagraph>,
    /// The measurements.
    pub rows: Vec<ResultRow>,
    /// Accuracies by held-out value.
    pub by_value: Vec<ValueRow>,
    /// Counts by true and predicted class.
    pub confusions: Vec<ConfusionRow>,
    /// The training of each condition.
    pub training: Vec<TrainingCurve>,
    /// The layers in network order; layers that only rows name come after.
    pub layers: Vec<String>,
    /// The decoded features, in the order to show; others come after.
    pub features: Vec<String>,
    /// The targets, in the order to show; others come after.
    pub targets: Vec<String>,
    /// Chance by feature, where no row of metric `chance` says it.
    pub chance: BTreeMap<String, f64>,
    /// Pictures of the stimuli.
    pub sheets: Vec<Sheet>,
    /// The resolved configuration, as a TOML file.
    pub config_toml: String,
    /// The command that repeats the run, for example `layerprobe run config.toml`.
    pub command: String,
    /// Version, git state, hash of the configuration, seconds per stage, ...
    pub provenance: Vec<Fact>,
}
