use crate::ProbeError;

/// How dimensions are brought to one scale before a probe is fitted.
///
/// All center each dimension at its training mean. With a free intercept
/// centering alone does not change what a penalized fit predicts; scaling
/// does, and is a part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scaling {
    /// Divide by the training standard deviation (population, 1/n).
    /// Dimensions that do not vary become 0.
    Standard,
    /// Convolutional layers: divide all dimensions of a channel by the root of
    /// their mean variance, so that a channel keeps its profile over positions
    /// and a unit that is nearly always off is not blown up. Vectors: divide by
    /// the training standard deviation, or by 1 % of the layer's (the root of
    /// the mean variance of its dimensions) where that is larger. The default.
    #[default]
    Channel,
    /// Leave the scale as it is.
    None,
}

impl Scaling {
    /// The word in configurations and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Channel => "channel",
            Self::None => "none",
        }
    }
}

/// Which algorithm minimizes the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Solver {
    /// All features and penalties of a layer in one batch, each fit with a
    /// certified gap. The default: far faster at an equal objective.
    #[default]
    Batched,
    /// linfa-logistic, one fit after the other, its result certified
    /// afterwards in the same way. Slow on wide layers.
    Linfa,
}

/// Parameters of [`crate::probe_layer`], not yet checked.
///
/// ```
/// use layerprobe_probes::ProbeParams;
///
/// let params = ProbeParams { penalties: vec![1.0, 100.0], ..ProbeParams::default() };
/// assert!(params.check().is_ok());
/// let params = ProbeParams { penalties: vec![-1.0], ..ProbeParams::default() };
/// assert!(params.check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeParams {
    /// L2 penalties to choose from, in any order. Default: decades from 1e-3
    /// to 1e5. 0 is plain cross-entropy, which has no optimum where the classes
    /// can be separated ([`Status::Separable`](crate::Status::Separable)); ridge
    /// probes leave it out. scikit-learn's `1 / C`; with two classes `2 / C`, since it
    /// keeps one vector there, the difference of our two.
    pub penalties: Vec<f64>,
    /// Scaling of the dimensions.
    pub scaling: Scaling,
    /// Solver of each fit.
    pub solver: Solver,
    /// Share of the training groups that choose the penalty. Default 0.2.
    pub selection_fraction: f64,
    /// Most iterations a fit may take at one penalty, those at larger penalties on its
    /// way there not counted. Default 1000. A fit that lacks precision rather than
    /// iterations goes on in doubles, from its exact logits and in principal directions,
    /// each time with as many anew.
    pub max_iterations: usize,
    /// A fit has converged when its certified gap is below this share of its
    /// objective. Default 1e-6.
    pub tolerance: f64,
    /// The same for the fits that only choose the penalty. Default 1e-3, in
    /// at most 100 iterations: between penalties of nearly equal accuracy the
    /// choice may fall on a neighbor, for a third of the work.
    pub selection_tolerance: f64,
    /// Bootstrap resamples of whole groups for the accuracy's interval.
    /// Default 2000.
    pub resamples: usize,
}

impl Default for ProbeParams {
    fn default() -> Self {
        Self {
            penalties: (-3..=5).map(|exponent| 10f64.powi(exponent)).collect(),
            scaling: Scaling::default(),
            solver: Solver::default(),
            selection_fraction: 0.2,
            max_iterations: 1000,
            tolerance: 1e-6,
            selection_tolerance: 1e-3,
            resamples: 2000,
        }
    }
}

/// Parameters that passed every check; made by [`ProbeParams::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedProbeParams(ProbeParams);

impl CheckedProbeParams {
    /// The penalties, largest first, each once.
    pub fn penalties(&self) -> &[f64] {
        &self.0.penalties
    }

    /// The penalties above 0, largest first: those of ridge probes.
    pub(crate) fn positive_penalties(&self) -> &[f64] {
        let zeros = usize::from(self.0.penalties.last() == Some(&0.0));
        &self.0.penalties[..self.0.penalties.len() - zeros]
    }

    /// Scaling of the dimensions.
    pub fn scaling(&self) -> Scaling {
        self.0.scaling
    }

    /// The same parameters with another scaling.
    pub fn with_scaling(&self, scaling: Scaling) -> Self {
        let mut params = self.clone();
        params.0.scaling = scaling;
        params
    }

    /// Solver of each fit.
    pub fn solver(&self) -> Solver {
        self.0.solver
    }

    /// Share of the training groups that choose the penalty.
    pub fn selection_fraction(&self) -> f64 {
        self.0.selection_fraction
    }

    /// Most iterations at one penalty.
    pub fn max_iterations(&self) -> usize {
        self.0.max_iterations
    }

    /// Largest certified gap of a converged fit, relative to its objective.
    pub fn tolerance(&self) -> f64 {
        self.0.tolerance
    }

    /// The same for the fits that only choose the penalty.
    pub fn selection_tolerance(&self) -> f64 {
        self.0.selection_tolerance
    }

    /// Bootstrap resamples.
    pub fn resamples(&self) -> usize {
        self.0.resamples
    }
}

pub(crate) fn check_penalty(value: f64) -> Result<(), ProbeError> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(ProbeError::Penalty { value })
    }
}

pub(crate) fn check_tolerance(value: f64) -> Result<(), ProbeError> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(ProbeError::Tolerance { value })
    }
}

pub(crate) fn check_count(what: &'static str, count: usize) -> Result<(), ProbeError> {
    if count == 0 {
        Err(ProbeError::ZeroCount { what })
    } else {
        Ok(())
    }
}

impl ProbeParams {
    /// Checks every value; sorts the penalties from large to small and drops
    /// repeated ones.
    ///
    /// # Errors
    /// The first value that cannot be worked with.
    pub fn check(mut self) -> Result<CheckedProbeParams, ProbeError> {
        if self.penalties.is_empty() {
            return Err(ProbeError::NoPenalty);
        }
        for &value in &self.penalties {
            check_penalty(value)?;
        }
        let value = self.selection_fraction;
        if !(value > 0.0 && value < 1.0) {
            return Err(ProbeError::SelectionFraction { value });
        }
        check_tolerance(self.tolerance)?;
        check_tolerance(self.selection_tolerance)?;
        check_count("max_iterations", self.max_iterations)?;
        check_count("resamples", self.resamples)?;
        // -0 is 0
        self.penalties.iter_mut().for_each(|value| *value += 0.0);
        self.penalties.sort_by(|a, b| b.total_cmp(a));
        self.penalties.dedup();
        Ok(CheckedProbeParams(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_are_sorted_and_unique() {
        let params = ProbeParams {
            penalties: vec![1.0, 100.0, 1.0, 0.1],
            ..ProbeParams::default()
        };
        assert_eq!(params.check().unwrap().penalties(), [100.0, 1.0, 0.1]);
    }

    #[test]
    fn zero_is_a_penalty_but_not_of_ridge_probes() {
        let checked = |penalties: Vec<f64>| {
            let default = ProbeParams::default();
            ProbeParams {
                penalties,
                ..default
            }
            .check()
            .unwrap()
        };
        let both = checked(vec![-0.0, 1.0, 0.0]);
        assert_eq!(both.penalties(), [1.0, 0.0]);
        assert!(both.penalties()[1].is_sign_positive());
        assert_eq!(both.positive_penalties(), [1.0]);
        assert!(checked(vec![0.0]).positive_penalties().is_empty());
    }

    #[test]
    fn bad_values_are_refused() {
        let default = ProbeParams::default;
        let refused = |params: ProbeParams| params.check().unwrap_err().to_string();
        for bad in [-1e-9, -1.0, f64::NAN, f64::INFINITY] {
            let message = refused(ProbeParams {
                penalties: vec![1.0, bad],
                ..default()
            });
            assert!(message.contains("penalty"), "{message}");
        }
        assert!(
            refused(ProbeParams {
                penalties: vec![],
                ..default()
            })
            .contains("no penalty")
        );
        for bad in [0.0, 1.0, f64::NAN] {
            let message = refused(ProbeParams {
                selection_fraction: bad,
                ..default()
            });
            assert!(message.contains("selection fraction"), "{message}");
            let message = refused(ProbeParams {
                tolerance: bad,
                ..default()
            });
            assert!(message.contains("tolerance"), "{message}");
            let message = refused(ProbeParams {
                selection_tolerance: bad,
                ..default()
            });
            assert!(message.contains("tolerance"), "{message}");
        }
        assert!(
            refused(ProbeParams {
                max_iterations: 0,
                ..default()
            })
            .contains("max_iterations")
        );
        assert!(
            refused(ProbeParams {
                resamples: 0,
                ..default()
            })
            .contains("resamples")
        );
    }
}
