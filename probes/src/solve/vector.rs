//! Eight doubles side by side, and what likelihoods compute of them.
//!
//! Plain loops over eight numbers, inlined into a kernel that is compiled for
//! the widest vectors of the processor. The order of all sums is that of the
//! loops, so results do not depend on the number of threads.

#![allow(
    clippy::needless_range_loop,
    reason = "one place in several vectors at a time, which compile to instructions on whole vectors"
)]

use pulp::{Arch, Simd, WithSimd};

/// Numbers side by side: a vector of AVX-512.
pub(super) const LANES: usize = 8;

/// One number for each of eight rows.
pub(super) type Lanes = [f64; LANES];

/// How products are added.
pub(super) trait Arithmetic {
    /// `a * b + c`.
    fn mul_add(a: f64, b: f64, c: f64) -> f64;
}

/// Rounded once; slow where the processor has no such instruction.
pub(super) struct Fused;

/// Rounded twice.
pub(super) struct Separate;

impl Arithmetic for Fused {
    #[inline(always)]
    fn mul_add(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
}

impl Arithmetic for Separate {
    #[inline(always)]
    fn mul_add(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
}

/// Work for [`vectorized`]; implementations are `#[inline(always)]`.
pub(super) trait Kernel {
    type Output;
    fn run<A: Arithmetic>(self) -> Self::Output;
}

/// Runs a kernel on the widest vectors that the processor has.
pub(super) fn vectorized<K: Kernel>(kernel: K) -> K::Output {
    struct On<K>(K);
    impl<K: Kernel> WithSimd for On<K> {
        type Output = K::Output;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> K::Output {
            self.0.run::<Fused>()
        }
    }
    match Arch::new() {
        Arch::Scalar => kernel.run::<Separate>(),
        arch => arch.dispatch(On(kernel)),
    }
}

/// Below this, e to the power of a number counts as 0.
const LEAST: f64 = -708.0;
/// 1.5 * 2^52: what is added to it is rounded to a whole number, which then
/// stands in the last bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// `ln 2` in two parts, the first short enough for exact products (fdlibm).
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
/// `1 / n!` from 13 down to 2: beyond, terms of numbers within `ln 2 / 2` are
/// under a double's rounding.
const INVERSE_FACTORIALS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// e to the power of numbers that are not above 0, to a few units in the last
/// place; what would be below 3e-308 is 0.
#[inline(always)]
pub(super) fn exp<A: Arithmetic>(x: &Lanes) -> Lanes {
    let mut out = [0.0; LANES];
    for (out, &x) in out.iter_mut().zip(x) {
        // keeps what is not a number
        let inside = if x < LEAST { LEAST } else { x };
        let rounded = A::mul_add(inside, std::f64::consts::LOG2_E, ROUNDER);
        let n = rounded - ROUNDER;
        let r = A::mul_add(n, -LN_2.1, A::mul_add(n, -LN_2.0, inside));
        let mut series = INVERSE_FACTORIALS[0];
        for &term in &INVERSE_FACTORIALS[1..] {
            series = A::mul_add(series, r, term);
        }
        let value = A::mul_add(series * r, r, r) + 1.0;
        let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
        *out = if x < LEAST { 0.0 } else { value * power };
    }
    out
}

/// Of the series of `ln((1 + s) / (1 - s))` beyond its first term, in `s^2`, from
/// the highest power down (fdlibm's `e_log`: within 2^-58.45 for `s` up to 0.1716).
const LOGARITHM: [f64; 7] = [
    1.479_819_860_511_658_6e-1,
    1.531_383_769_920_937_3e-1,
    1.818_357_216_161_805e-1,
    2.222_219_843_214_978_4e-1,
    2.857_142_874_366_239e-1,
    3.999_999_999_940_942e-1,
    6.666_666_666_666_735e-1,
];

/// `ln(1 + y)` of numbers from 0 up, to a few units in the last place.
#[inline(always)]
pub(super) fn ln_1p<A: Arithmetic>(y: &Lanes) -> Lanes {
    const FRACTION: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    // 2^52, to read a small whole number from the last bits
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let mut out = [0.0; LANES];
    for (out, &y) in out.iter_mut().zip(y) {
        let u = 1.0 + y;
        // what rounding took from y
        let lost = (y - (u - 1.0)) / u;
        let bits = u.to_bits();
        let exponent = f64::from_bits((bits >> 52) | WHOLE.to_bits()) - (WHOLE + 1023.0);
        let fraction = f64::from_bits((bits & FRACTION) | ONE);
        let high = fraction > std::f64::consts::SQRT_2;
        let f = if high { 0.5 * fraction } else { fraction } - 1.0;
        let e = if high { exponent + 1.0 } else { exponent };
        let s = f / (2.0 + f);
        let z = s * s;
        let mut series = LOGARITHM[0];
        for &term in &LOGARITHM[1..] {
            series = A::mul_add(series, z, term);
        }
        let half = 0.5 * f * f;
        let small = A::mul_add(s, A::mul_add(series, z, half), A::mul_add(e, LN_2.1, lost));
        *out = A::mul_add(e, LN_2.0, f - (half - small));
    }
    out
}

/// Adds up eight numbers, always in the same order.
#[inline(always)]
pub(super) fn total(x: &Lanes) -> f64 {
    ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}

/// The inner product of two vectors of one length.
pub(super) fn inner(a: &[f64], b: &[f64]) -> f64 {
    vectorized(Inner(a, b))
}

struct Inner<'a>(&'a [f64], &'a [f64]);

impl Kernel for Inner<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        // as many sums as keep the additions apart
        let mut sums = [[0.0; LANES]; 4];
        let (a, b) = (self.0.chunks_exact(32), self.1.chunks_exact(32));
        let rest = a.remainder().iter().zip(b.remainder());
        let rest: f64 = rest.map(|(a, b)| a * b).sum();
        for (a, b) in a.zip(b) {
            for (part, sums) in sums.iter_mut().enumerate() {
                for (lane, sum) in sums.iter_mut().enumerate() {
                    let at = part * LANES + lane;
                    *sum = A::mul_add(a[at], b[at], *sum);
                }
            }
        }
        let [a, b, c, d] = &sums;
        (total(a) + total(b)) + (total(c) + total(d)) + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Of<F>(F, Lanes);

    struct Exp;
    struct Ln1p;

    impl Kernel for Of<Exp> {
        type Output = Lanes;
        fn run<A: Arithmetic>(self) -> Lanes {
            exp::<A>(&self.1)
        }
    }

    impl Kernel for Of<Ln1p> {
        type Output = Lanes;
        fn run<A: Arithmetic>(self) -> Lanes {
            ln_1p::<A>(&self.1)
        }
    }

    fn near(found: f64, exact: f64, x: f64) {
        let apart = (found - exact).abs();
        assert!(
            apart <= 4.0 * f64::EPSILON * exact.abs(),
            "{x}: {found} {exact}"
        );
    }

    #[test]
    fn exponentials_are_exact_to_a_few_units_and_keep_what_is_not_a_number() {
        for i in 0..80_000 {
            let x = -f64::from(i) * 0.008_837 - 1e-9 * f64::from(i % 7);
            if x < LEAST {
                continue;
            }
            let x = [x, -0.0, x / 700.0, x * 1e-9, x, x, x, x];
            let (fused, separate) = (vectorized(Of(Exp, x)), Of(Exp, x).run::<Separate>());
            for (&x, found) in x.iter().zip(fused).chain(x.iter().zip(separate)) {
                near(found, x.exp(), x);
            }
        }
        let strange = [
            f64::NEG_INFINITY,
            f64::NAN,
            -709.0,
            -1e300,
            0.0,
            0.0,
            0.0,
            0.0,
        ];
        for found in [
            vectorized(Of(Exp, strange)),
            Of(Exp, strange).run::<Separate>(),
        ] {
            assert_eq!(
                (found[0], found[2], found[3], found[4]),
                (0.0, 0.0, 0.0, 1.0)
            );
            assert!(found[1].is_nan());
        }
    }

    #[test]
    fn logarithms_keep_their_relative_accuracy_near_0() {
        for i in 0..40_000 {
            let x = (f64::from(i) * 0.001_5 - 40.0).exp();
            let x = [x, 0.0, x * 1e-200, x + 1.0, x * 3.3, x, x, x];
            let (fused, separate) = (vectorized(Of(Ln1p, x)), Of(Ln1p, x).run::<Separate>());
            for (&x, found) in x.iter().zip(fused).chain(x.iter().zip(separate)) {
                near(found, x.ln_1p(), x);
            }
        }
        assert!(vectorized(Of(Ln1p, [f64::NAN; LANES]))[3].is_nan());
    }

    #[test]
    fn inner_products_of_any_length() {
        for n in [0, 1, 31, 32, 33, 200] {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i % 13) - 4.0).collect();
            let b: Vec<f64> = (0..n).map(|i| f64::from(i % 7) + 0.5).collect();
            let exact: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(inner(&a, &b), exact);
        }
    }
}
