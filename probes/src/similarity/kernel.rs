use std::ops::Range;

use super::inner_products::InnerProducts;
use super::pair_sums::{power_sums, products};
use super::triangle::{Triangle, rows_mut};
use super::weights::Weights;

/// A trace below this share of the squared lengths is rounding.
const ROUNDING: f64 = 1e-13;

/// The linear kernel `X X^T`, centered over stimuli.
#[derive(Debug)]
pub(super) struct Kernel {
    diagonal: Vec<f64>,
    above: Triangle<f64>,
}

/// The Hilbert-Schmidt independence criterion of two kernels in each resample,
/// by two estimators.
pub(super) struct Hsic {
    /// Gretton et al. 2005, with each stimulus's product with itself.
    pub(super) biased: Vec<f64>,
    /// Song et al. 2012: means over distinct stimuli only.
    pub(super) unbiased: Vec<f64>,
}

/// What a kernel brings into every HSIC.
#[derive(Debug)]
pub(super) struct KernelSums {
    /// Of each stimulus over the others, weighted: stimuli x resamples.
    rows: Vec<f64>,
    /// Of all pairs of distinct stimuli.
    pairs: Vec<f64>,
    /// Of the diagonal.
    diagonal: Vec<f64>,
}

impl Kernel {
    /// Centers the inner products; `None` if all stimuli are the same.
    pub(super) fn of(products: InnerProducts) -> Option<Self> {
        let InnerProducts {
            mut diagonal,
            mut above,
            ..
        } = products;
        let n = diagonal.len();
        let squares: f64 = diagonal.iter().sum();
        let mut means = diagonal.clone();
        for (i, row) in rows_mut(n, &mut above).into_iter().enumerate() {
            for (j, value) in (i + 1..).zip(row) {
                means[i] += *value;
                means[j] += *value;
            }
        }
        for mean in &mut means {
            *mean /= n as f64;
        }
        let all = means.iter().sum::<f64>() / n as f64;
        for (entry, mean) in diagonal.iter_mut().zip(&means) {
            *entry += all - 2.0 * mean;
        }
        for (i, row) in rows_mut(n, &mut above).into_iter().enumerate() {
            for (j, entry) in (i + 1..).zip(row) {
                *entry += all - means[i] - means[j];
            }
        }
        (diagonal.iter().sum::<f64>() > ROUNDING * squares).then(|| Self {
            diagonal,
            above: Triangle::new(n, above),
        })
    }

    pub(super) fn sums(&self, weights: &Weights) -> KernelSums {
        let rows = products(&self.above, weights);
        let mut pairs = vec![0.0; weights.count];
        let mut diagonal = vec![0.0; weights.count];
        for (i, entry) in self.diagonal.iter().enumerate() {
            let sums = &rows[i * weights.count..(i + 1) * weights.count];
            for (r, &w) in weights.row(i).iter().enumerate() {
                pairs[r] += w * sums[r];
                diagonal[r] += w * entry;
            }
        }
        KernelSums {
            rows,
            pairs,
            diagonal,
        }
    }
}

/// Both estimators of HSIC in each resample.
///
/// With every weight 1 they are the published ones. In a resample, means run
/// over distinct stimuli with the product of their weights; products of a
/// stimulus with itself, which the biased estimator has, count once a copy.
pub(super) fn hsic(
    (k, of_k): (&Kernel, &KernelSums),
    (l, of_l): (&Kernel, &KernelSums),
    weights: &Weights,
) -> Hsic {
    let fill = |i: usize, columns: Range<usize>, out: &mut [f64]| {
        let k = k.above.part(i, columns.clone());
        for (out, (k, l)) in out.iter_mut().zip(k.iter().zip(l.above.part(i, columns))) {
            *out = k * l;
        }
    };
    let sums = power_sums(&fill, weights);
    let rows = RowSums::of((k, of_k), (l, of_l), weights);
    let [p1, p2, p3, p4] = [1, 2, 3, 4].map(|power| weights.power_sums(power));
    let (mut biased, mut unbiased) = (Vec::new(), Vec::new());
    for r in 0..weights.count {
        let (p1, p2, p3, p4) = (p1[r], p2[r], p3[r], p4[r]);
        let (k_pairs, l_pairs) = (of_k.pairs[r], of_l.pairs[r]);

        let ordered = p1 * p1 - p2 + p1;
        let mean_k = (k_pairs + of_k.diagonal[r]) / ordered;
        let mean_l = (l_pairs + of_l.diagonal[r]) / ordered;
        let together = (sums.once[r] + rows.diagonal[r]) / ordered;
        biased.push(together + mean_k * mean_l - 2.0 * rows.means[r] / p1);

        // sums over distinct stimuli: all, less those in which two are the same
        let triples = rows.once[r] - sums.mixed[r];
        let squared_triples = rows.twice[r] - sums.twice[r];
        let quadruples = k_pairs * l_pairs - 4.0 * squared_triples - 2.0 * sums.twice[r];
        let n2 = p1 * p1 - p2;
        let n3 = p1.powi(3) - 3.0 * p1 * p2 + 2.0 * p3;
        let n4 = p1.powi(4) - 6.0 * p1 * p1 * p2 + 8.0 * p1 * p3 + 3.0 * p2 * p2 - 6.0 * p4;
        unbiased.push(sums.once[r] / n2 + quadruples / n4 - 2.0 * triples / n3);
    }
    Hsic { biased, unbiased }
}

/// Sums over stimuli of what both kernels have in a stimulus's row.
struct RowSums {
    /// Of `w_i (Kw)_i (Lw)_i`.
    once: Vec<f64>,
    /// Of `w_i^2 (Kw)_i (Lw)_i`.
    twice: Vec<f64>,
    /// Of `w_i` times the two row means, the diagonal included once.
    means: Vec<f64>,
    /// Of `w_i K_ii L_ii`.
    diagonal: Vec<f64>,
}

impl RowSums {
    fn of(
        (k, of_k): (&Kernel, &KernelSums),
        (l, of_l): (&Kernel, &KernelSums),
        weights: &Weights,
    ) -> Self {
        let count = weights.count;
        let stimuli = weights.power_sums(1);
        let zeros = || vec![0.0; count];
        let mut sums = Self {
            once: zeros(),
            twice: zeros(),
            means: zeros(),
            diagonal: zeros(),
        };
        for i in 0..weights.stimuli {
            let of_row = i * count..(i + 1) * count;
            let (k_row, l_row) = (&of_k.rows[of_row.clone()], &of_l.rows[of_row]);
            let (k_own, l_own) = (k.diagonal[i], l.diagonal[i]);
            for (r, &w) in weights.row(i).iter().enumerate() {
                let product = w * k_row[r] * l_row[r];
                sums.once[r] += product;
                sums.twice[r] += w * product;
                let others = stimuli[r] - w + 1.0;
                let means = (k_row[r] + k_own) / others * ((l_row[r] + l_own) / others);
                sums.means[r] += w * means;
                sums.diagonal[r] += w * k_own * l_own;
            }
        }
        sums
    }
}
