//! Memory of parallel tasks, and the sum of what each of them found.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::nn::Real;
use crate::nn::aligned::Aligned;

/// A scratch buffer of zeros in the right places, from the pool if it has one.
pub(super) fn take<T: Real>(pool: &Mutex<Vec<Aligned<T>>>, len: usize) -> Aligned<T> {
    let kept = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
    match kept {
        Some(buffer) if buffer.len() == len => buffer,
        _ => Aligned::zeros(len),
    }
}

/// Keeps a scratch buffer for the next task of the same block.
pub(super) fn give_back<T>(pool: &Mutex<Vec<Aligned<T>>>, buffer: Aligned<T>) {
    pool.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(buffer);
}

/// Adds up the rows of `partial`, first to last, into the first.
pub(super) fn sum_in_order<T: Real>(partial: &mut [T], len: usize) -> &[T] {
    /// Elements a task sums: all rows of a piece stay in the cache.
    const PIECE: usize = 4096;
    if partial.is_empty() {
        return partial;
    }
    let (total, rest) = partial.split_at_mut(len);
    total
        .par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, total)| {
            for row in rest.chunks_exact(len) {
                let addends = &row[piece * PIECE..piece * PIECE + total.len()];
                for (sum, &addend) in total.iter_mut().zip(addends) {
                    *sum += addend;
                }
            }
        });
    total
}
