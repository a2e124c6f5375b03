#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::Real;
use super::lanes::Lanes;

/// What is applied to each output of a layer.
///
/// All of them keep the sign, so that a backward pass needs the output alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(x, 0)`; its gradient at 0 is 0. Not a number stays what it is.
    Relu,
    /// `x` where it is above 0, else `x` times this slope, which must be
    /// above 0.
    LeakyRelu(f64),
}

impl Activation {
    /// Applies it in place.
    pub fn forward<T: Real>(self, values: &mut [T]) {
        match self {
            Self::None => {}
            Self::Relu => {
                for value in values {
                    if *value <= T::ZERO {
                        *value = T::ZERO;
                    }
                }
            }
            Self::LeakyRelu(slope) => {
                let slope = T::from_f64(slope);
                for value in values {
                    if *value <= T::ZERO {
                        *value = *value * slope;
                    }
                }
            }
        }
    }

    /// Turns the gradient of the output into that of the input, in place.
    /// `output` is what the forward pass gave.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn backward<T: Real>(self, output: &[T], gradient: &mut [T]) {
        assert_eq!(output.len(), gradient.len(), "length of the gradient");
        let slope = match self {
            Self::None => return,
            Self::Relu => T::ZERO,
            Self::LeakyRelu(slope) => T::from_f64(slope),
        };
        for (gradient, &value) in gradient.iter_mut().zip(output) {
            if value <= T::ZERO {
                *gradient = *gradient * slope;
            }
        }
    }

    /// As [`forward`](Self::forward), for one vector.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(crate) unsafe fn apply<V: Lanes>(self, x: V) -> V {
        let zero = V::Scalar::from_f64(0.0);
        // SAFETY: as the caller says.
        unsafe {
            match self {
                Self::None => x,
                Self::Relu => V::select(x.not_positive(), V::splat(zero), x),
                Self::LeakyRelu(slope) => {
                    let slope = V::splat(V::Scalar::from_f64(slope));
                    V::select(x.not_positive(), x.mul_add(slope, V::splat(zero)), x)
                }
            }
        }
    }

    /// As [`backward`](Self::backward), for one vector.
    ///
    /// # Safety
    /// As [`Lanes`].
    #[inline(always)]
    pub(crate) unsafe fn slope<V: Lanes>(self, output: V, gradient: V) -> V {
        let zero = V::Scalar::from_f64(0.0);
        // SAFETY: as the caller says.
        unsafe {
            match self {
                Self::None => gradient,
                Self::Relu => V::select(output.not_positive(), V::splat(zero), gradient),
                Self::LeakyRelu(slope) => {
                    let slope = V::splat(V::Scalar::from_f64(slope));
                    let less = gradient.mul_add(slope, V::splat(zero));
                    V::select(output.not_positive(), less, gradient)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_gradients_are_pytorchs() {
        let x = [-2.0f32, -0.0, 0.0, 3.0, f32::NEG_INFINITY];
        let run = |activation: Activation| {
            let (mut y, mut gradient) = (x, [5.0; 5]);
            activation.forward(&mut y);
            activation.backward(&y, &mut gradient);
            (y, gradient)
        };
        assert_eq!(run(Activation::None), (x, [5.0; 5]));
        assert_eq!(
            run(Activation::Relu),
            ([0.0, 0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 5.0, 0.0])
        );
        assert_eq!(
            run(Activation::LeakyRelu(0.5)),
            (
                [-1.0, 0.0, 0.0, 3.0, f32::NEG_INFINITY],
                [2.5, 2.5, 2.5, 5.0, 2.5]
            )
        );
        for activation in [Activation::Relu, Activation::LeakyRelu(0.1)] {
            let mut y = [f32::NAN];
            activation.forward(&mut y);
            assert!(y[0].is_nan());
        }
    }
}
