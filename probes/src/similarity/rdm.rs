use ndarray::ArrayView2;
use rayon::prelude::*;

use super::inner_products::InnerProducts;
use super::triangle::{Triangle, rows_mut};
use super::{SimilarityError, ranks, rsa};

/// Distances `1 - r` and squares of Euclidean ones below this share of the
/// squared lengths that cancel in them are rounding.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// How far apart two stimuli are in a representation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Distance {
    /// `1 - r`, `r` Pearson's correlation of the two activation vectors over
    /// dimensions.
    #[default]
    Correlation,
    /// The length of the difference of the two vectors.
    Euclidean,
}

/// A representational dissimilarity matrix: the distance of each pair of
/// stimuli in one representation.
///
/// The two ways in which two hidden units can solve XOR (Hermann & Lampinen
/// 2020) show that alike behavior does not make alike representations: AND and
/// OR on the one hand, the two "exclusive" units on the other.
///
/// ```
/// use layerprobe_probes::similarity::{Distance, Rdm};
/// use ndarray::array;
///
/// // stimuli 00, 01, 10, 11
/// let and_or = array![[0.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 1.0]];
/// let exclusive = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]];
/// let and_or = Rdm::new("and, or", and_or.view(), Distance::Euclidean)?;
/// let exclusive = Rdm::new("exclusive", exclusive.view(), Distance::Euclidean)?;
/// assert_eq!(and_or.distances(), [1.0, 1.0, 2f64.sqrt(), 0.0, 1.0, 1.0]);
/// assert_eq!(exclusive.distances(), [1.0, 1.0, 0.0, 2f64.sqrt(), 1.0, 1.0]);
/// assert!((and_or.pearson(&exclusive)? + 0.795).abs() < 0.001);
/// # Ok::<(), layerprobe_probes::similarity::SimilarityError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rdm {
    name: String,
    pub(super) entries: Triangle<f64>,
}

impl Rdm {
    /// The distances of all pairs of rows. `name` appears in errors.
    ///
    /// Computed from inner products in f64; distances below their rounding (1e-7
    /// of the vectors' lengths; 1e-14 for `1 - r`, times the mean square over the
    /// variance) are 0, so that equal stimuli are tied.
    ///
    /// # Errors
    /// With fewer than [`MIN_STIMULI`](super::MIN_STIMULI) rows, a number that
    /// is not finite or, for [`Distance::Correlation`], a stimulus whose
    /// activations are all the same.
    pub fn new(
        name: &str,
        activations: ArrayView2<'_, f32>,
        distance: Distance,
    ) -> Result<Self, SimilarityError> {
        Self::of_products(name, &InnerProducts::of(name, activations)?, distance)
    }

    pub(super) fn of_products(
        name: &str,
        products: &InnerProducts,
        distance: Distance,
    ) -> Result<Self, SimilarityError> {
        if distance == Distance::Correlation
            && let Some(row) = products.constant_stimulus()
        {
            return Err(SimilarityError::ConstantStimulus {
                name: name.to_owned(),
                row,
                dims: products.dims,
                value: products.means[row],
            });
        }
        let n = products.n();
        let mut values = products.above.clone();
        rows_mut(n, &mut values)
            .into_par_iter()
            .enumerate()
            .for_each(|(i, row)| match distance {
                Distance::Correlation => correlation_distances(products, i, row),
                Distance::Euclidean => euclidean_distances(products, i, row),
            });
        Ok(Self {
            name: name.to_owned(),
            entries: Triangle::new(n, values),
        })
    }

    /// The representation's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of stimuli.
    pub fn stimuli(&self) -> usize {
        self.entries.n()
    }

    /// The distances above the diagonal, row by row: (0, 1), (0, 2), ...
    pub fn distances(&self) -> &[f64] {
        self.entries.values()
    }

    /// Pearson's correlation of the distances above the diagonals.
    ///
    /// # Errors
    /// If the numbers of stimuli differ or one matrix is constant.
    pub fn pearson(&self, other: &Self) -> Result<f64, SimilarityError> {
        self.check_against(other)?;
        let values = rsa::pearson(&self.entries, &other.entries);
        values.ok_or_else(|| self.constant_of(other, "rsa_pearson"))
    }

    /// Spearman's: Pearson's of the ranks, equal distances sharing their mean
    /// rank.
    ///
    /// # Errors
    /// As [`Rdm::pearson`].
    pub fn spearman(&self, other: &Self) -> Result<f64, SimilarityError> {
        self.check_against(other)?;
        let ranks = |rdm: &Self| ranks::doubled_ranks(rdm.distances());
        let value = rsa::correlation_of_ranks(&ranks(self), &ranks(other));
        value.ok_or_else(|| self.constant_of(other, "rsa_spearman"))
    }

    fn check_against(&self, other: &Self) -> Result<(), SimilarityError> {
        if self.stimuli() == other.stimuli() {
            return Ok(());
        }
        Err(SimilarityError::Counts {
            a: self.name.clone(),
            n_a: self.stimuli(),
            b: other.name.clone(),
            n_b: other.stimuli(),
        })
    }

    fn constant_of(&self, other: &Self, metric: &'static str) -> SimilarityError {
        let name = if self.is_constant() { self } else { other }.name.clone();
        SimilarityError::NothingVaries { name, metric }
    }

    pub(super) fn is_constant(&self) -> bool {
        let values = self.distances();
        values.windows(2).all(|pair| pair[0] == pair[1])
    }
}

fn correlation_distances(products: &InnerProducts, i: usize, row: &mut [f64]) {
    let InnerProducts {
        means,
        deviations,
        diagonal,
        ..
    } = products;
    let dims = products.dims as f64;
    for (j, entry) in (i + 1..).zip(row) {
        let covariance = *entry - dims * means[i] * means[j];
        // one root for each: their product could overflow
        let scale = deviations[i].sqrt() * deviations[j].sqrt();
        let distance = 1.0 - (covariance / scale).clamp(-1.0, 1.0);
        // where means outweigh deviations, more digits cancel
        let rounding = ROUNDING * (diagonal[i].sqrt() * diagonal[j].sqrt() / scale);
        *entry = if distance < rounding { 0.0 } else { distance };
    }
}

fn euclidean_distances(products: &InnerProducts, i: usize, row: &mut [f64]) {
    let squares = &products.diagonal;
    for (j, entry) in (i + 1..).zip(row) {
        let both = squares[i] + squares[j];
        let square = both - 2.0 * *entry;
        *entry = if square < ROUNDING * both {
            0.0
        } else {
            square.sqrt()
        };
    }
}
