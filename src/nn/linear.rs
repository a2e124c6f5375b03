use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};

use super::{Activation, Real};

/// `y = activation(x weight^T + bias)`.
///
/// `x` is `[n, inputs]`, `weight` PyTorch's `[outputs, inputs]`, all in row
/// order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Numbers a row of the input has.
    pub inputs: usize,
    /// Numbers a row of the output has.
    pub outputs: usize,
    /// What is applied to each output.
    pub activation: Activation,
}

/// What a backward pass writes; all are overwritten.
#[derive(Debug)]
pub struct LinearGradient<'a, T> {
    /// Gradient of the weight, `[outputs, inputs]`.
    pub weight: &'a mut [T],
    /// Gradient of the bias.
    pub bias: &'a mut [T],
    /// Gradient of the input, `[n, inputs]`, or `None` where nobody needs it.
    pub input: Option<&'a mut [T]>,
}

impl Linear {
    /// The forward pass of a batch.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward<T: Real>(&self, x: &[T], weight: &[T], bias: &[T], y: &mut [T]) {
        let n = self.rows(x);
        assert_eq!(bias.len(), self.outputs, "length of the bias");
        assert_eq!(y.len(), n * self.outputs, "length of the output");
        for row in y.chunks_exact_mut(self.outputs) {
            row.copy_from_slice(bias);
        }
        matmul(
            MatMut::row_major(y, n, self.outputs),
            T::ONE,
            MatRef::row_major(x, n, self.inputs),
            MatRef::row_major(weight, self.outputs, self.inputs).t(),
            T::ONE,
            Threads::Pool,
        );
        self.activation.forward(y);
    }

    /// The backward pass of a batch. `y` is the forward pass's output;
    /// `out_gradient` is the gradient of `y` and is overwritten with that of
    /// the sums before the activation.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn backward<T: Real>(
        &self,
        x: &[T],
        weight: &[T],
        y: &[T],
        out_gradient: &mut [T],
        gradient: LinearGradient<'_, T>,
    ) {
        let n = self.rows(x);
        assert_eq!(out_gradient.len(), y.len(), "length of the gradient");
        assert_eq!(y.len(), n * self.outputs, "length of the output");
        assert_eq!(gradient.bias.len(), self.outputs, "length of the bias");
        self.activation.backward(y, out_gradient);
        gradient.bias.fill(T::ZERO);
        for row in out_gradient.chunks_exact(self.outputs) {
            for (sum, &slope) in gradient.bias.iter_mut().zip(row) {
                *sum += slope;
            }
        }
        matmul(
            MatMut::row_major(gradient.weight, self.outputs, self.inputs),
            T::ZERO,
            MatRef::row_major(out_gradient, n, self.outputs).t(),
            MatRef::row_major(x, n, self.inputs),
            T::ONE,
            Threads::Pool,
        );
        if let Some(input) = gradient.input {
            matmul(
                MatMut::row_major(input, n, self.inputs),
                T::ZERO,
                MatRef::row_major(out_gradient, n, self.outputs),
                MatRef::row_major(weight, self.outputs, self.inputs),
                T::ONE,
                Threads::Pool,
            );
        }
    }

    fn rows<T>(&self, x: &[T]) -> usize {
        let n = x.len() / self.inputs;
        assert_eq!(x.len(), n * self.inputs, "whole rows of the input");
        n
    }
}
