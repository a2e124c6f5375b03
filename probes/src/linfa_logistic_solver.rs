//! linfa-logistic as a solver.
//!
//! Its `fit` says nothing about convergence, and its internal loss takes one
//! maximum over the whole matrix of logits; what it returns is therefore
//! judged by our own certificate afterwards.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_logistic::MultiLogisticRegression;
use linfa_logistic::error::Error;
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
                .fit(&dataset);
            let found = model.map(|model| {
                let weights = model.params().iter().copied().collect();
                (weights, model.intercept().to_vec())
            });
            let (coefficients, intercept) = or_nothing(found, width, task.classes)?;
            Ok(Fit {
                penalty,
                coefficients,
                intercept,
                iterations: 0,
                on_the_way: 0,
                certificate: Certificate {
                    objective: f64::NAN,
                    gap: f64::INFINITY,
                    gradient_norm: None,
                },
                converged: false,
                separable: false,
            })
        })
        .collect()
}

/// Weights and intercepts.
type Decoder = (Vec<f64>, Vec<f64>);

/// The decoder found or, where the descent itself gave up (its line search does so on
/// some scales, rust-ml/linfa#334), the one that reads nothing: its certificate tells
/// how far from the optimum that is.
fn or_nothing(
    found: Result<Decoder, Error>,
    width: usize,
    classes: usize,
) -> Result<Decoder, ProbeError> {
    match found {
        Ok(decoder) => Ok(decoder),
        Err(Error::ArgMinError(_)) => Ok((vec![0.0; width * classes], vec![0.0; classes])),
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descent_that_gave_up_leaves_a_decoder_that_reads_nothing() {
        let gave_up = Error::ArgMinError(std::io::Error::other("line search").into());
        let (weights, intercept) = or_nothing(Err(gave_up), 3, 2).unwrap();
        assert_eq!((weights, intercept), (vec![0.0; 6], vec![0.0; 2]));
        let other = or_nothing(Err(Error::InvalidValues), 2, 2).unwrap_err();
        assert!(matches!(other, ProbeError::LinfaLogistic(_)));
    }
}
