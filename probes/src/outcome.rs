//! What fits end with: each in short, and each feature's probe with all around it.

use crate::statistics::Interval;
use crate::{Certificate, Scaling, Status, VInformation};

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
