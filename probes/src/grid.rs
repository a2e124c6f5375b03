//! Fits on all rows given, without selection or test.

use std::ops::Range;

use linfa::dataset::AsSingleTargets;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};

use crate::checks::check_layer_labels;
use crate::exact::make_again;
use crate::fitting::{ROUGH, fit_all, settle, side_by_side, status_from};
use crate::form::Form;
use crate::multinomial::{FittedProbe, MultinomialProbe, MultinomialProbeParams};
use crate::params::check_penalty;
use crate::solve::{Fit, Panel, Path, Stopping, Task};
use crate::source::Source;
use crate::standardize::{Standardized, Standardizer};
use crate::{ActivationBlocks, ProbeError, Status};

/// The name errors give a matrix that is not a layer of a network.
const LAYER: &str = "dataset";

/// Fits every target at every penalty on one matrix: the matrix is
/// standardized and taken to the solver's form once, and all fits run side by
/// side. One list a target, its fits in the order of `penalties`.
///
/// Scaling, solver, tolerance and iterations are those of `params`; their
/// penalty is not looked at. Each fit is the one that [`MultinomialProbe`] would give
/// alone, within the tolerance.
///
/// ```
/// use layerprobe_probes::{MultinomialProbe, fit_grid};
/// use ndarray::Array2;
///
/// let (shape, color): (Vec<u32>, Vec<u32>) = ((0..60).map(|i| i % 3).collect(), (0..60).map(|i| i / 30).collect());
/// let activations = Array2::from_shape_fn((60, 4), |(i, j)| ((i * (j + 2)) % 7) as f32);
/// let params = MultinomialProbe::params().tolerance(1e-6);
/// let fits = fit_grid(&params, activations.view(), &[&shape, &color], &[1.0, 100.0])?;
/// assert_eq!((fits.len(), fits[0].len()), (2, 2));
/// assert!(fits.iter().flatten().all(|fit| fit.certificate().relative_gap() < 1e-6));
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// If a parameter cannot be worked with, a penalty is below 0 or there is none, the
/// matrix is empty or holds a number that is not finite, or a target has another
/// length, one value, or a class without a row.
pub fn fit_grid(
    params: &MultinomialProbeParams,
    activations: ArrayView2<'_, f32>,
    targets: &[&[u32]],
    penalties: &[f64],
) -> Result<Vec<Vec<FittedProbe>>, ProbeError> {
    fit_checked(params.check_ref()?, activations, targets, penalties)
}

/// [`fit_grid`] of activations that are read block by block: the same fits, bit
/// for bit.
///
/// # Errors
/// As [`fit_grid`].
pub fn fit_grid_streamed(
    params: &MultinomialProbeParams,
    activations: &dyn ActivationBlocks,
    targets: &[&[u32]],
    penalties: &[f64],
) -> Result<Vec<Vec<FittedProbe>>, ProbeError> {
    let source = Source::Blocks(activations);
    fit_source(
        params.check_ref()?,
        source,
        activations.shape(),
        targets,
        penalties,
    )
}

impl<D, T> linfa::traits::Fit<ArrayBase<D, Ix2>, T, ProbeError> for MultinomialProbe
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = usize>,
{
    type Object = FittedProbe;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<FittedProbe, ProbeError> {
        let labels = dataset.targets().as_single_targets();
        let labels: Vec<u32> = labels
            .iter()
            .map(|&label| u32::try_from(label).unwrap_or(u32::MAX))
            .collect();
        let records = dataset.records().view();
        let grid = fit_checked(self, records, &[&labels], &[self.penalty()])?;
        let fit = grid.into_iter().flatten().next();
        fit.ok_or(ProbeError::NoPenalty)
    }
}

fn fit_checked(
    probe: &MultinomialProbe,
    activations: ArrayView2<'_, f32>,
    targets: &[&[u32]],
    penalties: &[f64],
) -> Result<Vec<Vec<FittedProbe>>, ProbeError> {
    let owned = activations.as_standard_layout();
    let source = Source::from(owned.view());
    fit_source(probe, source, activations.dim(), targets, penalties)
}

fn fit_source(
    probe: &MultinomialProbe,
    source: Source<'_>,
    dim: (usize, usize),
    targets: &[&[u32]],
    penalties: &[f64],
) -> Result<Vec<Vec<FittedProbe>>, ProbeError> {
    if penalties.is_empty() {
        return Err(ProbeError::NoPenalty);
    }
    for &penalty in penalties {
        check_penalty(penalty)?;
    }
    let tasks: Vec<Task<'_>> = targets
        .iter()
        .map(|&labels| {
            let classes = check_layer_labels(LAYER, dim, labels)?;
            Ok(Task { labels, classes })
        })
        .collect::<Result<_, ProbeError>>()?;
    let rows: Vec<usize> = (0..dim.0).collect();
    let scale = Standardizer::fit(LAYER, source, &rows, probe.scaling(), None)?;
    let data = Standardized {
        layer: LAYER,
        source,
        scale: &scale,
    };
    let form = Form::of(&data, &rows, probe.solver());
    let failed = |source| ProbeError::Factorization {
        layer: LAYER.to_owned(),
        source,
    };
    let space = form.space(rows.len(), rows.len()).map_err(failed)?;
    let stopping = Stopping {
        tolerance: probe.tolerance(),
        on_the_way: probe.tolerance(),
        max_iterations: probe.max_iterations(),
        own_factors: true,
    };
    // the solver walks down from the largest
    let mut falling: Vec<usize> = (0..penalties.len()).collect();
    falling.sort_by(|&a, &b| penalties[b].total_cmp(&penalties[a]));
    let path: Vec<f64> = falling.iter().map(|&place| penalties[place]).collect();
    let wanted: Vec<Path<'_>> = tasks
        .iter()
        .map(|&task| Path {
            task,
            penalties: &path,
            start: None,
        })
        .collect();
    let rows_of = (&data, rows.as_slice());
    let solved = fit_all(&form, &space, rows_of, &wanted, stopping, probe.solver())?;
    let mut fits: Vec<_> = solved.into_iter().flatten().collect();
    let each: Vec<Task<'_>> = tasks.iter().flat_map(|&t| vec![t; path.len()]).collect();
    let mut weights = settle(&form, &space, &data, &rows, &each, &mut fits, stopping);
    let ways: Vec<Path<'_>> = wanted
        .iter()
        .flat_map(|&way| (1..=path.len()).map(move |steps| (way, steps)))
        .map(|(way, steps)| Path {
            penalties: &way.penalties[..steps],
            ..way
        })
        .collect();
    let roughly = Stopping {
        on_the_way: ROUGH.max(stopping.tolerance),
        ..stopping
    };
    let found = (fits.as_mut_slice(), &mut weights);
    make_again(&form, &data, &rows, &ways, found, roughly);
    let fitted: Vec<FittedProbe> = fits
        .iter()
        .zip(side_by_side(&each))
        .map(|(fit, columns)| {
            let converged = fit.certificate.relative_gap() <= probe.tolerance();
            let status = status_from(fit.separable, converged, &scale);
            folded(fit, &scale, &weights, columns, dim.1, status)
        })
        .collect();
    Ok(fitted
        .chunks(path.len())
        .map(|along| {
            let mut given: Vec<(usize, &FittedProbe)> =
                falling.iter().copied().zip(along).collect();
            given.sort_by_key(|(place, _)| *place);
            given.into_iter().map(|(_, fit)| fit.clone()).collect()
        })
        .collect())
}

/// A fit as weights on the activations as they came: its columns of `weights`,
/// `columns`, with the scaling folded in.
fn folded(
    fit: &Fit,
    scale: &Standardizer,
    weights: &Panel,
    columns: Range<usize>,
    dims: usize,
    status: Status,
) -> FittedProbe {
    let mut full = Array2::zeros((dims, columns.len()));
    let mut intercept = Array1::from_vec(fit.intercept.clone());
    for (dim, mean, inverse, row) in scale.fold(&weights.data, weights.cols) {
        for (class, w) in row[columns.clone()].iter().enumerate() {
            full[[dim, class]] = w * inverse;
            intercept[class] -= w * inverse * mean;
        }
    }
    FittedProbe {
        weights: full,
        intercept,
        certificate: fit.certificate,
        iterations: fit.all_iterations(),
        status,
    }
}
