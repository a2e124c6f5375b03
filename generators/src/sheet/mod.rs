//! A labelled contact sheet: every value of every feature, for a person to
//! look at.

mod lettering;
mod tile;

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use crate::{Feature, GeneratorError, StimulusSet};
use lettering::Lettering;
use tile::{TILE_GAP, tile_side};

/// Tiles side by side; features with more values take several lines.
const COLUMNS: usize = 13;
/// Em of the names under the tiles and of the headings, in pixels.
const NAME_EM: f64 = 17.0;
const HEADING_EM: f64 = 24.0;
const MARGIN: u32 = 16;

/// Draws the contact sheet of a set.
///
/// A band for each feature, a column for each of its values. The upper tile
/// of a column is the set's plainest stimulus with that value put in and all
/// else equal; the tiles below are stimuli of the set that have the value,
/// with differing values of the other features. Small images are enlarged by
/// whole factors, large ones shrunk.
///
/// # Errors
/// If the embedded font cannot be read.
///
/// ```
/// use layerprobe_generators::{TrifeatureParams, sheet};
/// use layerprobe_streams::StreamKey;
///
/// let quick = TrifeatureParams { image_size: 64, object_size: 40, texture_period: 6, exemplars: 10 };
/// let set = quick.check(StreamKey::from_seed(0))?;
/// let sheet = sheet::draw(&set)?;
/// assert!(sheet.width() > 10 * 64);
/// # Ok::<(), layerprobe_generators::GeneratorError>(())
/// ```
pub fn draw(set: &dyn StimulusSet) -> Result<RgbImage, GeneratorError> {
    let lettering = Lettering::new()?;
    let side = tile_side(set.image_size());
    let widest = set.features().iter().map(|f| f.values.len()).max();
    let columns = widest.unwrap_or(1).clamp(1, COLUMNS) as u32;
    let title = format!(
        "{}: {} stimuli of {size} x {size} px",
        set.dataset(),
        set.len(),
        size = set.image_size()
    );
    let heights = set
        .features()
        .iter()
        .map(|feature| band_height(feature, side));
    let width = 2 * MARGIN + columns * (side + TILE_GAP);
    let height = 2 * MARGIN + heading_height() + heights.sum::<u32>();
    let wide_enough = width.max(2 * MARGIN + lettering.width(&title, HEADING_EM));
    let mut sheet = RgbImage::from_pixel(wide_enough, height, Rgb([255; 3]));

    let mut top = MARGIN;
    lettering.write(&mut sheet, [MARGIN, top], HEADING_EM, &title);
    top += heading_height();
    for (number, feature) in set.features().iter().enumerate() {
        draw_band(set, number, &mut sheet, top, &lettering);
        top += band_height(feature, side);
    }
    Ok(sheet)
}

/// The contact sheet of a set as the bytes of a PNG file.
///
/// # Errors
/// As [`draw`].
pub fn png(set: &dyn StimulusSet) -> Result<Vec<u8>, GeneratorError> {
    let mut bytes = Cursor::new(Vec::new());
    draw(set)?
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|source| GeneratorError::Encode {
            path: "the contact sheet".into(),
            source,
        })?;
    Ok(bytes.into_inner())
}

/// Stimuli of the set under the plain one, fewer where there are many values.
fn samples(feature: &Feature) -> usize {
    if feature.values.len() > COLUMNS { 1 } else { 2 }
}

fn heading_height() -> u32 {
    (1.6 * HEADING_EM) as u32
}

fn line_height(feature: &Feature, side: u32) -> u32 {
    (1 + samples(feature)) as u32 * (side + TILE_GAP) + (1.7 * NAME_EM) as u32
}

fn band_height(feature: &Feature, side: u32) -> u32 {
    let lines = feature.values.len().div_ceil(COLUMNS) as u32;
    heading_height() + lines * line_height(feature, side)
}

fn draw_band(
    set: &dyn StimulusSet,
    number: usize,
    sheet: &mut RgbImage,
    top: u32,
    lettering: &Lettering,
) {
    let feature = &set.features()[number];
    let side = tile_side(set.image_size());
    lettering.write(sheet, [MARGIN, top], HEADING_EM, feature.name);
    let size = set.image_size();
    let mut rgb = vec![0; 3 * size * size];
    let plain = plain_stimulus(set);
    for (value, name) in feature.values.iter().enumerate() {
        let left = MARGIN + (value % COLUMNS) as u32 * (side + TILE_GAP);
        let line = (value / COLUMNS) as u32 * line_height(feature, side);
        let mut tile_top = top + heading_height() + line;
        set.render_twin_into(plain, number, value, &mut rgb);
        tile::put(sheet, [left, tile_top], &rgb, size);
        for sample in 0..samples(feature) {
            tile_top += side + TILE_GAP;
            if let Some(index) = sample_of(set, number, value, sample) {
                set.render_into(index, &mut rgb);
                tile::put(sheet, [left, tile_top], &rgb, size);
            }
        }
        let indent = side.saturating_sub(lettering.width(name, NAME_EM)) / 2;
        let name_top = tile_top + side + TILE_GAP;
        lettering.write(sheet, [left + indent, name_top], NAME_EM, name);
    }
}

/// The exemplar of the plainest combination that is turned least.
fn plain_stimulus(set: &dyn StimulusSet) -> usize {
    let turned = |&index: &usize| {
        let properties = set.properties().iter().zip(set.property_values(index));
        let angles = properties.filter(|(name, _)| name.ends_with("_angle"));
        angles.map(|(_, angle)| angle.abs()).sum::<f64>()
    };
    (0..set.exemplars().min(100))
        .filter_map(|exemplar| set.index_of(&set.plainest(), exemplar))
        .min_by(|a, b| turned(a).total_cmp(&turned(b)))
        .unwrap_or(0)
}

/// A stimulus in which `feature` has `value`; the other features run through
/// their values from column to column, each at its own pace.
fn sample_of(set: &dyn StimulusSet, feature: usize, value: usize, sample: usize) -> Option<usize> {
    let features = set.features();
    let exemplar = (sample + 1) % set.exemplars();
    // A step further where the set lacks the combination.
    (0..2).find_map(|further| {
        let labels: Vec<usize> = (0..features.len())
            .map(|other| {
                let pace = 3 + 4 * ((other + features.len() - feature) % features.len());
                let moved = value * pace + 4 * sample + 2 * other + further;
                if other == feature {
                    value
                } else {
                    moved % features[other].values.len()
                }
            })
            .collect();
        set.index_of(&labels, exemplar)
    })
}
