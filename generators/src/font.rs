//! The embedded font, as outlines.
//!
//! Liberation Sans Bold has the metrics of Arial Bold, which the paper used
//! and which is not free. Lengths are in ems: Pillow's size `s` is an em of
//! `s` pixels.

use ab_glyph::{Font as _, FontRef, OutlineCurve, Point};

use crate::GeneratorError;
use crate::raster::Polygon;

static LIBERATION_SANS_BOLD: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");

/// Straight pieces of a curve; at 200 px none leaves it by more than 0.04 px.
const PIECES: usize = 16;

/// The outline of a character and the room it takes.
#[derive(Clone, Debug)]
pub(crate) struct Glyph {
    /// In ems, `y` down, from the pen's place on the base line.
    pub outline: Vec<Polygon>,
    /// How far the pen moves, in ems.
    pub advance: f64,
}

impl Glyph {
    /// The ink's left, top, right and bottom, in ems; zeros where there is none.
    pub fn bounds(&self) -> [f64; 4] {
        let mut points = self.outline.iter().flatten();
        let Some(&[x, y]) = points.next() else {
            return [0.0; 4];
        };
        points.fold([x, y, x, y], |[left, top, right, bottom], &[x, y]| {
            [left.min(x), top.min(y), right.max(x), bottom.max(y)]
        })
    }
}

/// The embedded font.
pub(crate) struct Font {
    font: FontRef<'static>,
    units_per_em: f64,
}

impl Font {
    pub fn embedded() -> Result<Self, GeneratorError> {
        let font = FontRef::try_from_slice(LIBERATION_SANS_BOLD).map_err(|error| {
            GeneratorError::Font {
                what: format!("cannot be read: {error}"),
            }
        })?;
        let units_per_em = font.units_per_em().ok_or_else(|| GeneratorError::Font {
            what: "does not say its units per em".into(),
        })?;
        Ok(Self {
            units_per_em: f64::from(units_per_em),
            font,
        })
    }

    /// From the top of the line to the base line, in ems.
    pub fn ascent(&self) -> f64 {
        f64::from(self.font.ascent_unscaled()) / self.units_per_em
    }

    /// The glyph of a character; empty for a space, the font's box for a
    /// character it does not have.
    pub fn glyph(&self, character: char) -> Glyph {
        let id = self.font.glyph_id(character);
        let curves = self
            .font
            .outline(id)
            .map_or(vec![], |outline| outline.curves);
        Glyph {
            outline: self.polygons(&curves),
            advance: f64::from(self.font.h_advance_unscaled(id)) / self.units_per_em,
        }
    }

    fn polygons(&self, curves: &[OutlineCurve]) -> Vec<Polygon> {
        let em = |point: Point| {
            [
                f64::from(point.x) / self.units_per_em,
                -f64::from(point.y) / self.units_per_em,
            ]
        };
        let mut polygons: Vec<Polygon> = Vec::new();
        let mut pen = None;
        for curve in curves {
            let points: Vec<[f64; 2]> = match curve {
                OutlineCurve::Line(a, b) => vec![em(*a), em(*b)],
                OutlineCurve::Quad(a, b, c) => vec![em(*a), em(*b), em(*c)],
                OutlineCurve::Cubic(a, b, c, d) => vec![em(*a), em(*b), em(*c), em(*d)],
            };
            if pen != points.first().copied() {
                polygons.push(Vec::new());
            }
            pen = points.last().copied();
            let pieces = if points.len() == 2 { 1 } else { PIECES };
            if let Some(polygon) = polygons.last_mut() {
                let along = (1..=pieces).map(|piece| piece as f64 / pieces as f64);
                polygon.extend(along.map(|t| bezier(&points, t)));
            }
        }
        polygons
    }
}

/// The point at `t` of a Bezier curve, by de Casteljau's repeated halving of
/// control points.
fn bezier(control: &[[f64; 2]], t: f64) -> [f64; 2] {
    let mut points = control.to_vec();
    while points.len() > 1 {
        points = points
            .windows(2)
            .map(|pair| [0, 1].map(|axis| pair[0][axis] + t * (pair[1][axis] - pair[0][axis])))
            .collect();
    }
    points[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Coverage;

    /// Pillow hints the glyphs, which moves edges by up to a pixel.
    #[test]
    fn capitals_are_as_pillow_draws_them() {
        let font = Font::embedded().unwrap();
        let golden = include_str!("../../tests/golden/generators_letters.csv");
        for line in golden.lines().skip(1) {
            let (letter, numbers) = line.split_once(',').unwrap();
            let glyph = font.glyph(letter.chars().next().unwrap());
            let numbers: Vec<f64> = numbers.split(',').map(|n| n.parse().unwrap()).collect();
            for (&ours, pillows) in glyph.bounds().iter().zip(&numbers) {
                assert!(
                    (200.0 * ours - pillows).abs() <= 1.0,
                    "{line}: {}",
                    200.0 * ours
                );
            }
            let moved = glyph.outline.iter().map(|polygon| {
                let points = polygon.iter();
                points
                    .map(|[x, y]| [200.0 * x + 9.0, 200.0 * y + 200.0])
                    .collect()
            });
            let coverage = Coverage::of(&moved.collect::<Vec<_>>());
            let ink: f32 = coverage.rows(300).flat_map(|(_, _, cells)| cells).sum();
            let pillows = numbers[4];
            assert!(
                (f64::from(ink) / pillows - 1.0).abs() < 0.01,
                "{line}: {ink}"
            );
        }
    }

    #[test]
    fn an_h_of_200_px_is_138_px_tall() {
        let [_, top, _, bottom] = Font::embedded().unwrap().glyph('H').bounds();
        assert_eq!((200.0 * (bottom - top)).round(), 138.0);
    }

    #[test]
    fn a_space_has_room_and_no_ink() {
        let space = Font::embedded().unwrap().glyph(' ');
        assert!(space.outline.is_empty() && space.advance > 0.2);
        assert_eq!(space.bounds(), [0.0; 4]);
    }
}
