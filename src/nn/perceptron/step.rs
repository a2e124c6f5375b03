//! Passes over a batch, on the widest vectors there are.

#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::batch::ROWS;
use super::panels::padded;
use super::{Perceptron, PerceptronBatch};
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// Rows of a tile where registers are few.
const FEW: usize = 4;

pub(super) fn forward<T: Real>(network: &Perceptron<T>, batch: &mut PerceptronBatch<T>) {
    T::dispatch(network.processor, Forward { network, batch });
}

pub(super) fn descend<T: Real>(
    network: &mut Perceptron<T>,
    batch: &mut PerceptronBatch<T>,
    rate: T,
) {
    forward(network, batch);
    batch.slopes_of_loss();
    T::dispatch(
        network.processor,
        Backward {
            network,
            batch,
            rate,
        },
    );
}

struct Forward<'a, T> {
    network: &'a Perceptron<T>,
    batch: &'a mut PerceptronBatch<T>,
}

struct Backward<'a, T> {
    network: &'a mut Perceptron<T>,
    batch: &'a mut PerceptronBatch<T>,
    rate: T,
}

impl<T: Real> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let Self { network, batch } = self;
        let activation = Activation::LeakyRelu(network.spec.slope);
        for (number, hidden) in network.hidden.iter().enumerate() {
            let (below, above) = batch.layers.split_at_mut(number + 1);
            if let (Some(x), Some(y)) = (below.last(), above.first_mut()) {
                // SAFETY: rows are in groups of `ROWS`, panels as wide as the
                // processor's block; the rest is the caller's word.
                unsafe {
                    match V::MANY_REGISTERS {
                        true => hidden.forward::<V, ROWS>(x, y, batch.rows, activation),
                        false => hidden.forward::<V, FEW>(x, y, batch.rows, activation),
                    }
                }
            }
        }
        if let Some(x) = batch.layers.last() {
            // SAFETY: as above.
            unsafe { network.head.forward::<V>(x, &mut batch.logits, batch.rows) }
        }
    }
}

impl<T: Real> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let Self {
            network,
            batch,
            rate,
        } = self;
        let (rows, block) = (batch.rows, 2 * V::COUNT);
        let activation = Activation::LeakyRelu(network.spec.slope);
        let numbers = |width: usize| rows * padded(width, block);
        let [mut slopes, mut below] = batch.slopes.each_mut();
        // SAFETY: as in `Forward`. What is handed down is so before the
        // weights that it is handed through move.
        unsafe {
            if let (Some(x), Some(width)) = (batch.layers.last(), network.spec.hidden.last()) {
                let slopes = &mut slopes[..numbers(*width)];
                let head = &mut network.head;
                head.hand_down::<V>(&batch.of_logits, x, slopes, rows, activation);
                head.learn::<V>(x, &batch.of_logits, rows, rate);
            }
            let widths = &network.spec.hidden;
            for (number, hidden) in network.hidden.iter_mut().enumerate().rev() {
                let (x, own) = (&batch.layers[number], numbers(widths[number]));
                if let Some(lower) = number.checked_sub(1) {
                    let (slopes, below) = (&slopes[..own], &mut below[..numbers(widths[lower])]);
                    match V::MANY_REGISTERS {
                        true => hidden.hand_down::<V, ROWS>(slopes, x, below, rows, activation),
                        false => hidden.hand_down::<V, FEW>(slopes, x, below, rows, activation),
                    }
                }
                match V::MANY_REGISTERS {
                    true => hidden.learn::<V, ROWS>(x, &slopes[..own], rows, rate),
                    false => hidden.learn::<V, FEW>(x, &slopes[..own], rows, rate),
                }
                std::mem::swap(&mut slopes, &mut below);
            }
        }
    }
}
