use layerprobe_streams::StreamKey;

use crate::RidgeTask;

/// What is measured of a layer beside each feature's accuracy. Nothing by
/// default: each part costs further fits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// Whether each prediction keeps the log-probabilities of all classes
    /// ([`crate::Prediction::log_probabilities`]).
    pub log_probabilities: bool,
    /// V-information in bits ([`crate::v_information`]) from a refit of its
    /// own at the penalty that cross-entropy chose, where accuracy chose
    /// another.
    pub by_cross_entropy: bool,
    /// Probes tested on combinations withheld from the training set
    /// ([`crate::SplitKind::SeenValues`]), drawn from this key: a share of the
    /// combinations as large as the one that chooses penalties. The penalty is
    /// chosen anew among the rest.
    pub seen_values: Option<StreamKey>,
    /// Probes tested on withheld exemplars of the training set's combinations,
    /// and control tasks.
    pub instance: Option<Instance>,
    /// Online code length of the training rows' labels
    /// ([`crate::CodeLength`]), in `count` random orders of the combinations.
    /// An error if one block takes all combinations.
    pub code: Option<Repeats>,
    /// Refits of the first probes to permuted labels, at their penalties
    /// ([`crate::PermutationNull`]), to ten times the gap of fits that choose
    /// penalties.
    /// An error if a combination's stimuli differ in a feature's label.
    pub permutations: Option<Repeats>,
    /// The stratum of each stimulus, such as another feature's value: combinations are
    /// permuted within it, which asks what a probe reads beyond the stratum. For labels
    /// that depend on another feature; without strata the null breaks that dependence,
    /// too. An error if a combination has several, or if no stratum has combinations of
    /// different labels in training.
    pub strata: Option<&'a [u32]>,
    /// Probes with a hidden layer ([`crate::Nonlinear`]) on the same rows, one
    /// a seed: they start from values drawn below this key, and see batches
    /// drawn below it.
    pub nonlinear: Option<Repeats>,
    /// Continuous properties, decoded by ridge probes at the same penalties
    /// and on the same cut ([`crate::RidgeOutcome`]). An error if one is not
    /// finite or does not vary in training.
    pub ridge: &'a [RidgeTask<'a>],
}

/// How often something random is repeated, and what it draws from.
#[derive(Clone, Copy, Debug)]
pub struct Repeats {
    /// Each use draws from streams below this key, by the repeat's number.
    pub key: StreamKey,
    /// How many; 0 for none.
    pub count: usize,
}

/// The instance split and the control tasks on it.
///
/// Each combination's exemplars are dealt out: a share (that of
/// [`crate::ProbeParams::selection_fraction`]) tests, the others fit, at the penalty
/// chosen on the given split. An error if no combination has two.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    /// Deals out exemplars, and draws control labels.
    pub key: StreamKey,
    /// Control labelings for each feature; 0 for none. An error if a
    /// combination's stimuli differ in a feature's label.
    pub labelings: usize,
}
