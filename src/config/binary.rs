//! The binary-features experiment's configuration: what it trains on, how, and
//! what it measures.

use layerprobe_generators::binary::EasyRule;
use serde::Serialize;

use super::presets::BINARY_PRESETS;
use super::sections::Checkpoints;
use super::words::as_word;
use super::{hash_of_parts, toml_of};

/// A complete, checked configuration of the binary-features experiment
/// (Hermann & Lampinen 2020, appendix B.3): what `config.toml` in its folder
/// holds, and all that the bytes of its results depend on.
///
/// ```
/// use layerprobe::config::BinaryConfig;
///
/// let config = BinaryConfig::load("binary-quick", &["training.runs=3".to_owned()])?;
/// assert_eq!(config.training.runs, 3);
/// assert_eq!(config.stimuli.hard_predictivity, 0.9);
/// let error = BinaryConfig::load("binary-quick", &["training.run=3".to_owned()]).unwrap_err();
/// assert!(error.to_string().contains("did you mean `training.runs`?"));
/// # Ok::<(), layerprobe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryConfig {
    /// Names the run and its folder.
    pub name: String,
    /// The master seed.
    pub seed: u64,
    /// The seeds of the two sources of chance, each set on its own.
    pub seeds: BinarySeeds,
    /// What the stimuli are.
    pub stimuli: BinaryStimuli,
    /// The network.
    pub network: BinaryNetwork,
    /// How it is trained, and on what.
    pub training: BinaryTraining,
    /// Which epochs are kept.
    pub checkpoints: Checkpoints,
    /// How features are decoded.
    pub decoding: BinaryDecoding,
    /// How networks are compared.
    pub similarity: BinarySimilarity,
}

/// Seeds; each is the master seed unless it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinarySeeds {
    /// Stimuli, and everything drawn while measuring.
    pub data: u64,
    /// Initial weights.
    pub init: u64,
}

/// The stimuli.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryStimuli {
    /// What the easy feature is of its bits.
    #[serde(serialize_with = "as_word")]
    pub easy_rule: EasyRule,
    /// How well it predicts the label: a network for each.
    pub easy_predictivity: Vec<f64>,
    /// How well the hard feature predicts the label.
    pub hard_predictivity: f64,
    /// Stimuli trained on.
    pub train: usize,
    /// Stimuli in each set that networks and decoders are tested on, and that
    /// linear decoders are trained on.
    pub test: usize,
}

/// The network: linear layers with leaky ReLU between them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryNetwork {
    /// Widths of the hidden layers.
    pub widths: Vec<usize>,
    /// What a hidden unit lets through below 0.
    pub slope: f64,
    /// Initial values.
    pub initial: InitialValues,
}

/// How initial values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InitialValues {
    /// PyTorch's default for a linear layer: weights and biases uniform within
    /// one over the root of the inputs.
    Torch,
    /// Glorot & Bengio 2010: weights uniform within `sqrt(6 / (inputs +
    /// outputs))`, biases 0.
    Xavier,
    /// He et al. 2015, for leaky ReLU: weights normal with deviation `sqrt(2 /
    /// (1 + slope^2) / inputs)`, biases 0.
    He,
}

impl InitialValues {
    pub(super) const NAMES: [&'static str; 3] = ["torch", "xavier", "he"];
}

/// How networks are trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryTraining {
    /// What they are trained to say.
    pub targets: Vec<BinaryTarget>,
    /// How well the easy feature predicts the label in the stimuli of networks
    /// trained on both features.
    pub multi_easy_predictivity: f64,
    /// Networks for each target and predictivity, each with its own stimuli and
    /// initial weights.
    pub runs: u32,
    /// Steps of gradient descent, each along all stimuli.
    pub epochs: u64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Moments at which loss and accuracies are logged.
    pub log_points: usize,
}

/// What a network is trained to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BinaryTarget {
    /// The label, by one output.
    Label,
    /// Both features, by one output each.
    Multi,
}

impl BinaryTarget {
    pub(super) const NAMES: [&'static str; 2] = ["label", "multi"];

    /// The name in configurations and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Multi => "multi",
        }
    }

    /// Outputs of its network.
    pub fn outputs(self) -> usize {
        match self {
            Self::Label => 1,
            Self::Multi => 2,
        }
    }
}

/// How features are decoded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryDecoding {
    /// Which stimuli decoders see.
    pub stimuli: DecodedStimuli,
    /// Input bits that are decoded beside the features, from 1.
    pub bits: Vec<usize>,
    /// Epochs of linear decoders.
    pub epochs: usize,
    /// Learning rate of linear and nonlinear decoders.
    pub learning_rate: f64,
    /// Epochs of nonlinear decoders, of the last checkpoint; 0 for none.
    pub nonlinear_epochs: usize,
    /// Stimuli that nonlinear decoders are trained on.
    pub nonlinear_train: usize,
    /// Runs whose networks nonlinear decoders read, the first ones; the others
    /// cost time.
    pub nonlinear_runs: u32,
}

/// Which stimuli decoders see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecodedStimuli {
    /// Neither feature tells anything of the label, so the features are
    /// independent and one cannot be decoded through the other.
    Independent,
    /// As the network was trained on.
    AsTrained,
}

impl DecodedStimuli {
    pub(super) const NAMES: [&'static str; 2] = ["independent", "as_trained"];

    /// The name in configurations and protocols.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::AsTrained => "as_trained",
        }
    }
}

/// How networks are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinarySimilarity {
    /// Stimuli in the sample on which they are.
    pub stimuli: usize,
    /// Resamples behind each interval; 0 for none.
    pub resamples: usize,
}

impl BinaryConfig {
    /// The configuration as TOML, complete: it gives the same run again.
    pub fn to_toml(&self) -> String {
        toml_of(self)
    }

    /// Whether a text is a configuration of this experiment: by a section or a key
    /// that no other has, or the preset that it starts from.
    pub fn is_text_of_one(text: &str) -> bool {
        let Ok(table) = text.parse::<toml::Table>() else {
            return false;
        };
        let base = table.get("base").and_then(toml::Value::as_str);
        let is_preset = |name: &str| BINARY_PRESETS.iter().any(|preset| preset.name == name);
        let stimuli = table.get("stimuli").and_then(toml::Value::as_table);
        let has_rule = |stimuli: &toml::Table| stimuli.keys().any(|key| key.starts_with("easy_"));
        table.contains_key("decoding")
            || stimuli.is_some_and(has_rule)
            || base.is_some_and(is_preset)
    }

    /// Whether a preset or a file is of this experiment.
    pub fn is_preset_or_file_of_one(preset_or_file: &str) -> bool {
        let is_text = |text: String| Self::is_text_of_one(&text);
        BINARY_PRESETS
            .iter()
            .any(|preset| preset.name == preset_or_file)
            || std::fs::read_to_string(preset_or_file).is_ok_and(is_text)
    }

    /// Hash of the complete configuration.
    pub fn hash(&self) -> String {
        blake3::hash(self.to_toml().as_bytes()).to_hex().to_string()
    }

    /// Hash of all of the configuration that a network's measures depend on.
    pub fn measures_hash(&self) -> String {
        hash_of_parts(&[self.training_hash(), toml_of(&self.decoding)])
    }

    /// Hash of all of the configuration that a trained network depends on: everything
    /// but the name, how many networks there are, and what is measured.
    pub fn training_hash(&self) -> String {
        let stimuli = BinaryStimuli {
            easy_predictivity: Vec::new(),
            ..self.stimuli.clone()
        };
        let training = BinaryTraining {
            targets: Vec::new(),
            runs: 0,
            ..self.training.clone()
        };
        hash_of_parts(&[
            toml_of(&self.seeds),
            toml_of(&stimuli),
            toml_of(&self.network),
            toml_of(&training),
            toml_of(&self.checkpoints),
        ])
    }
}
