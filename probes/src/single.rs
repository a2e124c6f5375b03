//! One fit of one feature on all rows given, without selection or test.

use ndarray::{Array1, Array2, ArrayView2};

use crate::ProbeError;
use crate::checks::check_layer_labels;
use crate::fitting::{Form, fit_all, settle, status_from};
use crate::multinomial::{FittedProbe, MultinomialProbe};
use crate::solve::{Stopping, Task};
use crate::standardize::{Standardized, Standardizer};

/// The name errors give a matrix that is not a layer of a network.
const LAYER: &str = "dataset";

pub(crate) fn fit_single(
    probe: &MultinomialProbe,
    activations: ArrayView2<'_, f32>,
    labels: &[u32],
) -> Result<FittedProbe, ProbeError> {
    let classes = check_layer_labels(LAYER, activations.dim(), labels)?;
    let rows: Vec<usize> = (0..labels.len()).collect();
    let owned = activations.as_standard_layout();
    let scale = Standardizer::fit(LAYER, owned.view(), &rows, probe.scaling(), None)?;
    let data = Standardized {
        layer: LAYER,
        values: owned.as_slice().unwrap_or(&[]),
        row_len: owned.ncols(),
        scale: &scale,
    };
    let form = Form::of(&data, &rows, probe.solver());
    let failed = |source| ProbeError::Factorization {
        layer: LAYER.to_owned(),
        source,
    };
    let space = form.space(rows.len(), rows.len()).map_err(failed)?;
    let tasks = [Task { labels, classes }];
    let stopping = Stopping {
        tolerance: probe.tolerance(),
        on_the_way: probe.tolerance(),
        max_iterations: probe.max_iterations(),
    };
    let penalty = [probe.penalty()];
    let paths = fit_all(&form, &space, &tasks, &[&penalty], stopping, probe.solver())?;
    let mut fits: Vec<_> = paths.into_iter().flatten().collect();
    let weights = settle(&form, &space, &data, &rows, &tasks, &mut fits, stopping);
    let fit = &fits[0];
    let mut full = Array2::zeros((owned.ncols(), classes));
    let mut intercept = Array1::from_vec(fit.intercept.clone());
    for (dim, mean, inverse, own) in scale.fold(&weights.data, classes) {
        for (class, w) in own.iter().enumerate() {
            full[[dim, class]] = w * inverse;
            intercept[class] -= w * inverse * mean;
        }
    }
    Ok(FittedProbe {
        weights: full,
        intercept,
        certificate: fit.certificate,
        iterations: fit.iterations,
        status: status_from(fit.certificate.relative_gap() <= probe.tolerance(), &scale),
    })
}
