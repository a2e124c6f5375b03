//! The parts of a claim, each as an interval beside 0 and its margin.

use super::axis::Axis;
use super::sheet::{EDGE, HEADED, WIDTH, heading};
use crate::drawing::{Color, Drawing, Horizontal, Text, wrapped};

/// Height of a part, of each further line of its words, and the size of its text.
const LINE: f64 = 26.0;
const FURTHER: f64 = 16.0;
const TEXT: f64 = 12.5;
/// Where the words end and the plot begins.
const WORDS: f64 = 330.0;
/// Room on the right for the outcome.
const OUTCOME: f64 = 92.0;
/// The least reach of the axis to both sides.
const REACH: f64 = 0.1;

const HOLDS: Color = Color(0, 114, 178);
const FAILS: Color = Color(213, 94, 0);

/// What decided a claim.
pub(crate) struct Forest<'a> {
    /// The claim's name, and what became of it.
    pub(crate) title: String,
    /// The claim in words.
    pub(crate) says: &'a str,
    pub(crate) parts: Vec<ForestPart<'a>>,
}

/// A part of a claim.
pub(crate) struct ForestPart<'a> {
    /// The part in words.
    pub(crate) says: &'a str,
    /// The difference that decides, where there is one.
    pub(crate) difference: Option<Difference>,
    /// How far from 0 it has to lie to count.
    pub(crate) reach: f64,
    /// What it says, in a word or two.
    pub(crate) outcome: &'a str,
    /// Whether the part holds; none, where that is open.
    pub(crate) holds: Option<bool>,
}

/// A difference with its interval.
pub(crate) struct Difference {
    pub(crate) value: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

/// Draws what decided a claim.
pub(crate) fn draw(forest: &Forest<'_>) -> Drawing {
    let axis = axis(&forest.parts);
    let words = |part: &ForestPart<'_>| wrapped(part.says, TEXT, WORDS - EDGE - 12.0);
    let words: Vec<Vec<String>> = forest.parts.iter().map(words).collect();
    let height = |lines: &Vec<String>| LINE + FURTHER * lines.len().saturating_sub(1) as f64;
    let foot = HEADED + words.iter().map(height).sum::<f64>();
    let mut drawing = Drawing::new(WIDTH, (foot + 52.0).ceil(), forest.says);
    heading(
        &mut drawing,
        &forest.title,
        "Differences with 95 % intervals over runs; the band is the margin, or the amount asked for",
    );
    let (left, right) = (WORDS, WIDTH - EDGE - OUTCOME);
    let x = |value: f64| left + axis.place(value).clamp(0.0, 1.0) * (right - left);
    for tick in axis.ticks(6, |_, _| true) {
        drawing.line(
            vec![(x(tick.value), HEADED), (x(tick.value), foot)],
            Color::PALE,
            1.0,
        );
        let label = Text::new((x(tick.value), foot + 14.0), &tick.label, TEXT);
        drawing.text(label.aligned(Horizontal::Center).colored(Color::GRAY));
    }
    drawing.line(vec![(x(0.0), HEADED), (x(0.0), foot)], Color::GRAY, 1.2);
    let caption = Text::new((0.5 * (left + right), foot + 36.0), "difference", TEXT);
    drawing.text(caption.aligned(Horizontal::Center));
    let mut top = HEADED;
    for (part, lines) in forest.parts.iter().zip(&words) {
        let y = top + 0.5 * height(lines);
        for (line, number) in lines.iter().zip(0..) {
            let at = top + 0.5 * LINE + FURTHER * f64::from(number);
            drawing.text(Text::new((EDGE, at), line, TEXT));
        }
        top += height(lines);
        let color = match part.holds {
            Some(true) => HOLDS,
            Some(false) => FAILS,
            None => Color::GRAY,
        };
        let word = Text::new((right + 8.0, y), part.outcome, TEXT);
        drawing.text(word.colored(color));
        let reach = part.reach;
        let band = [(-reach, y - 9.0), (reach, y + 9.0)].map(|(v, y)| (x(v), y));
        drawing.rectangle(band[0], band[1], Color::PALE);
        drawing.line(vec![(x(0.0), y - 9.0), (x(0.0), y + 9.0)], Color::GRAY, 1.2);
        if let Some(difference) = &part.difference {
            let ends = vec![(x(difference.lower), y), (x(difference.upper), y)];
            drawing.line(ends, color, 2.0);
            drawing.disc((x(difference.value), y), 4.2, color);
        }
    }
    drawing
}

/// From the least to the largest number there is to see, 0 and all bands among them.
fn axis(parts: &[ForestPart<'_>]) -> Axis {
    let differences = parts.iter().filter_map(|part| part.difference.as_ref());
    let ends = differences.flat_map(|difference| [difference.lower, difference.upper]);
    let bands = parts.iter().map(|part| part.reach);
    let seen = ends.chain(bands.flat_map(|reach| [-reach, reach]));
    let (low, high) = seen
        .filter(|end| end.is_finite())
        .fold((-REACH, REACH), |(low, high), end| {
            (low.min(end), high.max(end))
        });
    // a run too few makes intervals that say nothing but that
    Axis::Linear {
        low: low.max(-1.2),
        high: high.min(1.2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_reaches_over_the_amount_asked_for() {
        let part = |reach| ForestPart {
            says: "",
            difference: None,
            reach,
            outcome: "holds",
            holds: Some(true),
        };
        for (asked, reach) in [(0.05, 0.1), (0.2, 0.2), (0.3, 0.3)] {
            let Axis::Linear { low, high } = axis(&[part(asked)]) else {
                panic!("an axis of differences is linear");
            };
            assert_eq!((low, high), (-reach, reach));
        }
    }
}
