use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

use super::shape::{Color, Point};

/// Liberation Sans Regular 2.1.5 (SIL OFL 1.1), metric-compatible with Arial.
pub(super) static FONT_BYTES: &[u8] = include_bytes!("../../fonts/LiberationSans-Regular.ttf");

/// The family's name, in SVG and CSS.
pub(super) const FAMILY: &str = "Liberation Sans";

/// `None` only if the embedded file were no font, which a test excludes.
pub(super) static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(FONT_BYTES).ok());

/// Height of a capital, in em.
pub(super) const CAPITAL: f64 = 1409.0 / 2048.0;

/// Height of an x, in em.
pub(super) const X_HEIGHT: f64 = 1082.0 / 2048.0;

/// Which part of a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Horizontal {
    Left,
    Center,
    Right,
}

/// A line of text. Its point is the middle of the height of its capitals.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) at: Point,
    pub(crate) content: String,
    /// The em, in logical pixels.
    pub(crate) size: f64,
    pub(crate) color: Color,
    pub(crate) horizontal: Horizontal,
    /// Turned by a quarter, to be read from below.
    pub(crate) turned: bool,
}

impl Text {
    /// Left-aligned text in ink; control characters become signs that can be
    /// drawn.
    pub(crate) fn new(at: Point, content: &str, size: f64) -> Self {
        Self {
            at,
            content: content
                .chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect(),
            size,
            color: Color::INK,
            horizontal: Horizontal::Left,
            turned: false,
        }
    }

    pub(crate) fn colored(self, color: Color) -> Self {
        Self { color, ..self }
    }

    pub(crate) fn aligned(self, horizontal: Horizontal) -> Self {
        Self { horizontal, ..self }
    }

    pub(crate) fn turned(self) -> Self {
        Self {
            turned: true,
            ..self
        }
    }

    /// Left, top, right and bottom of the text's capitals.
    #[cfg(test)]
    pub(crate) fn extent(&self) -> [f64; 4] {
        let (start, baseline) = self.baseline();
        let end = start + text_width(&self.content, self.size);
        let (x, y) = self.at;
        if self.turned {
            [x - baseline, y - end, x + baseline, y - start]
        } else {
            [x + start, y - baseline, x + end, y + baseline]
        }
    }

    /// The start of the baseline, before any turn, seen from the point.
    pub(super) fn baseline(&self) -> Point {
        let width = text_width(&self.content, self.size);
        let x = match self.horizontal {
            Horizontal::Left => 0.0,
            Horizontal::Center => -0.5 * width,
            Horizontal::Right => -width,
        };
        (x, 0.5 * CAPITAL * self.size)
    }
}

/// The width of a text in logical pixels, without kerning.
pub(crate) fn text_width(content: &str, size: f64) -> f64 {
    let Some(font) = FONT.as_ref() else {
        return 0.0;
    };
    let units: f64 = content
        .chars()
        .map(|c| f64::from(font.h_advance_unscaled(font.glyph_id(c))))
        .sum();
    units / f64::from(font.units_per_em().unwrap_or(2048.0)) * size
}

/// The text, or as much of its two ends as fits into `width`, with dots
/// between: layers of one network often differ at the end of their names.
pub(crate) fn fitted(content: &str, size: f64, width: f64) -> String {
    if text_width(content, size) <= width {
        return content.to_owned();
    }
    let chars: Vec<char> = content.chars().collect();
    let joined = |kept: usize| {
        let head = chars.iter().take(kept.div_ceil(2));
        let tail = chars.iter().skip(chars.len() - kept / 2);
        head.chain(&['\u{2026}']).chain(tail).collect::<String>()
    };
    (0..chars.len())
        .rev()
        .map(joined)
        .find(|shorter| text_width(shorter, size) <= width)
        .unwrap_or_default()
}

/// The text in lines that fit into `width`, broken between words; a word that is
/// longer is [`fitted`].
pub(crate) fn wrapped(content: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in content.split_whitespace() {
        let word = fitted(word, size, width);
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let text = "trained with untrained over trained on shape and color (shape, pool3)";
        let lines = wrapped(text, 12.0, 200.0);
        assert_eq!(lines.join(" "), text);
        assert!(lines.len() == 2, "{lines:?}");
        assert!(lines.iter().all(|line| text_width(line, 12.0) <= 200.0));
        assert_eq!(wrapped("short", 12.0, 200.0), ["short"]);
        let long = wrapped(&"x".repeat(99), 12.0, 200.0);
        assert!(long.len() == 1 && text_width(&long[0], 12.0) <= 200.0);
    }

    #[test]
    fn the_embedded_font_has_the_metrics_written_here() {
        let font = FONT.as_ref().unwrap();
        assert_eq!(font.units_per_em(), Some(2048.0));
        let height = |c: char| {
            let outline = font.outline(font.glyph_id(c)).unwrap();
            f64::from(outline.bounds.min.y.max(outline.bounds.max.y)) / 2048.0
        };
        assert!(
            (height('H') - CAPITAL).abs() < 1e-9,
            "{}",
            height('H') * 2048.0
        );
        assert!(
            (height('x') - X_HEIGHT).abs() < 1e-9,
            "{}",
            height('x') * 2048.0
        );
    }

    #[test]
    fn widths_are_those_of_arial() {
        // advances of Arial: "0" 1139, "m" 1706 of 2048
        assert!((text_width("0m", 2048.0) - 2845.0).abs() < 1e-6);
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        let name = "encoder.stage4.block12.attention.output";
        let short = fitted(name, 14.0, 120.0);
        assert!(text_width(&short, 14.0) <= 120.0);
        assert!(
            short.starts_with("encoder") && short.ends_with("output"),
            "{short}"
        );
        assert_eq!(fitted("fc1", 14.0, 120.0), "fc1");
        assert_eq!(fitted("fc1", 14.0, 1.0), "");
    }
}
