//! The points at which polynomials are multiplied, as sums along one line of a
//! tile. Closures would not be compiled for the vectors at hand, so every piece
//! is an inlined function.

#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use crate::nn::Real;
use crate::nn::lanes::Lanes;

/// The transforms of F(2, S - 1) along one line of a tile of `S`.
///
/// # Safety
/// As [`Lanes`].
#[allow(clippy::missing_safety_doc, reason = "stated once, for all methods")]
pub(crate) trait Lines<const S: usize> {
    /// Places of a tile whose sum, after [`slopes`](Self::slopes) both ways, is
    /// that of its 2 x 2 slopes.
    const SUM: &'static [usize];

    /// `B^T` times a column.
    unsafe fn inputs<V: Lanes>(d: [V; S]) -> [V; S];
    /// `A` times a column.
    unsafe fn slopes<V: Lanes>(a: V, b: V) -> [V; S];
    /// `A^T` times a column.
    unsafe fn outputs<V: Lanes>(m: [V; S]) -> [V; 2];
    /// `G` times a column, the first `S - 1` numbers.
    unsafe fn filters<V: Lanes>(g: [V; S]) -> [V; S];
    /// `G^T` times a column: the first `S - 1` numbers.
    fn taps<T: Real>(m: [T; S]) -> [T; S];
}

/// The points themselves, of tiles of `S` x `S`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points<const S: usize>;

#[inline(always)]
unsafe fn number<V: Lanes>(value: f64) -> V {
    // SAFETY: as the caller says.
    unsafe { V::splat(V::Scalar::from_f64(value)) }
}

/// 0, 1, -1 and infinity: nothing but sums and, on the weights, halves.
impl Lines<4> for Points<4> {
    const SUM: &'static [usize] = &[5];

    #[inline(always)]
    unsafe fn inputs<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 4] {
        // SAFETY: as the caller says.
        unsafe { [a.sub(c), b.add(c), c.sub(b), b.sub(d)] }
    }

    #[inline(always)]
    unsafe fn slopes<V: Lanes>(a: V, b: V) -> [V; 4] {
        // SAFETY: as the caller says.
        unsafe { [a, a.add(b), a.sub(b), number::<V>(0.0).sub(b)] }
    }

    #[inline(always)]
    unsafe fn outputs<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 2] {
        // SAFETY: as the caller says.
        unsafe { [a.add(b).add(c), b.sub(c).sub(d)] }
    }

    #[inline(always)]
    unsafe fn filters<V: Lanes>([a, b, c, _]: [V; 4]) -> [V; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let (half, zero) = (number::<V>(0.5), number(0.0));
            let outer = a.add(c);
            let plus = outer.add(b).mul_add(half, zero);
            [a, plus, outer.sub(b).mul_add(half, zero), c]
        }
    }

    fn taps<T: Real>([a, b, c, d]: [T; 4]) -> [T; 4] {
        let half = T::from_f64(0.5);
        [
            a + (b + c) * half,
            (b - c) * half,
            (b + c) * half + d,
            T::ZERO,
        ]
    }
}

/// Rows of `G` for 2/3: by even and by odd powers.
const NEAR: [f64; 5] = [
    -81.0 / 130.0,
    -27.0 / 65.0,
    -18.0 / 65.0,
    -12.0 / 65.0,
    -8.0 / 65.0,
];
/// The same for 3/2.
const FAR: [f64; 5] = [
    8.0 / 65.0,
    12.0 / 65.0,
    18.0 / 65.0,
    27.0 / 65.0,
    81.0 / 130.0,
];

/// 0, 2/3, -2/3, 3/2, -3/2 and infinity. Points and their inverses, near 1:
/// over 64 channels of 5 x 5, rounding is twice that of sums made in blocks,
/// where 1 and 2 with their negatives make it seven times as much.
impl Lines<6> for Points<6> {
    const SUM: &'static [usize] = &[0, 5, 30, 35];

    #[inline(always)]
    unsafe fn inputs<V: Lanes>([a, b, c, d, e, f]: [V; 6]) -> [V; 6] {
        // SAFETY: as the caller says.
        unsafe {
            let ends = number::<V>(-97.0 / 36.0);
            let (two, three) = (number::<V>(2.0 / 3.0), number::<V>(3.0 / 2.0));
            let near = c.mul_add(number(-9.0 / 4.0), e);
            let near_odd = d.mul_add(two, b.mul_add(number(-3.0 / 2.0), number(0.0)));
            let far = c.mul_add(number(-4.0 / 9.0), e);
            let far_odd = d.mul_add(three, b.mul_add(number(-2.0 / 3.0), number(0.0)));
            [
                c.mul_add(ends, a.add(e)),
                near.add(near_odd),
                near.sub(near_odd),
                far.add(far_odd),
                far.sub(far_odd),
                d.mul_add(ends, b.add(f)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn slopes<V: Lanes>(a: V, b: V) -> [V; 6] {
        // SAFETY: as the caller says.
        unsafe {
            [
                a,
                b.mul_add(number(2.0 / 3.0), a),
                b.mul_add(number(-2.0 / 3.0), a),
                b.mul_add(number(3.0 / 2.0), a),
                b.mul_add(number(-3.0 / 2.0), a),
                b,
            ]
        }
    }

    #[inline(always)]
    unsafe fn outputs<V: Lanes>([a, b, c, d, e, f]: [V; 6]) -> [V; 2] {
        // SAFETY: as the caller says.
        unsafe {
            let sum = a.add(b.add(c)).add(d.add(e));
            let odd = d.sub(e).mul_add(number(3.0 / 2.0), f);
            [sum, b.sub(c).mul_add(number(2.0 / 3.0), odd)]
        }
    }

    #[inline(always)]
    unsafe fn filters<V: Lanes>([a, b, c, d, e, _]: [V; 6]) -> [V; 6] {
        // SAFETY: as the caller says.
        unsafe {
            let [near, far] = [NEAR, FAR].map(|g| g.map(V::Scalar::from_f64));
            let mut rows = [[a; 2]; 2];
            for (row, g) in rows.iter_mut().zip([near, far]) {
                let zero = number::<V>(0.0);
                let even = e.mul_add(V::splat(g[4]), zero);
                let even = a.mul_add(V::splat(g[0]), c.mul_add(V::splat(g[2]), even));
                let odd = d.mul_add(V::splat(g[3]), zero);
                let odd = b.mul_add(V::splat(g[1]), odd);
                *row = [even.add(odd), even.sub(odd)];
            }
            [a, rows[0][0], rows[0][1], rows[1][0], rows[1][1], e]
        }
    }

    fn taps<T: Real>([a, b, c, d, e, f]: [T; 6]) -> [T; 6] {
        let (near, near_odd) = (b + c, b - c);
        let (far, far_odd) = (d + e, d - e);
        let mut taps = [T::ZERO; 6];
        for (i, tap) in taps.iter_mut().enumerate().take(5) {
            let [near, far] = match i % 2 {
                0 => [near, far],
                _ => [near_odd, far_odd],
            };
            *tap = near * T::from_f64(NEAR[i]) + far * T::from_f64(FAR[i]);
        }
        taps[0] += a;
        taps[4] += f;
        taps
    }
}
