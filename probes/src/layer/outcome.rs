//! All of a layer's numbers together.

use crate::{CodeLength, Nonlinear, PermutationNull, ProbeOutcome, RidgeOutcome, Selectivity};

/// All that was measured of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerOutcome {
    /// The probes, one a feature, in the order of the tasks; the splits one
    /// after the other.
    pub probes: Vec<ProbeOutcome>,
    /// Selectivity on the instance split, one a feature, where it was asked
    /// for.
    pub selectivity: Vec<Selectivity>,
    /// Code lengths, one a feature, where they were asked for.
    pub codes: Vec<CodeLength>,
    /// Permutation nulls of the first probes, one a feature, where they were
    /// asked for.
    pub nulls: Vec<PermutationNull>,
    /// Nonlinear probes, one a feature, where they were asked for.
    pub nonlinear: Vec<Nonlinear>,
    /// Ridge probes, one a property, where they were asked for.
    pub ridge: Vec<RidgeOutcome>,
}
