//! How a fit ended, and what proves it.

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
