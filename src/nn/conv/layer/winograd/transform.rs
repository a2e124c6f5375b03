use super::{PLACES, TileView};
use crate::nn::lanes::Lanes;
use crate::nn::layout::Images;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// `B^T d B`: what one tile of inputs becomes.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn inputs<V: Lanes>(d: [[V; 4]; 4]) -> [[V; 4]; 4] {
    // SAFETY: as the caller says.
    unsafe {
        let line = |a: V, b: V, c: V, d: V| [a.sub(c), b.add(c), c.sub(b), b.sub(d)];
        let mut down = d;
        for column in 0..4 {
            let of = line(d[0][column], d[1][column], d[2][column], d[3][column]);
            for row in 0..4 {
                down[row][column] = of[row];
            }
        }
        down.map(|[a, b, c, d]| line(a, b, c, d))
    }
}

/// `A y A^T`: what one tile of 2 x 2 slopes becomes.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(super) unsafe fn slopes<V: Lanes>(y: [[V; 4]; 4]) -> [[V; 4]; 4] {
    // SAFETY: as the caller says.
    unsafe {
        let zero = V::splat(V::Scalar::from_f64(0.0));
        let line = |a: V, b: V| [a, a.add(b), a.sub(b), zero.sub(b)];
        let (left, right) = (line(y[0][0], y[1][0]), line(y[0][1], y[1][1]));
        let mut out = y;
        for row in 0..4 {
            out[row] = line(left[row], right[row]);
        }
        out
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
        let line = |a: V, b: V, c: V, d: V| [a.add(b).add(c), b.sub(c).sub(d)];
        let across = m.map(|[a, b, c, d]| line(a, b, c, d));
        let of = |column: usize| {
            line(
                across[0][column],
                across[1][column],
                across[2][column],
                across[3][column],
            )
        };
        let (left, right) = (of(0), of(1));
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
    pub(super) unsafe fn run<V: Lanes<Scalar = T>>(
        &self,
        transform: impl Fn([[V; 4]; 4]) -> [[V; 4]; 4],
        from: *const T,
        to: *mut T,
    ) {
        let plane = self.stride * self.channels;
        for tile in 0..self.count {
            let mut places = [[None; 4]; 4];
            for (row, places) in places.iter_mut().enumerate().take(self.view.side) {
                for (column, place) in places.iter_mut().enumerate().take(self.view.side) {
                    *place = self.view.place(self.first + tile, row, column);
                }
            }
            for channel in (0..self.channels).step_by(V::COUNT) {
                // SAFETY: as the caller says.
                unsafe {
                    let mut d = [[V::splat(V::Scalar::from_f64(0.0)); 4]; 4];
                    for row in 0..self.view.side {
                        for column in 0..self.view.side {
                            let Some(place) = places[row][column] else {
                                continue;
                            };
                            let mut value = V::load(from.add(place + self.channel + channel));
                            if let Some((activation, outputs)) = &self.active {
                                let place = self.view.place_in(
                                    &outputs.layout,
                                    self.first + tile,
                                    row,
                                    column,
                                );
                                let y = outputs.values.as_ptr().add(place + self.channel + channel);
                                value = activation.slope(V::load(y), value);
                            }
                            d[row][column] = value;
                        }
                    }
                    let groups = channel / self.group * self.stride * self.group;
                    let to = to.add(groups + tile * self.group + channel % self.group);
                    for (row, values) in transform(d).into_iter().enumerate() {
                        for (column, value) in values.into_iter().enumerate() {
                            value.store(to.add((4 * row + column) * plane));
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
                let line = |a: V, b: V, c: V| {
                    let outer = a.add(c);
                    let middle = outer.add(b).mul_add(half, zero);
                    [a, middle, outer.sub(b).mul_add(half, zero), c]
                };
                let tap = |tap: usize| V::load(self.packed.as_ptr().add(tap * plane + at));
                let columns =
                    [0, 1, 2].map(|column| line(tap(column), tap(3 + column), tap(6 + column)));
                for row in 0..4 {
                    let values = line(columns[0][row], columns[1][row], columns[2][row]);
                    for (column, value) in values.into_iter().enumerate() {
                        let place = (4 * row + column) * plane + at;
                        value.store(self.transformed.as_mut_ptr().add(place));
                    }
                }
            }
        }
    }
}
