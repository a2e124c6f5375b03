use image::RgbImage;

use crate::GeneratorError;
use crate::font::Font;
use crate::raster::{Coverage, Polygon};

/// Writes short texts in the embedded font, black.
pub struct Lettering {
    font: Font,
}

impl Lettering {
    pub fn new() -> Result<Self, GeneratorError> {
        Ok(Self {
            font: Font::embedded()?,
        })
    }

    /// The width of a text, in pixels.
    pub fn width(&self, text: &str, em: f64) -> u32 {
        let advances = text.chars().map(|letter| self.font.glyph(letter).advance);
        (em * advances.sum::<f64>()).ceil() as u32
    }

    /// Writes a text with its upper left corner at a place of the sheet; what
    /// reaches beyond the sheet is cut.
    pub fn write(&self, sheet: &mut RgbImage, [left, top]: [u32; 2], em: f64, text: &str) {
        let base = f64::from(top) + em * self.font.ascent();
        let mut pen = f64::from(left);
        for letter in text.chars() {
            let glyph = self.font.glyph(letter);
            let place = |&[x, y]: &[f64; 2]| [pen + em * x, base + em * y];
            let outline = glyph.outline.iter();
            let placed: Vec<Polygon> = outline
                .map(|part| part.iter().map(place).collect())
                .collect();
            darken(sheet, &Coverage::of(&placed));
            pen += em * glyph.advance;
        }
    }
}

fn darken(sheet: &mut RgbImage, ink: &Coverage) {
    let (width, height) = sheet.dimensions();
    for (y, left, coverages) in ink.rows(width.max(height) as usize) {
        for (&coverage, x) in coverages.iter().zip(left as u32..) {
            if let Some(pixel) = sheet.get_pixel_mut_checked(x, y as u32) {
                let light = 1.0 - coverage;
                pixel.0 = pixel
                    .0
                    .map(|channel| (f32::from(channel) * light + 0.5) as u8);
            }
        }
    }
}
