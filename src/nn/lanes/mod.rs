//! Vectors of the processor, behind one small trait.
//!
//! A kernel is written once, generic over [`Lanes`], and compiled once for
//! each implementation; [`Real::dispatch`](crate::nn::Real) picks one when the
//! program runs. So no build flags are needed, and a machine without AVX-512
//! runs the same kernels on narrower vectors.

#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

use crate::nn::Real;

/// A vector of [`COUNT`](Lanes::COUNT) scalars in registers.
///
/// # Safety
/// Methods may use instructions the processor lacks: they are called only
/// from a function that enables those instructions and that was chosen after
/// asking the processor. Pointers must be valid for `COUNT` elements,
/// or for as many as the method says.
#[allow(clippy::missing_safety_doc, reason = "stated once, for all methods")]
pub(crate) trait Lanes: Copy {
    /// The type of one lane.
    type Scalar: Real;
    /// One truth value a lane.
    type Mask: Copy;

    /// Lanes in a vector.
    const COUNT: usize;
    /// Whether there are registers for 8 x 2 accumulators (32 registers) or
    /// only for 4 x 2 (16 registers).
    const MANY_REGISTERS: bool;

    /// The same value in every lane.
    unsafe fn splat(value: Self::Scalar) -> Self;
    /// Reads `COUNT` scalars, at any alignment.
    unsafe fn load(from: *const Self::Scalar) -> Self;
    /// Writes `COUNT` scalars, at any alignment.
    unsafe fn store(self, to: *mut Self::Scalar);
    /// Reads the first `lanes` scalars, at most `COUNT`; the others are 0.
    unsafe fn load_part(from: *const Self::Scalar, lanes: usize) -> Self;
    /// Writes the first `lanes` scalars, at most `COUNT`.
    unsafe fn store_part(self, to: *mut Self::Scalar, lanes: usize);
    /// Asks for the cache line of an address, which need not be valid.
    unsafe fn prefetch(at: *const Self::Scalar);
    /// `self * factor + summand`.
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;
    /// True where `self > other`, or `self` is not a number: what makes a
    /// value win a maximum.
    unsafe fn wins_over(self, other: Self) -> Self::Mask;
    /// True where `self <= 0`; false where it is not a number.
    unsafe fn not_positive(self) -> Self::Mask;
    /// `yes` where the mask is true, `no` elsewhere.
    unsafe fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Writes the lanes as bytes; they hold whole numbers from 0 to 255.
    unsafe fn store_bytes(self, to: *mut u8);
    /// Reads `COUNT` bytes as whole numbers.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// True where both lanes are equal.
    unsafe fn equals(self, other: Self) -> Self::Mask;
}
