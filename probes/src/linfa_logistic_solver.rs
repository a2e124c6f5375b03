//! linfa-logistic as a solver.
//!
//! Its `fit` says nothing about convergence, and its internal loss takes one
//! maximum over the whole matrix of logits; what it returns is therefore
//! judged by our own certificate afterwards.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, ArrayView2};

use crate::solve::{Fit, Task};
use crate::{Certificate, ProbeError};

/// Fits one feature at each penalty. `matrix` is rows x width.
pub(crate) fn fit_path(
    matrix: &[f64],
    width: usize,
    task: Task<'_>,
    penalties: &[f64],
    max_iterations: usize,
) -> Result<Vec<Fit>, ProbeError> {
    let shape = (task.labels.len(), width);
    let records = ArrayView2::from_shape(shape, matrix).map_err(linfa::Error::from)?;
    let targets = Array1::from_iter(task.labels.iter().map(|&label| label as usize));
    let dataset = DatasetBase::new(records, targets);
    penalties
        .iter()
        .map(|&penalty| {
            let model = MultiLogisticRegression::default()
                .alpha(penalty)
                .max_iterations(max_iterations as u64)
                .gradient_tolerance(1e-6)
                .fit(&dataset)?;
            Ok(Fit {
                penalty,
                coefficients: model.params().iter().copied().collect(),
                intercept: model.intercept().to_vec(),
                iterations: 0,
                certificate: Certificate {
                    objective: f64::NAN,
                    gap: f64::INFINITY,
                    gradient_norm: f64::NAN,
                },
                converged: false,
                separable: false,
            })
        })
        .collect()
}
