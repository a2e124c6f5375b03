use crate::{
    CodeLength, Nonlinear, PermutationNull, RidgeOutcome, Scaling, Selectivity, VInformation,
};

/// How a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The certified gap is within tolerance.
    Converged,
    /// Stopped by the limit on iterations, or by the arithmetic's precision,
    /// with the gap still above tolerance.
    MaxIterations,
    /// Solved roughly and not proven, on purpose: fits that only choose a penalty, are
    /// compared with others, or averaged with many.
    FixedBudget,
    /// No dimension varies over the training rows: the fit is the class
    /// frequencies, exactly.
    Degenerate,
    /// Penalty 0 only: a decoder separates the classes of the training rows,
    /// completely or quasi-completely, so cross-entropy has no minimum. The fit
    /// is that of penalty 0.001, and its gap that to the least possible, 0.
    Separable,
}

impl Status {
    /// The word written into tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::MaxIterations => "max_iterations",
            Self::FixedBudget => "fixed_budget",
            Self::Degenerate => "degenerate",
            Self::Separable => "separable",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known about how good a fit is, computed in f64 on the standardized
/// activations themselves.
///
/// Fits that only choose or compare (those of a path, controls, permutations, the
/// split `instance`, codes) are judged where they were found instead: over a Gram
/// matrix whose products are in singles, at tolerances of 1e-4 or more by an image in
/// singles, too. Where that matrix is found wrong, the gap is infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certificate {
    /// `sum of cross-entropies (nats) + penalty / 2 * ||W||^2`; for ridge
    /// probes half the sum of squares stands for the cross-entropies.
    pub objective: f64,
    /// The objective exceeds the optimum by no more than this:
    /// `||gradient||^2 / (2 penalty)` with the intercept solved, which is the
    /// Fenchel duality gap at the dual point made of the residuals. Without a
    /// penalty, the gap at a dual point made of Newton's step, or the whole
    /// objective where there is none, since no cross-entropy is below 0.
    pub gap: f64,
    /// Largest absolute entry of the gradient (intercepts included); none where the
    /// fit was not judged on the activations.
    pub gradient_norm: Option<f64>,
}

impl Certificate {
    /// `gap / objective`; infinite where the gap is no bound: below 0, or NaN.
    pub fn relative_gap(&self) -> f64 {
        let share = match self.gap == 0.0 {
            true => 0.0,
            false => self.gap / self.objective.max(f64::MIN_POSITIVE),
        };
        match share >= 0.0 {
            true => share,
            false => f64::INFINITY,
        }
    }
}

/// One penalty's fit on the selection-training rows, judged on the selection
/// rows.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPoint {
    /// The penalty.
    pub penalty: f64,
    /// Share of selection rows classified rightly.
    pub accuracy: f64,
    /// Mean cross-entropy of the selection rows, nats.
    pub cross_entropy: f64,
    /// Iterations spent at this penalty.
    pub iterations: usize,
    /// Objective and gap on the selection-training rows.
    pub certificate: Certificate,
    /// How the fit ended: nothing proves it further than its certificate says.
    pub status: Status,
}

/// An interval around an estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Number of groups that were resampled (or counted, for a Wilson bound).
    pub n_clusters: usize,
    /// How it was made.
    pub method: IntervalMethod,
}

/// How an [`Interval`] was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalMethod {
    /// Percentile bootstrap over whole groups.
    ClusterBootstrap,
    /// Wilson's score interval with each group as one observation: where the
    /// estimate is 0 or 1, or there is one group, and a bootstrap has nothing to vary.
    WilsonOnClusters,
}

/// One test stimulus as a probe saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Row of the activation matrix.
    pub row: usize,
    /// The true class.
    pub label: u32,
    /// The most probable class; the lowest of equals.
    pub predicted: u32,
    /// Log-probability of the true class, nats.
    pub log_probability: f64,
    /// Log-probabilities of all classes, nats; empty unless
    /// [`crate::Extras::log_probabilities`] asks for them.
    pub log_probabilities: Vec<f32>,
}

/// What the test stimuli of a probe are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SplitKind {
    /// The test rows each task names.
    Given,
    /// Combinations withheld from the probe, all of whose values it has met:
    /// the same stimuli for every feature.
    SeenValues,
    /// Other exemplars of the combinations the probe was fitted to.
    Instance,
}

impl SplitKind {
    /// The word written into tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::SeenValues => "seen_values",
            Self::Instance => "instance",
        }
    }
}

/// A fit on all training rows at one penalty, and its test, in short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refit {
    /// The penalty.
    pub penalty: f64,
    /// Share of test stimuli classified rightly.
    pub accuracy: f64,
    /// Mean cross-entropy of the test stimuli, nats.
    pub cross_entropy: f64,
    /// Iterations, those on the way down the penalty path included.
    pub iterations: usize,
    /// Objective and gap; proven on the activations, and with a gradient, only where
    /// the fit is one of [`Bits`] for true labels.
    pub certificate: Certificate,
    /// How the fit ended.
    pub status: Status,
}

/// V-information, and the fit it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bits {
    /// The information, bits a stimulus.
    pub information: VInformation,
    /// The fit at the penalty that cross-entropy chose.
    pub refit: Refit,
}

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

/// One feature's decodability from one layer, with all that is needed to
/// judge the number.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeOutcome {
    /// The feature.
    pub feature: String,
    /// What the test stimuli are.
    pub split: SplitKind,
    /// Number of classes.
    pub classes: usize,
    /// Share of test stimuli classified rightly.
    pub accuracy: f64,
    /// Mean over the classes present in the test of the share classified
    /// rightly.
    pub balanced_accuracy: f64,
    /// Mean cross-entropy of the test stimuli, nats.
    pub cross_entropy: f64,
    /// 95 % interval of the accuracy over resampled groups (kind `stimuli`:
    /// this network and these held-out values).
    pub interval: Interval,
    /// Accuracy on the test of always naming the most frequent training
    /// class (the lowest of equals).
    pub chance: f64,
    /// Training rows of the final fit.
    pub n_train: usize,
    /// Test rows.
    pub n_test: usize,
    /// Penalty with the highest selection accuracy (the largest of equals);
    /// the final fit's.
    pub penalty: f64,
    /// Penalty with the lowest selection cross-entropy.
    pub penalty_by_cross_entropy: f64,
    /// Every penalty's fit on the selection-training rows, largest first.
    pub path: Vec<PathPoint>,
    /// Relative gap that the path's fits were solved to.
    pub selection_tolerance: f64,
    /// Iterations of the final fit, those on its way down the penalty path
    /// included; 0 where the solver does not tell (linfa-logistic).
    pub iterations: usize,
    /// Objective, gap and gradient of the final fit on the standardized
    /// activations themselves; of the split `instance`, where it was found.
    pub certificate: Certificate,
    /// How the final fit ended, against `tolerance`.
    pub status: Status,
    /// Tolerance that `status` refers to.
    pub tolerance: f64,
    /// Scaling of the dimensions.
    pub scaling: Scaling,
    /// Confusion counts, row-major: `confusion[true * classes + predicted]`.
    pub confusion: Vec<u32>,
    /// Every test stimulus, in the order given.
    pub predictions: Vec<Prediction>,
    /// V-information, where it was asked for.
    pub bits: Option<Bits>,
}

impl ProbeOutcome {
    /// The fit that cross-entropy chose, on the selection rows; none where penalties
    /// were chosen elsewhere.
    pub fn least_surprised(&self) -> Option<&PathPoint> {
        let mut path = self.path.iter();
        path.find(|point| point.penalty == self.penalty_by_cross_entropy)
    }

    /// Where the grid's largest or smallest penalty was chosen: what it gains in
    /// selection accuracy over the next one inside. At 0 the grid ends on a
    /// plateau; above, a wider grid may choose better.
    pub fn edge_gain(&self) -> Option<f64> {
        let (edge, inside) = self.edge(self.penalty)?;
        Some(edge.accuracy - inside.accuracy)
    }

    /// The same for the penalty with the lowest cross-entropy, in nats.
    pub fn edge_gain_in_nats(&self) -> Option<f64> {
        let (edge, inside) = self.edge(self.penalty_by_cross_entropy)?;
        Some(inside.cross_entropy - edge.cross_entropy)
    }

    fn edge(&self, chosen: f64) -> Option<(&PathPoint, &PathPoint)> {
        match self.path.as_slice() {
            [first, second, ..] if first.penalty == chosen => Some((first, second)),
            [.., second, last] if last.penalty == chosen => Some((last, second)),
            _ => None,
        }
    }
}
