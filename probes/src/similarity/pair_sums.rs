//! Sums over pairs of stimuli under many weightings at once, as matrix
//! products: with a weight a stimulus and resample, the sum of `w_i w_j M_ij`
//! over pairs is `w^T M w / 2`, and all resamples share one pass over `M`.

use std::ops::Range;

use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use rayon::prelude::*;

use super::triangle::Triangle;
use super::weights::Weights;

/// Rows multiplied at a time.
const BLOCK: usize = 128;

/// Writes entries `(i, j)`, `j` in the columns given, of a symmetric matrix.
pub(super) type Fill<'a> = &'a (dyn Fn(usize, Range<usize>, &mut [f64]) + Sync);

/// Adds what a row of a product gives to sums.
type Add<'a> = &'a (dyn Fn(usize, &[f64], &mut [f64]) + Sync);

/// For each resample the sum of `w_i w_j M_ij` over ordered pairs `i != j`.
pub(super) fn pair_sums(fill: Fill<'_>, weights: &Weights) -> Vec<f64> {
    let count = weights.count;
    let columns = (&weights.values[..], count);
    sums_of_blocks(weights.stimuli, fill, columns, count, &|i, row, sums| {
        for ((sum, weight), y) in sums.iter_mut().zip(weights.row(i)).zip(row) {
            *sum += 2.0 * weight * y;
        }
    })
}

/// For each resample three sums over ordered pairs `i != j`.
pub(super) struct PowerSums {
    /// Of `w_i w_j M_ij`.
    pub(super) once: Vec<f64>,
    /// Of `w_i w_j^2 M_ij`.
    pub(super) mixed: Vec<f64>,
    /// Of `w_i^2 w_j^2 M_ij`.
    pub(super) twice: Vec<f64>,
}

/// [`pair_sums`] with the powers of weights that sums over distinct stimuli need.
pub(super) fn power_sums(fill: Fill<'_>, weights: &Weights) -> PowerSums {
    let count = weights.count;
    let mut columns = Vec::with_capacity(2 * weights.values.len());
    for stimulus in 0..weights.stimuli {
        let row = weights.row(stimulus);
        columns.extend_from_slice(row);
        columns.extend(row.iter().map(|w| w * w));
    }
    let columns = (&columns[..], 2 * count);
    let add = |i: usize, row: &[f64], sums: &mut [f64]| {
        let (y, z) = row.split_at(count);
        for (r, &w) in weights.row(i).iter().enumerate() {
            sums[r] += 2.0 * w * y[r];
            sums[count + r] += w * z[r] + w * w * y[r];
            sums[2 * count + r] += 2.0 * w * w * z[r];
        }
    };
    let mut once = sums_of_blocks(weights.stimuli, fill, columns, 3 * count, &add);
    let twice = once.split_off(2 * count);
    let mixed = once.split_off(count);
    PowerSums { once, mixed, twice }
}

/// Multiplies the part of a matrix above its diagonal with columns and sums
/// what `add` makes of each row of the product; blocks are summed in order.
fn sums_of_blocks(
    n: usize,
    fill: Fill<'_>,
    (columns, width): (&[f64], usize),
    length: usize,
    add: Add<'_>,
) -> Vec<f64> {
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    let of_blocks: Vec<Vec<f64>> = starts
        .into_par_iter()
        .map(|first| {
            let rows = BLOCK.min(n - first);
            let across = n - first - 1;
            let mut above = vec![0.0; rows * across];
            for (k, i) in (first..first + rows).enumerate() {
                fill(i, i + 1..n, &mut above[k * across + k..(k + 1) * across]);
            }
            let mut product = vec![0.0; rows * width];
            matmul(
                MatMut::row_major(&mut product, rows, width),
                0.0,
                MatRef::row_major(&above, rows, across),
                MatRef::row_major(&columns[(first + 1) * width..], across, width),
                1.0,
                Threads::One,
            );
            let mut sums = vec![0.0; length];
            for k in 0..rows {
                add(first + k, &product[k * width..(k + 1) * width], &mut sums);
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; length];
    for sums in of_blocks {
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += sum;
        }
    }
    total
}

/// The product of the whole symmetric matrix with the weights: stimuli x
/// resamples, row-major.
pub(super) fn products(matrix: &Triangle<f64>, weights: &Weights) -> Vec<f64> {
    let (n, count) = (matrix.n(), weights.count);
    let mut out = vec![0.0; n * count];
    if count == 0 {
        return out;
    }
    out.par_chunks_mut(BLOCK * count)
        .enumerate()
        .for_each(|(block, out)| {
            let first = block * BLOCK;
            let rows = BLOCK.min(n - first);
            let across = n - first;
            // rows of the block from its own first column on
            let mut right = vec![0.0; rows * across];
            for k in 0..rows {
                let row = matrix.row(first + k);
                right[k * across + k + 1..(k + 1) * across].copy_from_slice(row);
                for (below, &value) in (k + 1..rows).zip(row) {
                    right[below * across + k] = value;
                }
            }
            // columns before it, transposed: pieces of earlier rows
            let mut left = Vec::with_capacity(first * rows);
            for j in 0..first {
                left.extend_from_slice(matrix.part(j, first..first + rows));
            }
            matmul(
                MatMut::row_major(out, rows, count),
                0.0,
                MatRef::row_major(&right, rows, across),
                MatRef::row_major(&weights.values[first * count..], across, count),
                1.0,
                Threads::One,
            );
            matmul(
                MatMut::row_major(out, rows, count),
                1.0,
                MatRef::row_major(&left, first, rows).t(),
                MatRef::row_major(&weights.values, first, count),
                1.0,
                Threads::One,
            );
        });
    out
}

#[cfg(test)]
mod tests {
    use super::super::Resamples;
    use super::*;
    use layerprobe_streams::StreamKey;

    #[test]
    fn sums_and_products_are_those_of_loops() {
        let n = 2 * BLOCK + 17;
        let entry = |i: usize, j: usize| ((i.min(j) * 31 + i.max(j) * 17) % 23) as f64 - 9.0;
        let values = (0..n).flat_map(|i| (i + 1..n).map(move |j| entry(i, j)));
        let matrix = Triangle::new(n, values.collect());
        let resamples = Resamples::draw(n, 3, StreamKey::from_seed(4));
        let weights = resamples.weights();
        let fill = |i: usize, columns: Range<usize>, out: &mut [f64]| {
            out.copy_from_slice(matrix.part(i, columns));
        };
        let (once, powers) = (pair_sums(&fill, weights), power_sums(&fill, weights));
        let product = products(&matrix, weights);
        for r in 0..3 {
            let w = weights.column(r);
            let mut sums = [0.0; 3];
            for i in 0..n {
                let mut row = 0.0;
                for j in (0..n).filter(|&j| j != i) {
                    let m = entry(i, j);
                    row += m * w[j];
                    sums[0] += w[i] * w[j] * m;
                    sums[1] += w[i] * w[j] * w[j] * m;
                    sums[2] += w[i] * w[i] * w[j] * w[j] * m;
                }
                assert_eq!(product[i * 3 + r], row, "whole numbers are exact");
            }
            let found = [powers.once[r], powers.mixed[r], powers.twice[r]];
            assert_eq!((found, once[r]), (sums, sums[0]));
        }
    }
}
