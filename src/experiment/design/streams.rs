//! The one place where streams are named.

use layerprobe_streams::StreamKey;

use crate::config::{InitialWeights, Seeds};

use super::condition::Condition;

/// The keys of all streams of an experiment.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    data: StreamKey,
    init: StreamKey,
    order: StreamKey,
}

impl Streams {
    /// The streams of three seeds.
    pub fn new(seeds: &Seeds) -> Self {
        Self {
            data: StreamKey::from_seed(seeds.data),
            init: StreamKey::from_seed(seeds.init),
            order: StreamKey::from_seed(seeds.order),
        }
    }

    /// Position, angles, phases and noise of each stimulus.
    pub fn render(&self) -> StreamKey {
        self.data.derive("data/render")
    }

    /// Position, angles, phases and noise of the stimuli a correlated
    /// training set is sampled from.
    pub fn render_pool(&self) -> StreamKey {
        self.data.derive("data/render_pool")
    }

    /// Labels' flips and bits of a part of the binary-features data: `train`,
    /// `evaluation`, `use_easy`, `use_hard`.
    pub fn binary(&self, part: &str) -> StreamKey {
        self.data.derive("data/binary").derive(part)
    }

    /// A part of the binary-features data in one of several runs.
    pub fn binary_of_run(&self, part: &str, run: u32) -> StreamKey {
        self.binary(part).derive(&run.to_string())
    }

    /// Initial weights of a run on the binary-features data, the same for every
    /// predictivity.
    pub fn binary_init(&self, run: u32) -> StreamKey {
        self.init.derive("init/binary").derive(&run.to_string())
    }

    /// Initial values of the decoders of a run on the binary-features data, and
    /// what their intervals and selections draw: the same for all networks,
    /// layers and checkpoints.
    pub fn binary_decoders(&self, run: u32) -> StreamKey {
        self.data.derive("probe/binary").derive(&run.to_string())
    }

    /// Values held out in each version.
    pub fn split(&self) -> StreamKey {
        self.data.derive("data/split")
    }

    /// Which stimuli of a correlated set validate, where not all do.
    pub fn validation(&self) -> StreamKey {
        self.data.derive("data/validation")
    }

    /// Matching and sampling of a correlated pair.
    pub fn correlation(&self) -> StreamKey {
        self.data.derive("data/correlation")
    }

    /// Initial weights of a condition.
    pub fn init(&self, sharing: InitialWeights, condition: &Condition) -> StreamKey {
        let all = self.init.derive("init");
        match sharing {
            InitialWeights::Shared => all,
            InitialWeights::PerRun => all.derive(&condition.id),
        }
    }

    /// Order of a condition's batches.
    pub fn order(&self, condition: &Condition) -> StreamKey {
        self.order.derive("train").derive(&condition.id)
    }

    /// Which training combinations choose the penalty, in a hold-out version.
    pub fn selection(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/selection")
            .derive(&version.to_string())
    }

    /// Which kept combinations are withheld from probes, in a hold-out version.
    pub fn seen_values(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/seen_values")
            .derive(&version.to_string())
    }

    /// Which exemplars are withheld from probes, and control labels: the same
    /// for all layers and checkpoints of a version.
    pub fn instance(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/instance")
            .derive(&version.to_string())
    }

    /// Orders in which labels are coded: the same for all layers and
    /// checkpoints of a version.
    pub fn code(&self, version: u32) -> StreamKey {
        self.data.derive("probe/code").derive(&version.to_string())
    }

    /// Permuted labels: the same for all layers and checkpoints of a version.
    pub fn permutations(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/permutation")
            .derive(&version.to_string())
    }

    /// Random projections of a layer: the same for all checkpoints and versions.
    pub fn projection(&self) -> StreamKey {
        self.data.derive("probe/projection")
    }

    /// Position, angles, phases and noise of the stimuli on which networks are
    /// compared: none has been trained on them.
    pub fn similarity_stimuli(&self) -> StreamKey {
        self.data.derive("similarity/stimuli")
    }

    /// Which of those stimuli are shown.
    pub fn similarity_choice(&self) -> StreamKey {
        self.data.derive("similarity/choice")
    }

    /// Resamples of stimuli: the same for all pairs of a comparison.
    pub fn similarity_bootstrap(&self) -> StreamKey {
        self.data.derive("similarity/bootstrap")
    }

    /// Initial values and batches of nonlinear probes: the same for all layers
    /// and checkpoints of a version.
    pub fn nonlinear(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/nonlinear")
            .derive(&version.to_string())
    }

    /// Initial values and batches of the paper's decoders: the same for all
    /// layers and checkpoints of a version.
    pub fn paper(&self, version: u32) -> StreamKey {
        self.data.derive("probe/paper").derive(&version.to_string())
    }

    /// Bootstrap resamples: the same for all layers and checkpoints of a
    /// version, so that differences are paired.
    pub fn bootstrap(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/bootstrap")
            .derive(&version.to_string())
    }
    /// Bootstrap resamples of test stimuli that share a held-out value.
    pub fn by_value(&self, version: u32) -> StreamKey {
        self.data
            .derive("probe/by_value")
            .derive(&version.to_string())
    }
}
