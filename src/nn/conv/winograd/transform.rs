#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "places of a tile are counted, as registers are"
)]

use super::points::{Lines, Points};
use super::{TileView, plane};
use crate::nn::lanes::Lanes;
use crate::nn::layout::Images;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// What one tile becomes before the products.
pub(super) trait Transform<const S: usize> {
    /// Rows and columns of a tile that are read.
    const SIDE: usize;

    /// # Safety
    /// As [`Lanes`].
    unsafe fn run<V: Lanes>(d: [[V; S]; S]) -> [[V; S]; S];
}

/// `B^T d B` of S x S inputs.
pub(super) struct Inputs;

impl<const S: usize> Transform<S> for Inputs
where
    Points<S>: Lines<S>,
{
    const SIDE: usize = S;

    #[inline(always)]
    unsafe fn run<V: Lanes>(mut d: [[V; S]; S]) -> [[V; S]; S] {
        // SAFETY: as the caller says.
        unsafe {
            for row in &mut d {
                *row = Points::<S>::inputs(*row);
            }
            for column in 0..S {
                let mut line = [d[0][column]; S];
                for row in 1..S {
                    line[row] = d[row][column];
                }
                let line = Points::<S>::inputs(line);
                for row in 0..S {
                    d[row][column] = line[row];
                }
            }
        }
        d
    }
}

/// `A y A^T` of 2 x 2 slopes.
pub(super) struct Slopes;

impl<const S: usize> Transform<S> for Slopes
where
    Points<S>: Lines<S>,
{
    const SIDE: usize = 2;

    #[inline(always)]
    unsafe fn run<V: Lanes>(mut y: [[V; S]; S]) -> [[V; S]; S] {
        // SAFETY: as the caller says.
        unsafe {
            let left = Points::<S>::slopes(y[0][0], y[1][0]);
            let right = Points::<S>::slopes(y[0][1], y[1][1]);
            for row in 0..S {
                y[row] = Points::<S>::slopes(left[row], right[row]);
            }
        }
        y
    }
}

/// Transforms `count` tiles from number `first` of some channels.
///
/// Writes `[place][group of channels][tile][channel]` with groups of `group`
/// channels, `stride` tiles long.
#[derive(Clone, Copy)]
pub(super) struct Gather<'a, T> {
    pub(super) view: TileView,
    /// Where the images are slopes of activated outputs: the activation, and
    /// the outputs with their layout.
    pub(super) active: Option<(Activation, Images<'a, T>)>,
    pub(super) first: usize,
    pub(super) count: usize,
    /// The first channel and how many: whole groups.
    pub(super) channel: usize,
    pub(super) channels: usize,
    pub(super) group: usize,
    pub(super) stride: usize,
}

impl<T: Real> Gather<'_, T> {
    /// # Safety
    /// As [`Lanes`]; `from` holds the view's images, which have those tiles and
    /// channels, `to` the result; a group is of whole vectors.
    #[inline(always)]
    pub(super) unsafe fn run<V: Lanes<Scalar = T>, F: Transform<S>, const S: usize>(
        &self,
        from: *const T,
        to: *mut T,
    ) {
        let channels = self.channels.next_multiple_of(self.group);
        let plane = plane(self.stride * channels, 2 * V::COUNT);
        let row =
            (self.view.layout.width + 2 * self.view.layout.border) * self.view.layout.channels;
        for tile in 0..self.count {
            let (start, rows, columns) = self.view.start(self.first + tile);
            let (rows, columns) = (rows.min(F::SIDE), columns.min(F::SIDE));
            let y = self
                .active
                .map(|(_, outputs)| self.view.start_in(&outputs.layout, self.first + tile));
            for channel in (0..self.channels).step_by(V::COUNT) {
                // SAFETY: as the caller says; rows and columns of the tile are
                // within the image.
                unsafe {
                    let from = from.add(start + self.channel + channel);
                    let mut d = [[V::splat(T::ZERO); S]; S];
                    for i in 0..F::SIDE {
                        for j in 0..F::SIDE {
                            if i < rows && j < columns {
                                d[i][j] =
                                    V::load(from.add(i * row + j * self.view.layout.channels));
                            }
                        }
                    }
                    if let (Some((activation, outputs)), Some(y)) = (&self.active, y) {
                        let layout = &outputs.layout;
                        let y_row = (layout.width + 2 * layout.border) * layout.channels;
                        let y = outputs.values.as_ptr().add(y + self.channel + channel);
                        for i in 0..F::SIDE {
                            for j in 0..F::SIDE {
                                if i < rows && j < columns {
                                    let y = V::load(y.add(i * y_row + j * layout.channels));
                                    d[i][j] = activation.slope(y, d[i][j]);
                                }
                            }
                        }
                    }
                    let groups = channel / self.group * self.stride * self.group;
                    let to = to.add(groups + tile * self.group + channel % self.group);
                    let of = F::run(d);
                    for i in 0..S {
                        for j in 0..S {
                            of[i][j].store(to.add((S * i + j) * plane));
                        }
                    }
                }
            }
        }
    }
}

/// `G g G^T` for all kernels of one block of outputs: from
/// `[tap][in][lane]` to `[place][in][lane]`.
pub(crate) struct Filters<'a, T, const S: usize> {
    pub(crate) packed: &'a [T],
    pub(crate) transformed: &'a mut [T],
}

impl<T: Real, const S: usize> Kernel<T> for Filters<'_, T, S>
where
    Points<S>: Lines<S>,
{
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let side = S - 1;
        let plane = self.packed.len() / (side * side);
        assert_eq!(self.packed.len(), side * side * plane);
        assert_eq!(self.transformed.len(), S * S * plane);
        assert_eq!(plane % V::COUNT, 0);
        for at in (0..plane).step_by(V::COUNT) {
            // SAFETY: the lengths were just checked.
            unsafe {
                let packed = self.packed.as_ptr().add(at);
                let zero = V::splat(T::ZERO);
                let mut columns = [[zero; S]; S];
                for column in 0..side {
                    let mut line = [zero; S];
                    for row in 0..side {
                        line[row] = V::load(packed.add((side * row + column) * plane));
                    }
                    columns[column] = Points::<S>::filters(line);
                }
                for row in 0..S {
                    let mut line = [zero; S];
                    for column in 0..side {
                        line[column] = columns[column][row];
                    }
                    let values = Points::<S>::filters(line);
                    for (column, value) in values.into_iter().enumerate() {
                        let place = (S * row + column) * plane + at;
                        value.store(self.transformed.as_mut_ptr().add(place));
                    }
                }
            }
        }
    }
}
