use layerprobe_generators::TextureAngle;
use layerprobe_probes::{Scaling, Solver, View};
use serde::{Serialize, Serializer};

use super::protocols::{PaperGrid, Protocol};
use super::training::Training;
use super::words::as_word;
use crate::activations::Baseline;
use crate::models::{Arch, Design, Options};

/// A complete, checked configuration: what `config.toml` in a run folder
/// holds, and all that the bytes of a run's results depend on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Names the run and its folder.
    pub name: String,
    /// The master seed.
    pub seed: u64,
    /// The seeds of the three sources of chance, each set on its own.
    pub seeds: Seeds,
    /// What the stimuli are.
    pub stimuli: Stimuli,
    /// A correlated pair of features in the training set, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// Which feature values are held out.
    pub split: Split,
    /// The network.
    pub network: Network,
    /// How it is trained.
    pub training: Training,
    /// Which steps are kept.
    pub checkpoints: Checkpoints,
    /// What is probed, and how.
    pub probes: Probes,
}

/// The part of a configuration that says what the stimuli are.
#[derive(Clone, Debug, PartialEq)]
pub struct StimulusSections {
    /// The seeds; only the one of the data matters here.
    pub seeds: Seeds,
    /// What the stimuli are.
    pub stimuli: Stimuli,
    /// A correlated pair of features in the training set, if any.
    pub correlation: Option<Correlation>,
    /// Which feature values are held out.
    pub split: Split,
}

/// Seeds; each is the master seed unless it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seeds {
    /// Stimuli, hold-outs, correlation, selection set.
    pub data: u64,
    /// Initial weights.
    pub init: u64,
    /// Order of the batches.
    pub order: u64,
}

/// The stimuli (Hermann & Lampinen 2020, section 3.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "dataset", rename_all = "lowercase")]
pub enum Stimuli {
    /// Shape, texture and color of one object.
    Trifeature {
        /// Side of the image in pixels.
        image_size: usize,
        /// Side of the object's box in pixels.
        object_size: usize,
        /// Period of the textures in pixels.
        texture_period: usize,
        /// Stimuli for each combination of shape, texture and color.
        exemplars: usize,
    },
    /// A large letter made of small letters.
    Navon {
        /// Side of the image in pixels.
        image_size: usize,
        /// Em size of the large letter in pixels.
        large_letter: usize,
        /// Em size of the small letters in pixels.
        small_letter: usize,
        /// What the small letters' angle is measured from.
        #[serde(serialize_with = "as_word")]
        texture_angle: TextureAngle,
    },
}

impl Stimuli {
    /// The dataset's name.
    pub fn dataset(&self) -> &'static str {
        match self {
            Self::Trifeature { .. } => "trifeature",
            Self::Navon { .. } => "navon",
        }
    }

    /// Side of the image in pixels.
    pub fn image_size(&self) -> usize {
        match self {
            Self::Trifeature { image_size, .. } | Self::Navon { image_size, .. } => *image_size,
        }
    }

    /// Names of the features, in order.
    pub fn feature_names(&self) -> &'static [&'static str] {
        match self {
            Self::Trifeature { .. } => &["shape", "texture", "color"],
            Self::Navon { .. } => &["shape", "texture"],
        }
    }

    /// Names of the continuous properties, in order.
    pub fn property_names(&self) -> &'static [&'static str] {
        match self {
            Self::Trifeature { .. } => &[
                "x",
                "y",
                "shape_angle",
                "texture_angle",
                "phase_x",
                "phase_y",
            ],
            Self::Navon { .. } => &["x", "y", "shape_angle", "texture_angle"],
        }
    }

    /// Number of values each feature has.
    pub fn values_per_feature(&self) -> usize {
        match self {
            Self::Trifeature { .. } => 10,
            Self::Navon { .. } => 26,
        }
    }
}

/// A pair of features correlated in the training set (section 3.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// The two features.
    pub pair: [String; 2],
    /// Probability that one takes the value matched to the other's, in the
    /// pool of all ten values or in each set, as `p_mode` says.
    pub predictivity: f64,
    /// Where that probability holds.
    pub p_mode: PMode,
    /// Most stimuli a target is validated on, drawn from those that are left; none
    /// for all, which are seven times as many as train where the pair is independent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_stimuli: Option<usize>,
}

/// Where a predictivity holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PMode {
    /// In the pool of all values, before some are held out (the paper's way):
    /// training sets have more of it, validation sets less.
    Nominal,
    /// In the training set and in each validation set.
    Effective,
}

/// Held-out feature values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Split {
    /// Hold-out versions, each one network for each target; 0 to 4.
    pub versions: Vec<u32>,
    /// Values held out of each feature.
    pub held_out: usize,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    /// Its architecture.
    pub arch: Arch,
    /// Whether all conditions start from the same weights.
    pub initial_weights: InitialWeights,
    /// What of the architecture is chosen; the rest has its default.
    #[serde(flatten)]
    pub options: Options,
}

impl Network {
    /// The design of the network for images of this size and so many classes.
    pub fn design(&self, image_size: usize, classes: usize) -> Design {
        Design {
            options: self.options.clone(),
            ..Design::new(self.arch, image_size, classes)
        }
    }
}

/// Whether initial weights are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialWeights {
    /// All conditions start from the same weights (the paper's way).
    Shared,
    /// Each condition draws its own.
    PerRun,
}

/// Which training steps are kept; step 0 and the last always are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "schedule", rename_all = "lowercase")]
pub enum Checkpoints {
    /// A number of steps evenly spaced in log(step), with 0 and the last.
    Log {
        /// How many, 0 and the last counted.
        count: usize,
    },
    /// Every so many steps.
    Every {
        /// The distance.
        every: u64,
    },
    /// These steps.
    List {
        /// The steps.
        steps: Vec<u64>,
    },
}

/// What is probed, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probes {
    /// Baselines, then layers to read in network order.
    pub layers: Vec<String>,
    /// What of each layer is probed: `full`, `gap`, `pca:K`, `rp:K`.
    #[serde(serialize_with = "as_texts")]
    pub views: Vec<View>,
    /// Those of the layers that are maps of channels: only these have a `gap`.
    #[serde(skip)]
    pub maps: Vec<String>,
    /// Features to decode.
    pub features: Vec<String>,
    /// L2 penalties to choose among; 0 is none.
    pub penalties: Vec<f64>,
    /// How dimensions are brought to one scale.
    #[serde(serialize_with = "as_word")]
    pub scaling: Scaling,
    /// How images are shown to networks at step 0.
    #[serde(skip_serializing_if = "UntrainedImages::is_normalized")]
    pub untrained_images: UntrainedImages,
    /// Share of the training combinations that chooses the penalty.
    pub selection_fraction: f64,
    /// What fits the probes: this toolkit's own solver or linfa-logistic.
    #[serde(serialize_with = "as_word")]
    pub solver: Solver,
    /// Iterations after which a fit is given up as not converged.
    pub max_iterations: usize,
    /// Bootstrap resamples behind each interval.
    pub resamples: usize,
    /// At which checkpoints V-information in bits is measured, by a refit at the
    /// penalty that cross-entropy chooses.
    #[serde(serialize_with = "as_flag_or_ends")]
    pub v_information: AtCheckpoints,
    /// Whether probes are also tested on withheld combinations of kept values.
    pub seen_values: bool,
    /// Control labelings on withheld exemplars; 0 for no control task.
    pub controls: usize,
    /// Orders in which online code lengths are measured, at step 0 and the
    /// last; 0 for none.
    pub code_orders: usize,
    /// Permutations behind each p-value, at step 0 and the last; 0 for none.
    pub permutations: usize,
    /// Which checkpoints' predictions of single stimuli are kept.
    pub predictions: AtCheckpoints,
    /// Continuous properties that ridge probes decode; none by default.
    pub ridge: Vec<String>,
    /// Seeds of probes with a hidden layer, at step 0 and the last; 0 for none.
    pub nonlinear_seeds: usize,
    /// The protocols to run.
    pub protocol: Vec<Protocol>,
    /// The grid of the protocol `paper`, if it is one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<PaperGrid>,
}

/// How images are shown to a network before training, to probes of the clean protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UntrainedImages {
    /// As after it: by mean and deviation of the training set's channels.
    #[default]
    Normalized,
    /// As they are, pixels from 0 to 1: as the paper has it.
    Raw,
}

impl UntrainedImages {
    /// By name.
    pub const NAMES: [&str; 2] = ["normalized", "raw"];

    /// Whether they are normalized: what there was before there was a choice, and part
    /// of what identifies stored work only otherwise.
    fn is_normalized(&self) -> bool {
        *self == Self::Normalized
    }
}

/// `true` and `false` were all there was, and are part of what identifies work
/// that is stored.
fn as_flag_or_ends<S: Serializer>(at: &AtCheckpoints, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        AtCheckpoints::None => serializer.serialize_bool(false),
        AtCheckpoints::Ends => at.serialize(serializer),
        AtCheckpoints::All => serializer.serialize_bool(true),
    }
}

fn as_texts<S: Serializer>(views: &[View], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(views.iter().map(View::to_string))
}

impl Probes {
    /// The layers that are the network's.
    pub fn network_layers(&self) -> impl Iterator<Item = &str> {
        let names = self.layers.iter().map(String::as_str);
        names.filter(|name| Baseline::of(name).is_none())
    }

    /// The views that there are of a layer.
    pub fn views_of(&self, layer: &str) -> impl Iterator<Item = View> {
        let map = self.maps.iter().any(|name| name == layer);
        let views = self.views.iter().copied();
        views.filter(move |view| view.applies(map.then_some(1)))
    }

    /// The layers that are none's.
    pub fn baselines(&self) -> impl Iterator<Item = Baseline> + '_ {
        self.layers.iter().filter_map(|name| Baseline::of(name))
    }
}

/// At which checkpoints something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AtCheckpoints {
    /// At none.
    None,
    /// At step 0 and the last.
    Ends,
    /// At all.
    All,
}

impl AtCheckpoints {
    /// Whether it is done at a checkpoint.
    pub fn at(self, an_end: bool) -> bool {
        match self {
            Self::None => false,
            Self::Ends => an_end,
            Self::All => true,
        }
    }
}

impl Config {
    /// The configuration as TOML, complete: it gives the same run again.
    pub fn to_toml(&self) -> String {
        super::toml_of(self)
    }

    /// The part that says what the stimuli are.
    pub fn stimulus_sections(&self) -> StimulusSections {
        StimulusSections {
            seeds: self.seeds.clone(),
            stimuli: self.stimuli.clone(),
            correlation: self.correlation.clone(),
            split: self.split.clone(),
        }
    }

    /// Hash of the complete configuration.
    pub fn hash(&self) -> String {
        blake3::hash(self.to_toml().as_bytes()).to_hex().to_string()
    }
}
