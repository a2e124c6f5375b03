use layerprobe_streams::StreamKey;
use rayon::prelude::*;
use thiserror::Error;

use super::Real;

/// Inverted dropout: in training, each number becomes 0 with a probability
/// `p`, and is multiplied by `1 / (1 - p)` otherwise. In eval mode it is not
/// run at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
}

/// A probability with which nothing would be left, or that is none.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[error("dropout with a probability of {probability}; it must be at least 0 and below 1")]
pub struct DropoutError {
    /// What was asked for.
    pub probability: f64,
}

impl Dropout {
    /// Dropout of a given probability.
    ///
    /// # Errors
    /// If it is not at least 0 and below 1.
    pub fn new(probability: f64) -> Result<Self, DropoutError> {
        match probability {
            p if (0.0..1.0).contains(&p) => Ok(Self { probability }),
            _ => Err(DropoutError { probability }),
        }
    }

    /// The probability with which a number becomes 0.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    /// The forward pass of a batch in place: `x` is `[n, row]`. Row `i` draws
    /// from the stream `key.at(i)`, so that the same key gives the same mask
    /// whatever the number of threads; `mask`, of the length of `x`, notes with
    /// 1 what was kept.
    ///
    /// # Panics
    /// If `x` does not hold whole rows, or the mask has another length.
    pub fn forward<T: Real>(&self, x: &mut [T], row: usize, key: StreamKey, mask: &mut [u8]) {
        assert_eq!(x.len() % row.max(1), 0, "whole rows");
        assert_eq!(x.len(), mask.len(), "length of the mask");
        mask.par_chunks_mut(row.max(1))
            .enumerate()
            .for_each(|(at, mask)| {
                let mut stream = key.at(at as u64);
                for kept in mask {
                    *kept = u8::from(!stream.bernoulli(self.probability));
                }
            });
        self.scale(x, mask);
    }

    /// Turns the gradient of the output into that of the input, in place.
    ///
    /// # Panics
    /// If the mask has another length.
    pub fn backward<T: Real>(&self, mask: &[u8], gradient: &mut [T]) {
        self.scale(gradient, mask);
    }

    fn scale<T: Real>(&self, values: &mut [T], mask: &[u8]) {
        assert_eq!(values.len(), mask.len(), "length of the mask");
        let factor = T::from_f64(1.0 / (1.0 - self.probability));
        for (value, &kept) in values.iter_mut().zip(mask) {
            *value = if kept == 0 { T::ZERO } else { *value * factor };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_about_its_share_and_the_mean() {
        let dropout = Dropout::new(0.3).unwrap();
        let key = StreamKey::from_seed(1).derive("train/dropout");
        let mut x = vec![1.0f64; 100 * 200];
        let mut mask = vec![7; x.len()];
        dropout.forward(&mut x, 200, key, &mut mask);
        let kept = mask.iter().filter(|kept| **kept == 1).count();
        assert!(mask.iter().all(|kept| *kept <= 1));
        // five standard deviations of a binomial
        assert!((kept as f64 - 14000.0).abs() < 5.0 * (20000.0f64 * 0.21).sqrt());
        for (x, kept) in x.iter().zip(&mask) {
            assert_eq!(*x, if *kept == 1 { 1.0 / 0.7 } else { 0.0 });
        }
        let mut gradient = vec![2.0; x.len()];
        dropout.backward(&mask, &mut gradient);
        assert!(gradient.iter().zip(&x).all(|(g, x)| *g == 2.0 * x));
        // rows have streams of their own
        assert_ne!(mask[..200], mask[200..400]);
    }

    #[test]
    fn the_mask_depends_on_the_key_alone() {
        let dropout = Dropout::new(0.5).unwrap();
        let key = StreamKey::from_seed(1);
        let run = |threads: usize, key: StreamKey| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let (mut x, mut mask) = (vec![1.0f32; 640], vec![0; 640]);
            pool.install(|| dropout.forward(&mut x, 10, key, &mut mask));
            mask
        };
        let one = run(1, key);
        assert_eq!(one, run(2, key));
        assert_eq!(one, run(3, key));
        assert_ne!(one, run(1, key.derive("other")));
    }

    #[test]
    fn none_at_all_changes_nothing_and_bad_probabilities_are_refused() {
        let (mut x, mut mask) = (vec![f32::NAN, -0.5, 3.0], vec![0; 3]);
        let none = Dropout::new(0.0).unwrap();
        none.forward(&mut x, 3, StreamKey::from_seed(0), &mut mask);
        assert!(x[0].is_nan() && x[1..] == [-0.5, 3.0]);
        for bad in [-0.1, 1.0, f64::NAN] {
            assert!(Dropout::new(bad).is_err());
        }
    }
}
