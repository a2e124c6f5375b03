//! Standardization on the fly: the scaled matrix is never stored whole.

use std::ops::Range;

use layerprobe_linalg::{Element, GramAccumulator, MatMut, MatRef, Threads, apart, matmul};
use rayon::prelude::*;

use crate::checks::all_finite;
use crate::source::{Piece, Source};
use crate::{ProbeError, Scaling};

/// A deviation below this share of the mean is the rounding of f32, not
/// variation.
const CONSTANT: f64 = 1e-7;
/// Least scale of a dimension of a vector, as a share of the layer's: so no
/// stimulus, however unlike the training set, is more than a hundred times as
/// far out as its activation is in units of the layer's deviation.
const FLOOR: f64 = 0.01;
/// Columns of one panel of the Gram matrix.
pub(crate) const PANEL: usize = 2048;
/// Columns that one thread reads when rows are summed up.
pub(crate) const BACK: usize = 1024;
/// Columns whose moments are taken together.
const COLUMNS: usize = 256;

/// Mean and scale of each dimension over the training rows, and which
/// dimensions vary at all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standardizer {
    dims: Vec<usize>,
    mean: Vec<f32>,
    inverse: Vec<f32>,
}

/// A matrix of activations with a standardizer: the data every fit and
/// every certificate is about, `((x - mean) * inverse)` rounded to f32.
#[derive(Clone, Copy)]
pub(crate) struct Standardized<'a> {
    pub layer: &'a str,
    pub source: Source<'a>,
    pub scale: &'a Standardizer,
}

/// Mean and variance of the columns `cols` over `rows`; sums are taken around
/// the first row, in f64 and in the order of `rows`.
fn moments(piece: &Piece<'_>, rows: &[usize], cols: Range<usize>) -> (Vec<f64>, Vec<f64>) {
    let slice = |row: usize| &piece.row(row)[cols.clone()];
    let origin = rows.first().map_or(&[][..], |&row| slice(row));
    let mut sums = vec![0f64; cols.len()];
    let mut squares = vec![0f64; cols.len()];
    for &row in rows {
        for (((sum, square), &x), &o) in sums
            .iter_mut()
            .zip(&mut squares)
            .zip(slice(row))
            .zip(origin)
        {
            let shifted = f64::from(x) - f64::from(o);
            *sum += shifted;
            *square += shifted * shifted;
        }
    }
    let n = rows.len().max(1) as f64;
    for ((sum, square), &o) in sums.iter_mut().zip(&mut squares).zip(origin) {
        let shifted = *sum / n;
        *square = (*square / n - shifted * shifted).max(0.0);
        *sum = shifted + f64::from(o);
    }
    (sums, squares)
}

impl Standardizer {
    /// Reads the training rows once. Activations with `channels` are flattened
    /// as channel, row, column.
    pub fn fit(
        layer: &str,
        source: Source<'_>,
        rows: &[usize],
        scaling: Scaling,
        channels: Option<usize>,
    ) -> Result<Self, ProbeError> {
        let row_len = source.dims();
        if let Some(channels) = channels
            && (channels == 0 || !row_len.is_multiple_of(channels))
        {
            return Err(ProbeError::Channels {
                layer: layer.to_owned(),
                dims: row_len,
                channels,
            });
        }
        let mut parts: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
        for piece in source.pieces() {
            let width = piece.dims().len();
            let starts: Vec<usize> = (0..width).step_by(COLUMNS).collect();
            let of_part =
                |&start: &usize| moments(&piece, rows, start..(start + COLUMNS).min(width));
            parts.par_extend(starts.par_iter().map(of_part));
        }
        let variances: Vec<f64> = parts.iter().flat_map(|(_, v)| v).copied().collect();
        let scales = scales(&variances, scaling, channels);
        let mut standardizer = Self {
            dims: Vec::new(),
            mean: Vec::new(),
            inverse: Vec::new(),
        };
        let all = parts
            .iter()
            .flat_map(|(means, variances)| means.iter().zip(variances));
        for (dim, ((&mean, &variance), scale)) in all.zip(scales).enumerate() {
            if !(mean.is_finite() && variance.is_finite()) {
                return Err(not_finite(layer, source, rows, dim));
            }
            let deviation = variance.sqrt();
            let inverse = (1.0 / scale) as f32;
            if deviation > CONSTANT * mean.abs() && inverse.is_finite() {
                standardizer.dims.push(dim);
                standardizer.mean.push(mean as f32);
                standardizer.inverse.push(inverse);
            }
        }
        Ok(standardizer)
    }

    /// Number of dimensions that vary.
    pub fn width(&self) -> usize {
        self.dims.len()
    }

    /// The places of the dimensions that vary.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Each varying dimension's place, mean, scale and row of `weights` (width
    /// x cols).
    pub fn fold<'a>(
        &'a self,
        weights: &'a [f64],
        cols: usize,
    ) -> impl Iterator<Item = (usize, f64, f64, &'a [f64])> {
        let scale = self.mean.iter().zip(&self.inverse);
        self.dims
            .iter()
            .zip(scale)
            .zip(weights.chunks_exact(cols.max(1)))
            .map(|((&dim, (&mean, &inverse)), row)| (dim, f64::from(mean), f64::from(inverse), row))
    }

    /// The dimensions that the varying ones number `range` span.
    fn span(&self, range: Range<usize>) -> Range<usize> {
        match (self.dims.get(range.start), self.dims[..range.end].last()) {
            (Some(&first), Some(&last)) if !range.is_empty() => first..last + 1,
            _ => 0..0,
        }
    }

    /// Standardizes one stimulus' varying dimensions number `range`, which lie
    /// in `pieces`.
    fn write(&self, pieces: &[Piece<'_>], row: usize, range: Range<usize>, out: &mut [f32]) {
        let (mut start, mut out) = (range.start, out);
        for piece in pieces {
            let held = &self.dims[start..range.end];
            let count = held.partition_point(|dim| *dim < piece.dims().end);
            let (now, later) = out.split_at_mut(count);
            self.write_part(
                piece.row(row),
                piece.dims().start,
                start..start + count,
                now,
            );
            (start, out) = (start + count, later);
        }
    }

    /// The same within a part of a row that begins at dimension `at`.
    fn write_part(&self, row: &[f32], at: usize, range: Range<usize>, out: &mut [f32]) {
        let dims = &self.dims[range.clone()];
        let scale = self.mean[range.clone()].iter().zip(&self.inverse[range]);
        match (dims.first(), dims.last()) {
            (Some(&first), Some(&last)) if last + 1 - first == dims.len() => {
                let row = &row[first - at..];
                for ((out, &x), (mean, inverse)) in out.iter_mut().zip(row).zip(scale) {
                    *out = (x - mean) * inverse;
                }
            }
            _ => {
                for ((out, &dim), (mean, inverse)) in out.iter_mut().zip(dims).zip(scale) {
                    *out = (row[dim - at] - mean) * inverse;
                }
            }
        }
    }
}

/// What each dimension is divided by.
fn scales(variances: &[f64], scaling: Scaling, channels: Option<usize>) -> Vec<f64> {
    let together = |part: &[f64]| (part.iter().sum::<f64>() / part.len().max(1) as f64).sqrt();
    match (scaling, channels) {
        (Scaling::None, _) => vec![1.0; variances.len()],
        (Scaling::Standard, _) => variances.iter().map(|v| v.sqrt()).collect(),
        (Scaling::Channel, Some(channels)) => {
            let positions = variances.len() / channels.max(1);
            variances
                .chunks(positions.max(1))
                .flat_map(|channel| vec![together(channel); channel.len()])
                .collect()
        }
        (Scaling::Channel, None) => {
            let least = FLOOR * together(variances);
            variances.iter().map(|v| v.sqrt().max(least)).collect()
        }
    }
}

/// Finds the entry that made a dimension's moments not finite.
fn not_finite(layer: &str, source: Source<'_>, rows: &[usize], dim: usize) -> ProbeError {
    let pieces = source.open(dim..dim + 1);
    let at = |row: usize| {
        let piece = pieces.first();
        piece.map_or(f32::NAN, |piece| piece.row(row)[dim - piece.dims().start])
    };
    let row = rows.iter().copied().find(|&row| !at(row).is_finite());
    let row = row.unwrap_or_default();
    ProbeError::NotFinite {
        layer: layer.to_owned(),
        row,
        dim,
        value: at(row),
    }
}

impl<'a> Standardized<'a> {
    /// What holds the varying dimensions number `range`.
    fn open(&self, range: Range<usize>) -> Vec<Piece<'a>> {
        self.source.open(self.scale.span(range))
    }

    /// The varying dimensions number `range` in parts that each lie in one
    /// piece, so that no more than one need be open.
    fn within_pieces(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let dims = &self.scale.dims;
        let mut parts = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let reach = self.source.piece_end(dims[start]);
            let count = dims[start..range.end].partition_point(|dim| *dim < reach);
            parts.push(start..start + count);
            start += count;
        }
        parts
    }

    /// Puts a row's varying dimensions, standardized, at the beginning of
    /// `out`.
    pub fn write_row(&self, row: usize, out: &mut [f32]) {
        let mut start = 0;
        for piece in self.source.pieces() {
            let left = &self.scale.dims[start..];
            let end = start + left.partition_point(|dim| *dim < piece.dims().end);
            let part = &mut out[start..end];
            self.scale.write(&[piece], row, start..end, part);
            start = end;
        }
    }

    /// Refuses NaN and infinities in `rows`.
    pub fn check_finite(&self, rows: &[usize]) -> Result<(), ProbeError> {
        let mut first: Option<(usize, usize, f32)> = None;
        for piece in self.source.pieces() {
            let bad = rows
                .par_iter()
                .filter(|&&row| !all_finite(piece.row(row)))
                .min();
            let place = bad.and_then(|&row| {
                let dim = piece.row(row).iter().position(|x| !x.is_finite())?;
                Some((row, piece.dims().start + dim, piece.row(row)[dim]))
            });
            if let Some(place) = place
                && first.is_none_or(|first| place.0 < first.0)
            {
                first = Some(place);
            }
        }
        match first {
            None => Ok(()),
            Some((row, dim, value)) => Err(ProbeError::NotFinite {
                layer: self.layer.to_owned(),
                row,
                dim,
                value,
            }),
        }
    }

    /// `X X^T` over `rows`, its products in `T` and their sums in f64.
    pub fn gram<T: Real>(&self, rows: &[usize]) -> Vec<f64> {
        let mut gram = GramAccumulator::new(rows.len());
        let width = self.scale.width();
        let mut panel = vec![T::ZERO; rows.len() * apart(PANEL.min(width))];
        for range in panels(width, PANEL) {
            let pieces = self.open(range.clone());
            let stride = apart(range.len());
            let panel = &mut panel[..rows.len() * stride];
            panel.par_chunks_mut(stride).zip(rows).for_each_init(
                || vec![0f32; range.len()],
                |buffer, (out, &row)| {
                    self.scale.write(&pieces, row, range.clone(), buffer);
                    widen(buffer, &mut out[..range.len()]);
                },
            );
            gram.add_strided(panel, range.len(), stride);
        }
        gram.finish()
    }

    /// `X` over `rows` as it is, rows x width, in f64.
    pub fn dense(&self, rows: &[usize]) -> Vec<f64> {
        let width = self.scale.width();
        let mut dense = vec![0f64; rows.len() * width];
        for range in panels(width, PANEL) {
            let pieces = self.open(range.clone());
            dense.par_chunks_mut(width.max(1)).zip(rows).for_each_init(
                || vec![0f32; range.len()],
                |buffer, (out, &row)| {
                    self.scale.write(&pieces, row, range.clone(), buffer);
                    widen(buffer, &mut out[range.clone()]);
                },
            );
        }
        dense
    }

    /// `X W` over `rows`, rows x cols, for `weights` width x cols.
    pub fn project<T: Real>(&self, rows: &[usize], weights: &[T], cols: usize) -> Vec<T> {
        const ROWS: usize = 64;
        let width = self.scale.width();
        let one = T::from(1.0);
        let mut logits = vec![T::ZERO; rows.len() * cols];
        for range in panels(width, PANEL) {
            let pieces = self.open(range.clone());
            let weights = &weights[range.start * cols..];
            logits
                .par_chunks_mut((ROWS * cols).max(1))
                .zip(rows.par_chunks(ROWS))
                .for_each_init(Block::<T>::default, |block, (out, rows)| {
                    let x = block.read(self.scale, &pieces, rows, range.clone());
                    matmul(
                        MatMut::row_major(out, rows.len(), cols),
                        one,
                        x,
                        MatRef::row_major(weights, range.len(), cols),
                        one,
                        Threads::One,
                    );
                });
        }
        logits
    }

    /// `X^T A`, width x cols, for `coefficients` rows x cols.
    pub fn back_project<T: Real>(&self, rows: &[usize], coefficients: &[T], cols: usize) -> Vec<T> {
        const ROWS: usize = 256;
        let width = self.scale.width();
        let one = T::from(1.0);
        let mut weights = vec![T::ZERO; width * cols];
        weights
            .par_chunks_mut((BACK * cols).max(1))
            .enumerate()
            .for_each_init(Block::<T>::default, |block, (panel, out)| {
                let range = panel * BACK..((panel + 1) * BACK).min(width);
                let first = range.start;
                for part in self.within_pieces(range) {
                    let out = &mut out[(part.start - first) * cols..(part.end - first) * cols];
                    let pieces = self.open(part.clone());
                    for (rows, a) in rows
                        .chunks(ROWS)
                        .zip(coefficients.chunks((ROWS * cols).max(1)))
                    {
                        let x = block.read(self.scale, &pieces, rows, part.clone());
                        matmul(
                            MatMut::row_major(out, part.len(), cols),
                            one,
                            x.t(),
                            MatRef::row_major(a, rows.len(), cols),
                            one,
                            Threads::One,
                        );
                    }
                }
            });
        weights
    }
}

/// The numbers below `width`, `each` at a time.
fn panels(width: usize, each: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..width).step_by(each);
    starts.map(move |start| start..(start + each).min(width))
}

fn widen<T: Real>(from: &[f32], to: &mut [T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = T::from(from);
    }
}

/// What products with the activations run in: f32 or f64.
pub(crate) trait Real: Element + From<f32> + Default {}

impl<T: Element + From<f32> + Default> Real for T {}

/// A standardized block, its memory kept between uses.
#[derive(Default)]
struct Block<T> {
    single: Vec<f32>,
    entries: Vec<T>,
}

impl<T: Real> Block<T> {
    fn read(
        &mut self,
        scale: &Standardizer,
        pieces: &[Piece<'_>],
        rows: &[usize],
        range: Range<usize>,
    ) -> MatRef<'_, T> {
        let width = range.len();
        let stride = apart(width);
        self.single.resize(width, 0.0);
        self.entries.resize(rows.len() * stride, T::ZERO);
        for (out, &row) in self.entries.chunks_exact_mut(stride.max(1)).zip(rows) {
            scale.write(pieces, row, range.clone(), &mut self.single);
            widen(&self.single, &mut out[..width]);
        }
        MatRef::strided(&self.entries, rows.len(), width, stride, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_share_a_scale_and_vectors_have_a_floor() {
        let variances = [4.0, 0.0, 1.0, 9.0, 1e-12, 16.0];
        let close = |found: Vec<f64>, expected: [f64; 6]| {
            let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 1e-12, "{found:?}");
        };
        let [a, b, c] = [2f64.sqrt(), 5f64.sqrt(), 8f64.sqrt()];
        let by_channel = scales(&variances, Scaling::Channel, Some(3));
        close(by_channel, [a, a, b, b, c, c]);
        let floor = 0.01 * 5f64.sqrt();
        let by_dimension = scales(&variances, Scaling::Channel, None);
        close(by_dimension, [2.0, floor, 1.0, 3.0, floor, 4.0]);
        let plain = scales(&variances, Scaling::Standard, Some(3));
        close(plain, [2.0, 0.0, 1.0, 3.0, 1e-6, 4.0]);
        close(scales(&variances, Scaling::None, Some(3)), [1.0; 6]);
    }
}
