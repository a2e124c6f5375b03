#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "lanes are counted by place, as registers are"
)]

use super::Lanes;
use crate::nn::Real;

/// Eight scalars; the compiler maps them to whatever vectors it may use.
#[derive(Clone, Copy)]
pub(crate) struct Portable<T>([T; 8]);

// SAFETY of every method: pointers are valid for eight elements, as the trait
// asks; no special instruction is used.
impl<T: Real> Lanes for Portable<T> {
    type Scalar = T;
    type Mask = [bool; 8];

    const COUNT: usize = 8;
    const MANY_REGISTERS: bool = false;

    #[inline(always)]
    unsafe fn splat(value: T) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        Self(unsafe { from.cast::<[T; 8]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        unsafe { to.cast::<[T; 8]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const T, lanes: usize) -> Self {
        if lanes == 8 {
            return unsafe { Self::load(from) };
        }
        let mut out = [T::ZERO; 8];
        for lane in 0..lanes {
            out[lane] = unsafe { *from.add(lane) };
        }
        Self(out)
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut T, lanes: usize) {
        if lanes == 8 {
            return unsafe { self.store(to) };
        }
        for lane in 0..lanes {
            unsafe { *to.add(lane) = self.0[lane] };
        }
    }

    #[inline(always)]
    unsafe fn prefetch(_: *const T) {}

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self {
        let mut out = summand.0;
        for lane in 0..8 {
            out[lane] += self.0[lane] * factor.0[lane];
        }
        Self(out)
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        let mut out = self.0;
        for lane in 0..8 {
            out[lane] += other.0[lane];
        }
        Self(out)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        let mut out = self.0;
        for lane in 0..8 {
            out[lane] = out[lane] - other.0[lane];
        }
        Self(out)
    }

    #[inline(always)]
    #[allow(clippy::eq_op, reason = "only a NaN differs from itself")]
    unsafe fn wins_over(self, other: Self) -> [bool; 8] {
        let mut out = [false; 8];
        for lane in 0..8 {
            out[lane] = self.0[lane] > other.0[lane] || self.0[lane] != self.0[lane];
        }
        out
    }

    #[inline(always)]
    unsafe fn not_positive(self) -> [bool; 8] {
        let mut out = [false; 8];
        for lane in 0..8 {
            out[lane] = self.0[lane] <= T::ZERO;
        }
        out
    }

    #[inline(always)]
    unsafe fn select(mask: [bool; 8], yes: Self, no: Self) -> Self {
        let mut out = no.0;
        for lane in 0..8 {
            if mask[lane] {
                out[lane] = yes.0[lane];
            }
        }
        Self(out)
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        let mut bytes = [0u8; 8];
        for lane in 0..8 {
            bytes[lane] = self.0[lane].to_f64() as u8;
        }
        unsafe { to.cast::<[u8; 8]>().write_unaligned(bytes) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        let bytes = unsafe { from.cast::<[u8; 8]>().read_unaligned() };
        let mut out = [T::ZERO; 8];
        for lane in 0..8 {
            out[lane] = T::from_f64(f64::from(bytes[lane]));
        }
        Self(out)
    }

    #[inline(always)]
    unsafe fn equals(self, other: Self) -> [bool; 8] {
        let mut out = [false; 8];
        for lane in 0..8 {
            out[lane] = self.0[lane] == other.0[lane];
        }
        out
    }
}
