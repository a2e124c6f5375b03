use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use rayon::prelude::*;

use super::{place, twin_stem};
use crate::{GeneratorError, StimulusSet};

/// Writes the stimuli under their stems.
pub fn write(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    dir: &Path,
    progress: &(dyn Fn() + Sync),
) -> Result<(), GeneratorError> {
    write_each(set, stimuli, progress, |index, rgb| {
        set.render_into(index, rgb);
        dir.join(set.stem(index) + ".png")
    })
}

/// Writes a twin of each of the stimuli.
pub fn write_twins(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    feature: usize,
    dir: &Path,
    progress: &(dyn Fn() + Sync),
) -> Result<(), GeneratorError> {
    write_each(set, stimuli, progress, |index, rgb| {
        set.render_twin_into(index, feature, set.twin_value(index, feature), rgb);
        dir.join(twin_stem(set, index, feature) + ".png")
    })
}

/// Lets `draw` fill an image for each stimulus and say where it goes.
fn write_each(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    progress: &(dyn Fn() + Sync),
    draw: impl Fn(usize, &mut [u8]) -> std::path::PathBuf + Sync,
) -> Result<(), GeneratorError> {
    let size = set.image_size();
    stimuli.par_iter().try_for_each_init(
        || vec![0; 3 * size * size],
        |rgb, &index| {
            let path = draw(index, rgb);
            let mut png = Vec::new();
            let side = size as u32;
            PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
                .write_image(rgb, side, side, ExtendedColorType::Rgb8)
                .map_err(|source| GeneratorError::Encode {
                    path: path.clone(),
                    source,
                })?;
            place::write(&path, &png)?;
            progress();
            Ok(())
        },
    )
}
