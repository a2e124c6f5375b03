use super::NavonParams;
use crate::GeneratorError;
use crate::font::{Font, Glyph};
use crate::raster::{Polygon, Rotation};

/// How many letters there are: the capitals.
pub const LETTERS: usize = 26;

/// The capitals in order.
pub fn capitals() -> impl Iterator<Item = char> {
    'A'..='Z'
}

/// One letter in both sizes.
#[derive(Clone, Debug)]
pub struct Letter {
    /// In pixels, around the middle of ink and cap height.
    pub large: Vec<Polygon>,
    /// In pixels, around the middle of the ink.
    pub small: Vec<Polygon>,
    /// Distance between neighboring small letters, in whole pixels: the larger
    /// side of what Pillow 6 calls the text's size, which reaches from the pen
    /// to the ink's right edge and from the top of the line to its lower edge.
    /// Rounded to the nearest; hinting makes Pillow's up to a pixel more.
    pub step: usize,
}

impl Letter {
    /// The capitals in the sizes asked for.
    pub fn all(params: &NavonParams) -> Result<Vec<Letter>, GeneratorError> {
        let font = Font::embedded()?;
        let [_, cap_top, _, _] = font.glyph('H').bounds();
        let letter = |character| {
            let glyph = font.glyph(character);
            let [left, top, right, bottom] = glyph.bounds();
            if right <= left {
                return Err(GeneratorError::Font {
                    what: format!("has no letter {character}"),
                });
            }
            let middle = (left + right) / 2.0;
            let small = params.small_size as f64;
            let extent = right.max(font.ascent() + bottom);
            Ok(Letter {
                large: scaled(&glyph, [middle, cap_top / 2.0], params.large_size as f64),
                small: scaled(&glyph, [middle, (top + bottom) / 2.0], small),
                step: (small * extent).round().max(1.0) as usize,
            })
        };
        capitals().map(letter).collect()
    }
}

fn scaled(glyph: &Glyph, middle: [f64; 2], em: f64) -> Vec<Polygon> {
    let place = |&[x, y]: &[f64; 2]| [(x - middle[0]) * em, (y - middle[1]) * em];
    let outline = glyph.outline.iter();
    outline
        .map(|polygon| polygon.iter().map(place).collect())
        .collect()
}

/// An outline turned and then moved.
pub fn placed(outline: &[Polygon], turn: Rotation, [x, y]: [f64; 2]) -> Vec<Polygon> {
    let place = |&point: &[f64; 2]| {
        let [dx, dy] = turn.apply(point);
        [x + dx, y + dy]
    };
    outline
        .iter()
        .map(|polygon| polygon.iter().map(place).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_stand_as_far_apart_as_pillow_puts_them() {
        let letters = Letter::all(&NavonParams::default()).unwrap();
        let golden = include_str!("../../../tests/golden/generators_letters.csv");
        for (letter, line) in letters.iter().zip(golden.lines().skip(1)) {
            let columns: Vec<&str> = line.split(',').collect();
            let size = |column: usize| columns[column].parse::<usize>().unwrap();
            let pillows = size(6).max(size(7));
            assert!((pillows - 1..=pillows).contains(&letter.step), "{line}");
        }
        assert_eq!(golden.lines().count(), 1 + LETTERS);
    }
}
