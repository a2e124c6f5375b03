use std::ops::{Deref, DerefMut};

use super::Real;

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// A buffer that starts at a cache line; a slice of numbers otherwise.
///
/// A vector that straddles two lines costs twice: written to memory, a 1 x 1
/// convolution loses a quarter of its speed. Kernels take any slice; networks
/// keep their images and gradients in these.
///
/// ```
/// use layerprobe::nn::Aligned;
///
/// let mut images = Aligned::<f32>::zeros(100);
/// images[3] = 1.0;
/// assert_eq!(images.len(), 100);
/// assert_eq!(images.as_ptr() as usize % 64, 0);
/// ```
#[derive(Debug, Default)]
pub struct Aligned<T> {
    storage: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Real> Aligned<T> {
    /// A buffer of zeros.
    pub fn zeros(len: usize) -> Self {
        let slack = LINE / size_of::<T>();
        let storage = vec![T::ZERO; len + slack];
        // where alignment cannot be had, any start is right, only slower
        let start = storage.as_ptr().align_offset(LINE).min(slack);
        Self {
            storage,
            start,
            len,
        }
    }

    /// Takes a new length. Longer than ever, it starts anew with zeros; else
    /// what was there stays.
    pub fn set_len(&mut self, len: usize) {
        if self.start + len > self.storage.len() {
            *self = Self::zeros(len);
        }
        self.len = len;
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_at_a_cache_line() {
        for len in [0, 1, 17, 4096] {
            let buffer = Aligned::<f32>::zeros(len);
            assert_eq!(buffer.as_ptr() as usize % LINE, 0);
            assert!(buffer.len() == len && buffer.iter().all(|x| *x == 0.0));
        }
        let mut buffer = Aligned::<f64>::default();
        assert!(buffer.is_empty());
        buffer.set_len(3);
        buffer[2] = 5.0;
        buffer.set_len(3);
        assert_eq!(*buffer, [0.0, 0.0, 5.0]);
        buffer.set_len(2);
        assert_eq!(*buffer, [0.0, 0.0]);
        buffer.set_len(3);
        assert_eq!(*buffer, [0.0, 0.0, 5.0]);
    }
}
