use layerprobe_streams::StreamKey;

use super::Trifeature;
use crate::GeneratorError;

/// The sizes of a Trifeature set, not checked yet.
///
/// The defaults are the paper's: 224 px images with an object of 128 px,
/// textures that repeat every 10 px. The paper renders 100 exemplars a
/// combination for its correlated sets, and the sizes of its uncorrelated sets
/// (3430 and 3570) follow from 10.
///
/// ```
/// use layerprobe_generators::{StimulusSet, TrifeatureParams};
/// use layerprobe_streams::StreamKey;
///
/// let quick = TrifeatureParams { image_size: 64, object_size: 40, texture_period: 6, exemplars: 10 };
/// let set = quick.check(StreamKey::from_seed(0).derive("data/render"))?;
/// assert_eq!(set.len(), 10_000);
/// assert_eq!(set.stem(0), "triangle_solid_red_0");
/// let mut rgb = vec![0; 3 * 64 * 64];
/// set.render_into(0, &mut rgb);
/// # Ok::<(), layerprobe_generators::GeneratorError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrifeatureParams {
    /// Side of the image in pixels.
    pub image_size: usize,
    /// Side of the box a shape is drawn in, before it is turned, in pixels.
    pub object_size: usize,
    /// Distance after which a texture repeats, in pixels.
    pub texture_period: usize,
    /// Renderings of each of the 1000 combinations.
    pub exemplars: usize,
}

impl Default for TrifeatureParams {
    fn default() -> Self {
        Self {
            image_size: 224,
            object_size: 128,
            texture_period: 10,
            exemplars: 10,
        }
    }
}

/// The largest image; keeps coordinates exact to a hundredth of a pixel in f32.
const LARGEST_IMAGE: usize = 4096;
/// The smallest object: less than that and shapes are blots.
const SMALLEST_OBJECT: usize = 16;
/// The smallest period: thinner lines are below half a pixel of ink.
const SMALLEST_PERIOD: usize = 5;
/// The most exemplars; stems and indices stay short.
const MOST_EXEMPLARS: usize = 100_000;

impl TrifeatureParams {
    /// The set with these sizes whose properties are drawn from `key`.
    ///
    /// # Errors
    /// If the object cannot be turned by 45 degrees within the image
    /// (`image_size < sqrt(2) * object_size`), if it does not hold two periods
    /// of the texture, or if a size is out of range.
    pub fn check(self, key: StreamKey) -> Result<Trifeature, GeneratorError> {
        in_range(
            "exemplars",
            self.exemplars,
            1..=MOST_EXEMPLARS,
            "every combination needs at least one exemplar",
        )?;
        in_range(
            "image_size",
            self.image_size,
            1..=LARGEST_IMAGE,
            "larger images are not drawn accurately",
        )?;
        in_range(
            "object_size",
            self.object_size,
            SMALLEST_OBJECT..=LARGEST_IMAGE,
            "the shapes of smaller objects cannot be told apart",
        )?;
        let needed = (self.object_size as f64 * std::f64::consts::SQRT_2).ceil() as usize;
        if self.image_size < needed {
            return Err(GeneratorError::ObjectTooLarge {
                object_size: self.object_size,
                image_size: self.image_size,
                needed,
            });
        }
        in_range(
            "texture_period",
            self.texture_period,
            SMALLEST_PERIOD..=self.object_size / 2,
            "lines need a pixel of width and the object needs two periods: \
             change texture_period or raise object_size",
        )?;
        Ok(Trifeature::new(self, key))
    }
}

fn in_range(
    what: &'static str,
    value: usize,
    range: std::ops::RangeInclusive<usize>,
    why: &'static str,
) -> Result<(), GeneratorError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(GeneratorError::OutOfRange {
        what,
        value,
        least: *range.start(),
        most: *range.end(),
        why,
    })
}
