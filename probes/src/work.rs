//! What all fits of a layer share, and what a refit hands on.

use layerprobe_linalg::EigenError;
use layerprobe_streams::StreamKey;

use crate::outcome::Refit;
use crate::score::{Score, score};
use crate::solve::{Fit, Stopping};
use crate::standardize::Standardized;
use crate::{CheckedProbeParams, ProbeError, Status};

/// Most iterations of a fit that only chooses the penalty: what it has not
/// reached by then changes its accuracy in the third digit at most.
const SELECTION_ITERATIONS: usize = 100;

/// What all fits of a layer share.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub data: Standardized<'a>,
    pub groups: &'a [u32],
    pub channels: Option<usize>,
    pub params: &'a CheckedProbeParams,
    pub bootstrap: StreamKey,
    /// Whether predictions keep the log-probabilities of all classes.
    pub log_probabilities: bool,
}

impl Work<'_> {
    /// How well fits that only choose or compare are solved.
    pub fn roughly(&self) -> Stopping {
        Stopping {
            tolerance: self.params.selection_tolerance(),
            on_the_way: self.params.selection_tolerance(),
            max_iterations: self.params.max_iterations().min(SELECTION_ITERATIONS),
            own_factors: true,
        }
    }

    pub fn failed(&self, source: EigenError) -> ProbeError {
        ProbeError::Factorization {
            layer: self.data.layer.to_owned(),
            source,
        }
    }
}

/// A fit and the logits it gives its task's test rows.
pub(crate) struct Tested {
    pub fit: Fit,
    pub status: Status,
    pub logits: Vec<Vec<f64>>,
}

impl Tested {
    /// The fit in short, its test rows judged by `labels` (one for each row of
    /// the layer).
    pub fn judged(&self, test: &[usize], labels: &[u32]) -> Refit {
        let own: Vec<u32> = test.iter().map(|&row| labels[row]).collect();
        let Score {
            accuracy,
            cross_entropy,
        } = score(self.logits.iter().cloned(), &own);
        Refit {
            penalty: self.fit.penalty,
            accuracy,
            cross_entropy,
            iterations: self.fit.all_iterations(),
            certificate: self.fit.certificate,
            status: self.status,
        }
    }
}
