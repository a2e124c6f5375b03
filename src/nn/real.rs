#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use layerprobe_linalg::Element;

use super::lanes::{Lanes, Portable};

/// A kernel written for any vector type; [`Real::dispatch`] runs it on the
/// widest one the processor has.
pub(crate) trait Kernel<T: Real> {
    /// Does the work.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`, and the caller must
    /// enable them (`target_feature`). Implementations are `#[inline(always)]`.
    unsafe fn run<V: Lanes<Scalar = T>>(self);
}

/// The instruction sets kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Processor {
    /// AVX-512F, BW and VL: 32 registers of 16 `f32`.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 and FMA: 16 registers of 8 `f32`.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the target has.
    Portable,
}

impl Processor {
    /// All that this machine can run, the fastest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
            {
                found.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                found.push(Self::Avx2);
            }
        }
        found.push(Self::Portable);
        found
    }

    /// The fastest that this machine can run.
    pub(crate) fn best() -> Self {
        use std::sync::OnceLock;
        static BEST: OnceLock<Processor> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().first().copied().unwrap_or(Self::Portable))
    }
}

/// The instructions that networks are computed with on this machine, in words: others
/// add up in another order, and give other bytes.
pub fn instructions() -> &'static str {
    match Processor::best() {
        #[cfg(target_arch = "x86_64")]
        Processor::Avx512 => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        Processor::Avx2 => "AVX2",
        Processor::Portable => "portable",
    }
}

/// The element types networks are computed in: `f32` for work, `f64` for
/// tests. Sealed, as [`Element`] is.
#[allow(
    private_interfaces,
    reason = "kernels and processors are chosen inside"
)]
pub trait Real:
    Element
    + Default
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Sum
    + std::fmt::Debug
{
    /// Multiplicative identity.
    const ONE: Self;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value in `f64`.
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// e to the power of this.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;

    /// Channels a kernel computes at once on `processor`: two vectors.
    #[doc(hidden)]
    fn channel_block(processor: Processor) -> usize;
    /// Runs a kernel on the vectors of `processor`.
    #[doc(hidden)]
    #[allow(private_bounds, reason = "as the trait says")]
    fn dispatch<K: Kernel<Self>>(processor: Processor, kernel: K);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
fn on_avx512<K: Kernel<f32>>(kernel: K) {
    // SAFETY: this function enables the instructions of `Avx512`, and can be
    // called only where the processor has them.
    unsafe { kernel.run::<super::lanes::Avx512>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn on_avx2<K: Kernel<f32>>(kernel: K) {
    // SAFETY: as for `on_avx512`.
    unsafe { kernel.run::<super::lanes::Avx2>() }
}

#[allow(private_interfaces, private_bounds, reason = "as in the trait")]
impl Real for f32 {
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn ln(self) -> Self {
        self.ln()
    }

    #[inline]
    fn channel_block(processor: Processor) -> usize {
        match processor {
            #[cfg(target_arch = "x86_64")]
            Processor::Avx512 => 32,
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2 => 16,
            Processor::Portable => 16,
        }
    }

    fn dispatch<K: Kernel<Self>>(processor: Processor, kernel: K) {
        // SAFETY: a `Processor` comes from `Processor::available`, which asked
        // the machine; portable code needs nothing.
        unsafe {
            match processor {
                #[cfg(target_arch = "x86_64")]
                Processor::Avx512 => on_avx512(kernel),
                #[cfg(target_arch = "x86_64")]
                Processor::Avx2 => on_avx2(kernel),
                Processor::Portable => kernel.run::<Portable<f32>>(),
            }
        }
    }
}

#[allow(private_interfaces, private_bounds, reason = "as in the trait")]
impl Real for f64 {
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn ln(self) -> Self {
        self.ln()
    }

    fn channel_block(_: Processor) -> usize {
        16
    }

    fn dispatch<K: Kernel<Self>>(_: Processor, kernel: K) {
        // SAFETY: portable code needs no special instructions.
        unsafe { kernel.run::<Portable<f64>>() }
    }
}
