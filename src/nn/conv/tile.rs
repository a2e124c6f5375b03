#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "accumulators are counted by place, as registers are"
)]

use layerprobe_linalg::Element;

use crate::nn::lanes::Lanes;

/// How many numbers ahead weights are asked for, which come from the
/// second-level cache.
const SOON: usize = 12;

/// Rows of contiguous numbers below a tile's pixels.
#[derive(Clone, Copy)]
pub(crate) struct Runs {
    /// How many rows: the kernel's side.
    pub(crate) rows: usize,
    /// Elements from one row to the next.
    pub(crate) row_stride: usize,
    /// How many runs in a row: 1 where the taps of a row touch.
    pub(crate) columns: usize,
    /// Elements from one run to the next.
    pub(crate) column_stride: usize,
    /// Contiguous elements in a run.
    pub(crate) run: usize,
}

/// A stretch of memory to ask for while something else is computed.
#[derive(Clone, Copy)]
pub(crate) struct Ahead<T> {
    pub(crate) at: *const T,
    /// Elements from one request to the next.
    pub(crate) step: usize,
}

impl<T> Ahead<T> {
    /// Nothing but what is there.
    pub(crate) fn none(at: *const T) -> Self {
        Self { at, step: 0 }
    }
}

/// `acc[p][half] += sum over rows, columns and run of
/// x[p][row, column, i] * w[row, column, i][half]`: `P` pixels by two vectors
/// of channels. `weights` holds two vectors for each number of the sum, in the
/// order in which they are used. At every number it asks for a little more of
/// `ahead`.
///
/// # Safety
/// As [`Lanes`]; each of `x` is valid for all runs, and `weights` for
/// `rows * columns * run * 2 * V::COUNT` elements.
#[inline(always)]
pub(crate) unsafe fn multiply<V: Lanes, const P: usize>(
    mut acc: [[V; 2]; P],
    mut x: [*const V::Scalar; P],
    runs: Runs,
    mut weights: *const V::Scalar,
    ahead: &mut Ahead<V::Scalar>,
) -> [[V; 2]; P] {
    unsafe {
        let back = runs.columns * runs.column_stride;
        let mut asked = ahead.at;
        for _ in 0..runs.rows {
            for _ in 0..runs.columns {
                for i in 0..runs.run {
                    V::prefetch(asked);
                    asked = asked.wrapping_add(ahead.step);
                    let soon = weights.wrapping_add(SOON * 2 * V::COUNT);
                    V::prefetch(soon);
                    V::prefetch(soon.wrapping_add(V::COUNT));
                    let first = V::load(weights);
                    let second = V::load(weights.add(V::COUNT));
                    weights = weights.add(2 * V::COUNT);
                    for p in 0..P {
                        let value = V::splat(*x[p].add(i));
                        acc[p][0] = value.mul_add(first, acc[p][0]);
                        acc[p][1] = value.mul_add(second, acc[p][1]);
                    }
                }
                for pixel in &mut x {
                    *pixel = pixel.wrapping_add(runs.column_stride);
                }
            }
            for pixel in &mut x {
                *pixel = pixel.wrapping_add(runs.row_stride).wrapping_sub(back);
            }
        }
        ahead.at = asked;
        acc
    }
}

/// As [`multiply`], of one run, for pixels `step` elements apart. With a step
/// that is known when the program is compiled, one pointer serves all pixels.
///
/// # Safety
/// As [`Lanes`]; `x` is valid for `run` elements at each of the pixels, and
/// `weights` for `run * 2 * V::COUNT`.
#[inline(always)]
pub(crate) unsafe fn multiply_packed<V: Lanes, const P: usize>(
    mut acc: [[V; 2]; P],
    mut x: *const V::Scalar,
    step: usize,
    run: usize,
    mut weights: *const V::Scalar,
) -> [[V; 2]; P] {
    unsafe {
        for _ in 0..run {
            let soon = weights.wrapping_add(SOON * 2 * V::COUNT);
            V::prefetch(soon);
            V::prefetch(soon.wrapping_add(V::COUNT));
            let first = V::load(weights);
            let second = V::load(weights.add(V::COUNT));
            weights = weights.add(2 * V::COUNT);
            for p in 0..P {
                let value = V::splat(*x.add(p * step));
                acc[p][0] = value.mul_add(first, acc[p][0]);
                acc[p][1] = value.mul_add(second, acc[p][1]);
            }
            x = x.add(1);
        }
        acc
    }
}

/// Where the pixels lie over which a gradient of the weights is summed.
#[derive(Clone, Copy)]
pub(crate) struct Pixels {
    /// Rows and columns of pixels.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Elements from row to row and from pixel to pixel in `x`.
    pub(crate) x_row: usize,
    pub(crate) x_step: usize,
    /// The same in `z`.
    pub(crate) z_row: usize,
    pub(crate) z_step: usize,
}

/// `dst[r][half] += sum over pixels of x[pixel][r] * z[pixel][half]`: `R`
/// inputs by two vectors of channels.
///
/// # Safety
/// As [`Lanes`]; `x` and `z` are valid at every pixel for `R` and for
/// `2 * V::COUNT` elements, `dst` for `R * 2 * V::COUNT`.
#[inline(always)]
pub(crate) unsafe fn correlate<V: Lanes, const R: usize>(
    dst: *mut V::Scalar,
    x: *const V::Scalar,
    z: *const V::Scalar,
    pixels: Pixels,
) {
    unsafe {
        let mut acc = [[V::splat(V::Scalar::ZERO); 2]; R];
        for row in 0..pixels.rows {
            let mut x = x.add(row * pixels.x_row);
            let mut z = z.add(row * pixels.z_row);
            for _ in 0..pixels.columns {
                let first = V::load(z);
                let second = V::load(z.add(V::COUNT));
                for r in 0..R {
                    let value = V::splat(*x.add(r));
                    acc[r][0] = value.mul_add(first, acc[r][0]);
                    acc[r][1] = value.mul_add(second, acc[r][1]);
                }
                x = x.wrapping_add(pixels.x_step);
                z = z.wrapping_add(pixels.z_step);
            }
        }
        for r in 0..R {
            for half in 0..2 {
                let place = dst.add((2 * r + half) * V::COUNT);
                acc[r][half].add(V::load(place)).store(place);
            }
        }
    }
}

/// As [`correlate`], over `count` pixels in a row: those of `x` lie `x_step`
/// elements apart, those of `z` touch. At every pixel it asks for a little more
/// of `ahead`.
///
/// # Safety
/// As [`Lanes`]; `x` is valid at every pixel for `R` elements, `z` holds two
/// vectors a pixel, `dst` is valid for `R * 2 * V::COUNT` elements.
#[inline(always)]
pub(crate) unsafe fn correlate_packed<V: Lanes, const R: usize>(
    dst: *mut V::Scalar,
    mut x: *const V::Scalar,
    x_step: usize,
    mut z: *const V::Scalar,
    count: usize,
    ahead: &mut Ahead<V::Scalar>,
) {
    unsafe {
        let mut acc = [[V::splat(V::Scalar::ZERO); 2]; R];
        let mut asked = ahead.at;
        for r in 0..2 * R {
            V::prefetch(dst.add(r * V::COUNT));
        }
        for _ in 0..count {
            V::prefetch(asked);
            asked = asked.wrapping_add(ahead.step);
            let first = V::load(z);
            let second = V::load(z.add(V::COUNT));
            for r in 0..R {
                let value = V::splat(*x.add(r));
                acc[r][0] = value.mul_add(first, acc[r][0]);
                acc[r][1] = value.mul_add(second, acc[r][1]);
            }
            x = x.wrapping_add(x_step);
            z = z.wrapping_add(2 * V::COUNT);
        }
        ahead.at = asked;
        for r in 0..R {
            for half in 0..2 {
                let place = dst.add((2 * r + half) * V::COUNT);
                acc[r][half].add(V::load(place)).store(place);
            }
        }
    }
}
