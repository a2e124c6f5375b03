use serde::{Deserialize, Serialize};

use super::ImageStore;

/// What is taken off each color channel, and what the rest is divided by, with
/// pixels running from 0 to 1: `(value / 255 - mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// Mean of red, green and blue.
    pub mean: [f32; 3],
    /// Standard deviation of red, green and blue.
    pub std: [f32; 3],
}

impl Normalization {
    /// Leaves pixels between 0 and 1.
    pub const IDENTITY: Self = Self {
        mean: [0.0; 3],
        std: [1.0; 3],
    };

    /// Mean and (population) standard deviation of each channel over all
    /// pixels of the named images. A channel that never varies gets a
    /// deviation of 1.
    ///
    /// Summed as whole numbers, so exactly, then computed in `f64`.
    ///
    /// # Panics
    /// If an index is not an image's.
    pub fn of(store: &ImageStore, indices: &[usize]) -> Self {
        let (mut sums, mut squares) = ([0u64; 3], [0u64; 3]);
        for &index in indices {
            for pixel in store.image(index).chunks_exact(3) {
                for (channel, &value) in pixel.iter().enumerate() {
                    sums[channel] += u64::from(value);
                    squares[channel] += u64::from(value) * u64::from(value);
                }
            }
        }
        let pixels = (indices.len() * store.side() * store.side()).max(1) as f64;
        let mut out = Self::IDENTITY;
        for channel in 0..3 {
            let mean = sums[channel] as f64 / pixels / 255.0;
            let square = squares[channel] as f64 / pixels / (255.0 * 255.0);
            let variance = square - mean * mean;
            out.mean[channel] = mean as f32;
            // below the rounding of the subtraction there is no variation
            if variance > 1e-12 {
                out.std[channel] = variance.sqrt() as f32;
            }
        }
        out
    }

    /// The normalized value of each byte, by channel.
    pub(crate) fn table(&self) -> [[f32; 256]; 3] {
        let mut table = [[0.0; 256]; 3];
        for (channel, values) in table.iter_mut().enumerate() {
            let mean = f64::from(self.mean[channel]);
            let std = f64::from(self.std[channel]);
            for (byte, value) in values.iter_mut().enumerate() {
                *value = ((byte as f64 / 255.0 - mean) / std) as f32;
            }
        }
        table
    }
}
