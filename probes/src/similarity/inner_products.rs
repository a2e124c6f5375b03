use layerprobe_linalg::GramAccumulator;
use ndarray::{ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::{MIN_STIMULI, SimilarityError};

/// Columns converted to f64 at a time: 20 MB at 10,000 stimuli.
const PANEL: usize = 256;

/// Rank tables count twice the pairs in 32 bits.
const MAX_STIMULI: usize = 60_000;

/// A row's variance below this share of its mean square is rounding of f32.
const CONSTANT: f64 = 1e-12;

/// The inner products of all pairs of stimuli, `X X^T`, in f64.
#[derive(Debug)]
pub(super) struct InnerProducts {
    /// Squared lengths.
    pub(super) diagonal: Vec<f64>,
    /// Products of stimulus i with each later one, row by row.
    pub(super) above: Vec<f64>,
    /// Each stimulus's mean over dimensions.
    pub(super) means: Vec<f64>,
    /// Each stimulus's sum of squared deviations from its mean.
    pub(super) deviations: Vec<f64>,
    /// Number of dimensions.
    pub(super) dims: usize,
}

impl InnerProducts {
    /// # Errors
    /// If there are too few stimuli or too many, no dimensions, or a number
    /// that is not finite.
    pub(super) fn of(
        name: &str,
        activations: ArrayView2<'_, f32>,
    ) -> Result<Self, SimilarityError> {
        let (n, dims) = activations.dim();
        let name = || name.to_owned();
        if dims == 0 {
            return Err(SimilarityError::NoDimensions { name: name() });
        }
        if n < MIN_STIMULI {
            return Err(SimilarityError::TooFew {
                name: name(),
                found: n,
                needed: MIN_STIMULI,
                what: "a comparison",
            });
        }
        if n > MAX_STIMULI {
            return Err(SimilarityError::TooMany {
                name: name(),
                found: n,
                most: MAX_STIMULI,
            });
        }
        let bad = activations.indexed_iter().find(|(_, x)| !x.is_finite());
        if let Some(((row, dim), &value)) = bad {
            return Err(SimilarityError::NotFinite {
                name: name(),
                row,
                dim,
                value,
            });
        }
        let moments: Vec<(f64, f64)> = (0..n)
            .into_par_iter()
            .map(|i| moments(activations.index_axis(Axis(0), i)))
            .collect();
        let mut gram = GramAccumulator::new(n);
        let mut panel = Vec::new();
        for start in (0..dims).step_by(PANEL) {
            let width = PANEL.min(dims - start);
            panel.resize(n * width, 0.0);
            let columns = activations.slice(s![.., start..start + width]);
            panel
                .par_chunks_exact_mut(width)
                .enumerate()
                .for_each(|(i, out)| {
                    for (out, &x) in out.iter_mut().zip(columns.index_axis(Axis(0), i)) {
                        *out = f64::from(x);
                    }
                });
            gram.add(&panel, width);
        }
        let (diagonal, above) = gram.finish_above();
        let (means, deviations) = moments.into_iter().unzip();
        Ok(Self {
            diagonal,
            above,
            means,
            deviations,
            dims,
        })
    }

    pub(super) fn n(&self) -> usize {
        self.diagonal.len()
    }

    /// The first stimulus whose activations are all the same up to rounding.
    pub(super) fn constant_stimulus(&self) -> Option<usize> {
        let squares = self.deviations.iter().zip(&self.diagonal);
        squares
            .map(|(deviation, square)| *deviation <= CONSTANT * square)
            .position(|constant| constant)
    }
}

/// A stimulus's mean over dimensions and its sum of squared deviations from it.
fn moments(row: ArrayView1<'_, f32>) -> (f64, f64) {
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / row.len() as f64;
    let square = |&x: &f32| (f64::from(x) - mean).powi(2);
    (mean, row.iter().map(square).sum())
}

/// The stimuli (rows) whose activations are all the same up to rounding, as where
/// every unit of a layer is off: their correlation with others is undefined.
///
/// ```
/// use layerprobe_probes::similarity::silent_stimuli;
/// use ndarray::array;
///
/// let activations = array![[0.0f32, 0.5], [0.0, 0.0], [2.0, 2.0]];
/// assert_eq!(silent_stimuli(activations.view()), [1, 2]);
/// ```
pub fn silent_stimuli(activations: ArrayView2<'_, f32>) -> Vec<usize> {
    let is_silent = |i: &usize| {
        let row = activations.index_axis(Axis(0), *i);
        let square: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum();
        moments(row).1 <= CONSTANT * square
    };
    let rows = 0..activations.nrows();
    rows.into_par_iter().filter(is_silent).collect()
}
