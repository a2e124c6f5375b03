//! What the solver starts from and ends with.

use crate::Certificate;

/// A fit at one penalty.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub penalty: f64,
    /// Coefficients in the solver's space, size x classes.
    pub coefficients: Vec<f64>,
    pub intercept: Vec<f64>,
    /// Iterations at this penalty, polishing included.
    pub iterations: usize,
    /// Iterations at larger penalties on the way here, of fits that were not kept.
    pub on_the_way: usize,
    pub certificate: Certificate,
    pub converged: bool,
    /// Without a penalty, and classes that can be separated: no optimum.
    pub separable: bool,
}

impl Fit {
    /// This fit as one that went on from another, at the same penalty.
    pub fn after(self, before: &Self) -> Self {
        Self {
            iterations: before.iterations + self.iterations,
            on_the_way: before.on_the_way + self.on_the_way,
            ..self
        }
    }

    /// All iterations that led here.
    pub fn all_iterations(&self) -> usize {
        self.on_the_way + self.iterations
    }

    /// This fit as another's start.
    pub fn start(&self) -> Start {
        Start {
            coefficients: self.coefficients.clone(),
            intercept: self.intercept.clone(),
        }
    }
}

/// Where to start from.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub coefficients: Vec<f64>,
    pub intercept: Vec<f64>,
}
