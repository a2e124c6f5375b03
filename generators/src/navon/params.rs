use layerprobe_streams::StreamKey;

use super::Navon;
use crate::GeneratorError;

/// What the drawn angle of the small letters is measured from.
///
/// The paper says that both letters are turned independently; its script turns
/// the small letters by the sum of both draws. Both readings can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextureAngle {
    /// From the large letter, as in the authors' script: angles in the image
    /// reach 90 degrees and are correlated with the large letter's.
    #[default]
    Relative,
    /// From the image: independent of the large letter's angle.
    Absolute,
}

/// The sizes of a Navon set, not checked yet; the defaults are the paper's.
///
/// ```
/// use layerprobe_generators::{NavonParams, StimulusSet};
/// use layerprobe_streams::StreamKey;
///
/// let set = NavonParams::default().check(StreamKey::from_seed(0).derive("data/render"))?;
/// assert_eq!(set.len(), 3250);
/// assert_eq!(set.stem(0), "A_B_0");
/// # Ok::<(), layerprobe_generators::GeneratorError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NavonParams {
    /// Side of the image in pixels.
    pub image_size: usize,
    /// Em of the large letter in pixels (Pillow's font size).
    pub large_size: usize,
    /// Em of the small letters in pixels.
    pub small_size: usize,
    /// What the small letters' angle is measured from.
    pub texture_angle: TextureAngle,
}

impl Default for NavonParams {
    fn default() -> Self {
        Self {
            image_size: 224,
            large_size: 200,
            small_size: 8,
            texture_angle: TextureAngle::default(),
        }
    }
}

const LARGEST_IMAGE: usize = 4096;
/// Capitals of a smaller em are less than 5 px tall.
const SMALLEST_EM: usize = 7;
/// Ems of the small letter in an em of the large one at which a stroke of the
/// large letter, 0.14 em, is as wide as a small letter.
const LEAST_RATIO: usize = 8;

impl NavonParams {
    /// The set with these sizes whose properties are drawn from `key`.
    ///
    /// The large letter must fit into the image upright and in the middle
    /// (`large_size <= image_size`: the widest letter takes 0.94 em). Turned
    /// and shifted it may reach over the image's edge and is cut there, as in
    /// the paper, whose sizes leave no room for more.
    ///
    /// # Errors
    /// If the large letter does not fit into the image, or its strokes do not
    /// hold the small letters, or the small letters are too small to read.
    pub fn check(self, key: StreamKey) -> Result<Navon, GeneratorError> {
        let out_of_range = |what, value, least, most, why| {
            Err(GeneratorError::OutOfRange {
                what,
                value,
                least,
                most,
                why,
            })
        };
        if self.image_size > LARGEST_IMAGE || self.image_size < SMALLEST_EM * LEAST_RATIO {
            return out_of_range(
                "image_size",
                self.image_size,
                SMALLEST_EM * LEAST_RATIO,
                LARGEST_IMAGE,
                "a letter of legible letters takes that much",
            );
        }
        if self.large_size > self.image_size || self.large_size < SMALLEST_EM * LEAST_RATIO {
            return out_of_range(
                "large_letter",
                self.large_size,
                SMALLEST_EM * LEAST_RATIO,
                self.image_size,
                "the large letter must fit into image_size and hold legible small letters",
            );
        }
        if self.small_size < SMALLEST_EM || self.small_size > self.large_size / LEAST_RATIO {
            return out_of_range(
                "small_letter",
                self.small_size,
                SMALLEST_EM,
                self.large_size / LEAST_RATIO,
                "small letters must be legible and fit into the strokes of large_letter",
            );
        }
        Navon::new(self, key)
    }
}
