//! What the probes of one hold-out version see.

mod asked;
mod by_test;
mod drawn;
mod probed;

use layerprobe_probes::ProbeKeys;
use layerprobe_streams::StreamKey;

use crate::experiment::design::held_out::HeldOut;
use crate::experiment::design::stimuli::Rendered;

pub use asked::params;

/// What the probes of one hold-out version see: the same stimuli for every
/// checkpoint and layer.
#[derive(Debug)]
pub struct ProbeSet {
    /// The stimulus behind each row of activations.
    pub stimuli: Vec<usize>,
    /// The held-out values of every feature, probed or not.
    pub held_out: Vec<HeldOut>,
    /// Resamples test stimuli that share a held-out value.
    pub by_value: StreamKey,
    groups: Vec<u32>,
    train: Vec<usize>,
    features: Vec<ProbedFeature>,
    properties: Vec<ProbedProperty>,
    /// All rows that some feature is tested on: those of every property.
    tested: Vec<usize>,
    keys: ProbeKeys,
    seen_values: StreamKey,
    instance: StreamKey,
    code: StreamKey,
    permutations: StreamKey,
    nonlinear: StreamKey,
    projection: StreamKey,
}

#[derive(Debug)]
struct ProbedFeature {
    name: String,
    /// The values behind the classes.
    values: Vec<String>,
    labels: Vec<u32>,
    test: Vec<usize>,
}

#[derive(Debug)]
struct ProbedProperty {
    name: String,
    values: Vec<f64>,
    period: Option<f64>,
}

impl ProbeSet {
    /// The probed features, each with the values behind its classes.
    pub fn features(&self) -> impl Iterator<Item = (&str, &[String])> {
        let features = self.features.iter();
        features.map(|feature| (feature.name.as_str(), feature.values.as_slice()))
    }

    /// The values behind a probed feature's classes.
    pub fn values(&self, feature: &str) -> &[String] {
        let found = self.features.iter().find(|f| f.name == feature);
        found.map_or(&[], |f| &f.values)
    }

    /// The combination that a row belongs to.
    pub fn group(&self, row: usize) -> u32 {
        self.groups.get(row).copied().unwrap_or_default()
    }

    /// Stimuli that train the probes.
    pub fn n_train(&self) -> usize {
        self.train.len()
    }

    /// Classes of each feature.
    pub fn classes(&self) -> Vec<usize> {
        self.features.iter().map(|f| f.values.len()).collect()
    }

    /// Where the stimuli's images are.
    pub fn positions(&self, images: &Rendered) -> Vec<usize> {
        let position = |stimulus: &usize| images.position(*stimulus);
        self.stimuli.iter().map(position).collect()
    }
}
