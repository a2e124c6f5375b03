//! What views are made of.

use layerprobe_linalg::{Eigen, MatRef, principal_eigen, self_product};
use layerprobe_streams::StreamKey;
use rayon::prelude::*;

use crate::ProbeError;
use crate::source::Source;
use crate::standardize::{Standardized, Standardizer};

/// Share of the first component's variance below which others are rounding.
const ROUNDING: f64 = 1e-7;

/// The mean of each of `channels` channels, for all `rows` rows; summed in the
/// order of the dimensions, wherever a block ends.
pub(super) fn channel_means(source: Source<'_>, rows: usize, channels: usize) -> Vec<f64> {
    let positions = (source.dims() / channels.max(1)).max(1);
    let mut means = vec![0f64; rows * channels];
    for piece in source.pieces() {
        let dims = piece.dims();
        means
            .par_chunks_mut(channels.max(1))
            .enumerate()
            .for_each(|(row, sums)| {
                let mut rest = piece.row(row);
                let first = dims.start / positions;
                let mut left = (first + 1) * positions - dims.start;
                for sum in &mut sums[first..] {
                    let (now, later) = rest.split_at(left.min(rest.len()));
                    for &x in now {
                        *sum += f64::from(x);
                    }
                    (rest, left) = (later, positions);
                }
            });
    }
    means.iter_mut().for_each(|mean| *mean /= positions as f64);
    means
}

/// Loadings of the first `count` principal components of the rows `train`,
/// varying dimensions x components, and how many there are.
pub(super) fn components(
    data: &Standardized<'_>,
    train: &[usize],
    count: usize,
) -> Result<(Vec<f64>, usize), ProbeError> {
    let (n, width) = (train.len(), data.scale.width());
    let over_rows = width > n;
    let size = width.min(n);
    let matrix = match over_rows {
        true => data.gram::<f32>(train),
        false => self_product(MatRef::row_major(&data.dense(train), n, width).t()),
    };
    let Eigen { values, vectors } =
        principal_eigen(&matrix, size, count).map_err(|source| ProbeError::Factorization {
            layer: data.layer.to_owned(),
            source,
        })?;
    let floor = ROUNDING * values.first().copied().unwrap_or(0.0);
    let kept = values.iter().take_while(|&&value| value > floor).count();
    let mut leading = vec![0.0; size * kept];
    for (out, row) in leading
        .chunks_exact_mut(kept.max(1))
        .zip(vectors.chunks_exact(values.len().max(1)))
    {
        for ((out, x), value) in out.iter_mut().zip(row).zip(&values) {
            *out = if over_rows { x / value.sqrt() } else { *x };
        }
    }
    let mut loadings = match over_rows {
        true => data.back_project(train, &leading, kept),
        false => leading,
    };
    for component in 0..kept {
        let own = loadings.iter().skip(component).step_by(kept);
        let largest = own.fold(0f64, |top, &x| if x.abs() > top.abs() { x } else { top });
        if largest < 0.0 {
            let own = loadings.iter_mut().skip(component).step_by(kept);
            own.for_each(|x| *x = -*x);
        }
    }
    Ok((loadings, kept))
}

/// Gaussian numbers of variance 1 / count, varying dimensions x count.
pub(super) fn random(scale: &Standardizer, count: usize, key: StreamKey) -> Vec<f64> {
    let deviation = 1.0 / (count.max(1) as f64).sqrt();
    let mut weights = vec![0.0; scale.width() * count];
    weights
        .par_chunks_mut(count.max(1))
        .zip(scale.dims())
        .for_each(|(row, &dim)| {
            let mut stream = key.at(dim as u64);
            row.iter_mut()
                .for_each(|x| *x = deviation * stream.normal());
        });
    weights
}
