//! The probe as a linfa estimator; `grid` fits it.

use linfa::ParamGuard;
use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};

use crate::params::{check_count, check_penalty, check_tolerance};
use crate::{Certificate, ProbeError, Scaling, Solver, Status};

/// Multinomial logistic regression with an L2 penalty and a certificate, as
/// a linfa estimator.
///
/// Minimizes `sum of cross-entropies + penalty / 2 * ||W||^2` over weights on
/// (by default) standardized dimensions and a free intercept. Classes run
/// from 0 to the largest label.
///
/// ```
/// use layerprobe_probes::MultinomialProbe;
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
///
/// let targets = Array1::from_shape_fn(60, |i| i % 3);
/// let records = Array2::from_shape_fn((60, 3), |(i, j)| {
///     ((i * (j + 2)) % 7) as f32 + if i % 3 == j { 5.0 } else { 0.0 }
/// });
/// let dataset = Dataset::new(records, targets);
/// let fitted = MultinomialProbe::params().penalty(0.1).fit(&dataset)?;
/// assert!(fitted.certificate().relative_gap() < 1e-6);
/// let accuracy = fitted.predict(&dataset).confusion_matrix(&dataset)?.accuracy();
/// assert!(accuracy > 0.9);
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultinomialProbe {
    penalty: f64,
    scaling: Scaling,
    solver: Solver,
    tolerance: f64,
    max_iterations: usize,
}

/// Parameters of a [`MultinomialProbe`], not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultinomialProbeParams(MultinomialProbe);

impl MultinomialProbe {
    /// Penalty 1, dimensions scaled as those of a vector by
    /// [`Scaling::Channel`], batched solver, relative gap 1e-6.
    pub fn params() -> MultinomialProbeParams {
        MultinomialProbeParams(Self {
            penalty: 1.0,
            scaling: Scaling::default(),
            solver: Solver::default(),
            tolerance: 1e-6,
            max_iterations: 1000,
        })
    }

    /// The L2 penalty.
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Scaling of the dimensions.
    pub fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// The solver.
    pub fn solver(&self) -> Solver {
        self.solver
    }

    /// Largest relative gap of a converged fit.
    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// Most iterations.
    pub fn max_iterations(&self) -> usize {
        self.max_iterations
    }
}

impl MultinomialProbeParams {
    /// Sets the L2 penalty (scikit-learn's `1 / C`; with two classes `2 / C`).
    pub fn penalty(mut self, penalty: f64) -> Self {
        self.0.penalty = penalty;
        self
    }

    /// Sets the scaling of the dimensions.
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.0.scaling = scaling;
        self
    }

    /// Sets the solver.
    pub fn solver(mut self, solver: Solver) -> Self {
        self.0.solver = solver;
        self
    }

    /// Sets the relative gap below which a fit has converged.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }

    /// Sets the most iterations.
    pub fn max_iterations(mut self, max_iterations: usize) -> Self {
        self.0.max_iterations = max_iterations;
        self
    }
}

impl ParamGuard for MultinomialProbeParams {
    type Checked = MultinomialProbe;
    type Error = ProbeError;

    fn check_ref(&self) -> Result<&Self::Checked, ProbeError> {
        check_penalty(self.0.penalty)?;
        check_tolerance(self.0.tolerance)?;
        check_count("max_iterations", self.0.max_iterations)?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, ProbeError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted [`MultinomialProbe`].
#[derive(Clone, Debug, PartialEq)]
pub struct FittedProbe {
    pub(crate) weights: Array2<f64>,
    pub(crate) intercept: Array1<f64>,
    pub(crate) certificate: Certificate,
    pub(crate) iterations: usize,
    pub(crate) status: Status,
}

impl FittedProbe {
    /// Weights on the activations as they came (scaling folded in),
    /// dimensions x classes; 0 for dimensions that do not vary.
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }

    /// Intercepts, to go with [`FittedProbe::weights`].
    pub fn intercept(&self) -> &Array1<f64> {
        &self.intercept
    }

    /// Objective, gap and gradient, over standardized dimensions.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Iterations taken; 0 where the solver does not tell (linfa-logistic).
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// How the fit ended.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Log-probabilities, stimuli x classes, nats.
    ///
    /// # Panics
    /// If the activations have another number of dimensions.
    pub fn log_probabilities(&self, activations: ArrayView2<'_, f32>) -> Array2<f64> {
        let mut logits = activations.mapv(f64::from).dot(&self.weights) + &self.intercept;
        for mut row in logits.rows_mut() {
            let top = row.fold(f64::NEG_INFINITY, |top: f64, &z| top.max(z));
            let total: f64 = row.iter().map(|z| (z - top).exp()).sum();
            row -= top + total.ln();
        }
        logits
    }
}

impl<D: Data<Elem = f32>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for FittedProbe {
    fn predict_inplace(&self, records: &ArrayBase<D, Ix2>, targets: &mut Array1<usize>) {
        let scores = self.log_probabilities(records.view());
        for (target, row) in targets.iter_mut().zip(scores.rows()) {
            let mut best = 0;
            for (class, score) in row.iter().enumerate() {
                if *score > row[best] {
                    best = class;
                }
            }
            *target = best;
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(records.nrows())
    }
}
