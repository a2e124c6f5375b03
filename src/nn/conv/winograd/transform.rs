#![allow(
    clippy::needless_range_loop,
    reason = "places of a tile are counted, as registers are"
)]

use super::{PLACES, TileView, plane};
use crate::nn::lanes::Lanes;
use crate::nn::layout::Images;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

// Closures would not be compiled for the vectors at hand, so every piece is an
// inlined function.

/// `B^T` times a column.
#[inline(always)]
unsafe fn inputs_line<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 4] {
    // SAFETY: as the caller says.
    unsafe { [a.sub(c), b.add(c), c.sub(b), b.sub(d)] }
}

/// `A` times a column.
#[inline(always)]
unsafe fn slopes_line<V: Lanes>(a: V, b: V) -> [V; 4] {
    // SAFETY: as the caller says.
    unsafe {
        [
            a,
            a.add(b),
            a.sub(b),
            V::splat(V::Scalar::from_f64(0.0)).sub(b),
        ]
    }
}

/// `A^T` times a column.
#[inline(always)]
unsafe fn outputs_line<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 2] {
    // SAFETY: as the caller says.
    unsafe { [a.add(b).add(c), b.sub(c).sub(d)] }
}

/// `G` times a column.
#[inline(always)]
unsafe fn filters_line<V: Lanes>([a, b, c]: [V; 3], half: V, zero: V) -> [V; 4] {
    // SAFETY: as the caller says.
    unsafe {
        let outer = a.add(c);
        let plus = outer.add(b).mul_add(half, zero);
        [a, plus, outer.sub(b).mul_add(half, zero), c]
    }
}

/// What one tile becomes before the products.
pub(super) trait Transform {
    /// Rows and columns of a tile that are read.
    const SIDE: usize;

    /// # Safety
    /// As [`Lanes`].
    unsafe fn run<V: Lanes>(d: [[V; 4]; 4]) -> [[V; 4]; 4];
}

/// `B^T d B` of 4 x 4 inputs.
pub(super) struct Inputs;

impl Transform for Inputs {
    const SIDE: usize = 4;

    #[inline(always)]
    unsafe fn run<V: Lanes>(d: [[V; 4]; 4]) -> [[V; 4]; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let a = inputs_line([d[0][0], d[1][0], d[2][0], d[3][0]]);
            let b = inputs_line([d[0][1], d[1][1], d[2][1], d[3][1]]);
            let c = inputs_line([d[0][2], d[1][2], d[2][2], d[3][2]]);
            let d = inputs_line([d[0][3], d[1][3], d[2][3], d[3][3]]);
            [
                inputs_line([a[0], b[0], c[0], d[0]]),
                inputs_line([a[1], b[1], c[1], d[1]]),
                inputs_line([a[2], b[2], c[2], d[2]]),
                inputs_line([a[3], b[3], c[3], d[3]]),
            ]
        }
    }
}

/// `A y A^T` of 2 x 2 slopes.
pub(super) struct Slopes;

impl Transform for Slopes {
    const SIDE: usize = 2;

    #[inline(always)]
    unsafe fn run<V: Lanes>(y: [[V; 4]; 4]) -> [[V; 4]; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let left = slopes_line(y[0][0], y[1][0]);
            let right = slopes_line(y[0][1], y[1][1]);
            [
                slopes_line(left[0], right[0]),
                slopes_line(left[1], right[1]),
                slopes_line(left[2], right[2]),
                slopes_line(left[3], right[3]),
            ]
        }
    }
}

/// `A^T m A`: the 2 x 2 outputs of the products of one tile.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn outputs<V: Lanes>(m: [[V; 4]; 4]) -> [[V; 2]; 2] {
    // SAFETY: as the caller says.
    unsafe {
        let (a, b) = (outputs_line(m[0]), outputs_line(m[1]));
        let (c, d) = (outputs_line(m[2]), outputs_line(m[3]));
        let left = outputs_line([a[0], b[0], c[0], d[0]]);
        let right = outputs_line([a[1], b[1], c[1], d[1]]);
        [[left[0], right[0]], [left[1], right[1]]]
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
    pub(super) unsafe fn run<V: Lanes<Scalar = T>, F: Transform>(
        &self,
        from: *const T,
        to: *mut T,
    ) {
        let plane = plane(self.stride * self.channels, 2 * V::COUNT);
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
                    let mut d = [[V::splat(T::ZERO); 4]; 4];
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
                    for i in 0..4 {
                        for j in 0..4 {
                            of[i][j].store(to.add((4 * i + j) * plane));
                        }
                    }
                }
            }
        }
    }
}

/// `G g G^T` for all kernels of one block of outputs: from
/// `[tap][in][lane]` to `[place][in][lane]`.
pub(crate) struct Filters<'a, T> {
    pub(crate) packed: &'a [T],
    pub(crate) transformed: &'a mut [T],
}

impl<T: Real> Kernel<T> for Filters<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let plane = self.packed.len() / 9;
        assert_eq!(self.packed.len(), 9 * plane);
        assert_eq!(self.transformed.len(), PLACES * plane);
        assert_eq!(plane % V::COUNT, 0);
        for at in (0..plane).step_by(V::COUNT) {
            // SAFETY: the lengths were just checked.
            unsafe {
                let half = V::splat(T::from_f64(0.5));
                let zero = V::splat(T::ZERO);
                let packed = self.packed.as_ptr().add(at);
                let mut columns = [[zero; 4]; 3];
                for (column, of) in columns.iter_mut().enumerate() {
                    let top = V::load(packed.add(column * plane));
                    let middle = V::load(packed.add((3 + column) * plane));
                    let bottom = V::load(packed.add((6 + column) * plane));
                    *of = filters_line([top, middle, bottom], half, zero);
                }
                for row in 0..4 {
                    let line = [columns[0][row], columns[1][row], columns[2][row]];
                    let values = filters_line(line, half, zero);
                    for (column, value) in values.into_iter().enumerate() {
                        let place = (4 * row + column) * plane + at;
                        value.store(self.transformed.as_mut_ptr().add(place));
                    }
                }
            }
        }
    }
}
