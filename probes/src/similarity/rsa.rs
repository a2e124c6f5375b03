//! Correlations of two RDMs, of the sample and of its resamples.

use std::ops::Range;

use rayon::prelude::*;

use super::pair_sums::{Fill, pair_sums};
use super::ranks::{CLASSES, classes, doubled_ranks};
use super::rdm::Rdm;
use super::triangle::Triangle;
use super::weights::{Resamples, Weights};

/// A variance below this share of the largest square is rounding.
const ROUNDING: f64 = 1e-20;

/// Mean and variance of an RDM's distances over the pairs of each resample.
#[derive(Debug)]
pub(super) struct Moments {
    /// Taken off every distance, to lose no digits.
    shift: f64,
    mean: Vec<f64>,
    /// NaN where the distances do not vary.
    variance: Vec<f64>,
}

impl Moments {
    pub(super) fn of(entries: &Triangle<f64>, weights: &Weights) -> Self {
        let values = entries.values();
        let shift = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let fill = |i: usize, columns: Range<usize>, out: &mut [f64]| {
            for (out, value) in out.iter_mut().zip(entries.part(i, columns)) {
                *out = value - shift;
            }
        };
        let mean = mean_of_pairs(&fill, weights);
        let square = products_of_pairs((entries, shift), (entries, shift), weights);
        let largest = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let variance = square.iter().zip(&mean).map(|(square, mean)| {
            let variance = square - mean * mean;
            if variance > ROUNDING * largest * largest {
                variance
            } else {
                f64::NAN
            }
        });
        Self {
            shift,
            variance: variance.collect(),
            mean,
        }
    }
}

/// Pearson's correlation in each resample; NaN where it is undefined.
pub(super) fn pearsons(
    (a, of_a): (&Triangle<f64>, &Moments),
    (b, of_b): (&Triangle<f64>, &Moments),
    weights: &Weights,
) -> Vec<f64> {
    let products = products_of_pairs((a, of_a.shift), (b, of_b.shift), weights);
    products
        .iter()
        .enumerate()
        .map(|(r, product)| {
            let covariance = product - of_a.mean[r] * of_b.mean[r];
            let r = covariance / (of_a.variance[r] * of_b.variance[r]).sqrt();
            r.clamp(-1.0, 1.0)
        })
        .collect()
}

/// Pearson's correlation of two RDMs' distances.
pub(super) fn pearson(a: &Triangle<f64>, b: &Triangle<f64>) -> Option<f64> {
    let once = Resamples::draw(a.n(), 0, layerprobe_streams::StreamKey::from_seed(0));
    let weights = once.sample();
    let (of_a, of_b) = (Moments::of(a, weights), Moments::of(b, weights));
    let found = pearsons((a, &of_a), (b, &of_b), weights);
    found.first().copied().filter(|r| r.is_finite())
}

/// The mean over pairs of distinct stimuli in each resample.
fn mean_of_pairs(fill: Fill<'_>, weights: &Weights) -> Vec<f64> {
    let (ones, squares) = (weights.power_sums(1), weights.power_sums(2));
    let pairs = ones.iter().zip(&squares).map(|(one, two)| one * one - two);
    let sums = pair_sums(fill, weights);
    sums.iter().zip(pairs).map(|(sum, n)| sum / n).collect()
}

fn products_of_pairs(
    (a, shift_a): (&Triangle<f64>, f64),
    (b, shift_b): (&Triangle<f64>, f64),
    weights: &Weights,
) -> Vec<f64> {
    let fill = |i: usize, columns: Range<usize>, out: &mut [f64]| {
        let pairs = a.part(i, columns.clone()).iter().zip(b.part(i, columns));
        for (out, (a, b)) in out.iter_mut().zip(pairs) {
            *out = (a - shift_a) * (b - shift_b);
        }
    };
    mean_of_pairs(&fill, weights)
}

/// An RDM's ranks, and their scores in each resample.
#[derive(Debug)]
pub(super) struct Ranked {
    doubled: Vec<u32>,
    classes: Triangle<u16>,
    /// For each resample, each class's mid-rank less the mean rank.
    scores: Vec<f64>,
    /// Sum of squared scores over pairs.
    squares: Vec<f64>,
}

impl Ranked {
    pub(super) fn of(rdm: &Rdm, weights: &Weights) -> Self {
        let doubled = doubled_ranks(rdm.distances());
        let classes = Triangle::new(rdm.stimuli(), classes(&doubled));
        let (scores, squares): (Vec<Vec<f64>>, Vec<f64>) = (0..weights.count)
            .into_par_iter()
            .map(|r| scores(&classes, &weights.column(r)))
            .unzip();
        Self {
            doubled,
            classes,
            scores: scores.concat(),
            squares,
        }
    }
}

/// Mid-ranks of the classes among the weighted pairs, and their sum of squares.
///
/// Resampling changes ranks. Ranking all pairs anew in each resample would mean
/// a random walk through memory; neighboring ranks are taken together in
/// [`CLASSES`] classes instead, which moves a rank correlation by about 1e-5.
fn scores(classes: &Triangle<u16>, weights: &[f64]) -> (Vec<f64>, f64) {
    let mut sizes = [0.0; CLASSES];
    for (i, &weight) in weights.iter().enumerate() {
        if weight > 0.0 {
            for (&class, other) in classes.row(i).iter().zip(&weights[i + 1..]) {
                sizes[usize::from(class) % CLASSES] += weight * other;
            }
        }
    }
    let half = sizes.iter().sum::<f64>() / 2.0;
    let (mut before, mut squares) = (0.0, 0.0);
    let scores = sizes.iter().map(|size| {
        let score = before + size / 2.0 - half;
        before += size;
        squares += size * score * score;
        score
    });
    (scores.collect(), squares)
}

/// Spearman's correlation in each resample; NaN where it is undefined.
pub(super) fn spearmans(a: &Ranked, b: &Ranked, weights: &Weights) -> Vec<f64> {
    let same = a.classes == b.classes;
    (0..weights.count)
        .into_par_iter()
        .map(|r| {
            let squares = (a.squares[r] * b.squares[r]).sqrt();
            if squares <= 0.0 {
                return f64::NAN;
            }
            if same {
                return 1.0;
            }
            let range = r * CLASSES..(r + 1) * CLASSES;
            let tables = (&a.scores[range.clone()], &b.scores[range]);
            let sum = sum_of_products(tables, (&a.classes, &b.classes), &weights.column(r));
            (sum / squares).clamp(-1.0, 1.0)
        })
        .collect()
}

fn sum_of_products(
    (table_a, table_b): (&[f64], &[f64]),
    (a, b): (&Triangle<u16>, &Triangle<u16>),
    weights: &[f64],
) -> f64 {
    // arrays of a known length need no check of each place
    let (Some(table_a), Some(table_b)) = (
        table_a.first_chunk::<CLASSES>(),
        table_b.first_chunk::<CLASSES>(),
    ) else {
        return f64::NAN;
    };
    let mut total = 0.0;
    for (i, &weight) in weights.iter().enumerate() {
        if weight > 0.0 {
            let classes = a.row(i).iter().zip(b.row(i));
            let terms = classes.zip(&weights[i + 1..]).map(|((&a, &b), other)| {
                table_a[usize::from(a) % CLASSES] * table_b[usize::from(b) % CLASSES] * other
            });
            total += weight * terms.sum::<f64>();
        }
    }
    total
}

/// Spearman's correlation of the sample itself, with every rank exact.
pub(super) fn spearman(a: &Ranked, b: &Ranked) -> Option<f64> {
    correlation_of_ranks(&a.doubled, &b.doubled)
}

/// Pearson's correlation of doubled ranks, summed in whole numbers.
pub(super) fn correlation_of_ranks(a: &[u32], b: &[u32]) -> Option<f64> {
    let middle = a.len() as i64 + 1;
    let sum = |x: &[u32], y: &[u32]| -> f64 {
        let terms = x
            .par_iter()
            .zip(y)
            .map(|(&x, &y)| i128::from(i64::from(x) - middle) * i128::from(i64::from(y) - middle));
        terms.sum::<i128>() as f64
    };
    let squares = (sum(a, a) * sum(b, b)).sqrt();
    (squares > 0.0).then(|| sum(a, b) / squares)
}
