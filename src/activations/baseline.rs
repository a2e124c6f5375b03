//! What can be decoded without a network: the pixels themselves.

use rayon::prelude::*;

use crate::models::LayerRows;
use crate::training::ImageStore;

/// Color channels of an image.
const CHANNELS: usize = 3;

/// A layer that is no network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Mean and standard deviation of each color channel over the pixels: what
    /// is left of an image without any shape or texture.
    PixelStats,
    /// The raw pixels, 0 to 1, as channel, row, column.
    Input,
}

impl Baseline {
    /// All baselines, from the least to the most of an image.
    pub const ALL: [Self; 2] = [Self::PixelStats, Self::Input];

    /// The name among layers.
    pub fn name(self) -> &'static str {
        match self {
            Self::PixelStats => "pixel_stats",
            Self::Input => "input",
        }
    }

    /// The baseline of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// Channels, where the numbers lie on a map of pixels.
    pub fn channels(self) -> Option<usize> {
        match self {
            Self::PixelStats => None,
            Self::Input => Some(CHANNELS),
        }
    }

    /// Numbers an image of so many pixels a side has.
    pub fn dim(self, side: usize) -> usize {
        match self {
            Self::PixelStats => 2 * CHANNELS,
            Self::Input => CHANNELS * side * side,
        }
    }

    /// A row for each of `indices`.
    ///
    /// ```
    /// use layerprobe::activations::Baseline;
    /// use layerprobe::training::ImageStore;
    ///
    /// // one image of two by two pixels: red 0, 255, 0, 255; green 51; blue 0
    /// let pixels = vec![0, 51, 0, 255, 51, 0, 0, 51, 0, 255, 51, 0];
    /// let images = ImageStore::new(2, pixels)?;
    /// let stats = Baseline::PixelStats.read(&images, &[0]);
    /// assert_eq!(stats.values, [0.5, 0.2, 0.0, 0.5, 0.0, 0.0]);
    /// let input = Baseline::Input.read(&images, &[0]);
    /// assert_eq!(input.values[..5], [0.0, 1.0, 0.0, 1.0, 0.2]);
    /// # Ok::<(), layerprobe::training::TrainingError>(())
    /// ```
    ///
    /// # Panics
    /// If an index is not an image's.
    pub fn read(self, images: &ImageStore, indices: &[usize]) -> LayerRows {
        let dim = self.dim(images.side());
        let mut values = vec![0f32; dim * indices.len()];
        values
            .par_chunks_exact_mut(dim)
            .zip(indices)
            .for_each(|(row, &index)| match self {
                Self::PixelStats => stats(images.image(index), row),
                Self::Input => planes(images.image(index), row),
            });
        LayerRows {
            name: self.name().to_owned(),
            dim,
            values,
        }
    }
}

/// Means of red, green, blue, then their deviations. The sums are whole
/// numbers: exact in any order.
fn stats(image: &[u8], row: &mut [f32]) {
    let pixels = (image.len() / CHANNELS).max(1) as f64;
    let (means, deviations) = row.split_at_mut(CHANNELS);
    for (channel, (mean, deviation)) in means.iter_mut().zip(deviations).enumerate() {
        let own = || image.iter().skip(channel).step_by(CHANNELS);
        let sum: u64 = own().map(|&x| u64::from(x)).sum();
        let squares: u64 = own().map(|&x| u64::from(x) * u64::from(x)).sum();
        let average = sum as f64 / pixels;
        let variance = (squares as f64 / pixels - average * average).max(0.0);
        *mean = (average / 255.0) as f32;
        *deviation = (variance.sqrt() / 255.0) as f32;
    }
}

fn planes(image: &[u8], row: &mut [f32]) {
    let area = (image.len() / CHANNELS).max(1);
    for (channel, plane) in row.chunks_exact_mut(area).enumerate() {
        let own = image.iter().skip(channel).step_by(CHANNELS);
        for (out, &x) in plane.iter_mut().zip(own) {
            *out = f32::from(x) / 255.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_the_pixels() {
        let pixels: Vec<u8> = (0..2 * 5 * 5 * 3).map(|x| (x * x % 251) as u8).collect();
        let images = ImageStore::new(5, pixels).unwrap();
        let stats = Baseline::PixelStats.read(&images, &[1, 0]);
        let input = Baseline::Input.read(&images, &[1, 0]);
        assert_eq!((stats.dim, input.dim), (6, 75));
        for (stats, input) in stats.values.chunks(6).zip(input.values.chunks(75)) {
            for (channel, plane) in input.chunks(25).enumerate() {
                let n = plane.len() as f32;
                let mean = plane.iter().sum::<f32>() / n;
                let variance = plane.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / n;
                assert!((stats[channel] - mean).abs() < 1e-6);
                assert!((stats[3 + channel] - variance.sqrt()).abs() < 1e-5);
            }
        }
        assert_eq!(input.values[3], f32::from(images.image(1)[9]) / 255.0);
    }

    #[test]
    fn names_lead_back() {
        for baseline in Baseline::ALL {
            assert_eq!(Baseline::of(baseline.name()), Some(baseline));
        }
        assert_eq!(Baseline::of("pool1"), None);
    }
}
