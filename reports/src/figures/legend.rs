use crate::drawing::{Color, Drawing, Marker, Text, fitted, text_width};

/// Size of a legend's text.
const SIZE: f64 = 13.5;
/// Height of a line of the legend.
const LINE: f64 = 21.0;
/// Width of a sample, and its distance from its label.
const SAMPLE: f64 = 26.0;
const SAMPLE_GAP: f64 = 6.0;
/// Distance between entries.
const GAP: f64 = 18.0;

/// What an entry shows before its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sample {
    /// A line with a marker; every second cycle of markers is dashed.
    Curve {
        color: Color,
        marker: Marker,
        dashed: bool,
    },
    /// A line alone.
    Line { color: Color, dashed: bool },
    /// A marker alone.
    Dot { color: Color, marker: Marker },
    /// An open marker.
    Open { color: Color, marker: Marker },
    /// A bar.
    Bar { color: Color },
    /// The line at chance.
    Chance,
    /// The line of a baseline, by its number.
    Reference(usize),
    /// The mark of a probe without proof of convergence.
    Unconverged,
}

/// The entries of a figure's legend, broken into lines that fit.
#[derive(Clone, Debug)]
pub(crate) struct Legend {
    lines: Vec<Vec<(Sample, String)>>,
}

fn entry_width(label: &str) -> f64 {
    SAMPLE + SAMPLE_GAP + text_width(label, SIZE)
}

impl Legend {
    pub(crate) fn new(entries: Vec<(Sample, String)>, width: f64) -> Self {
        let mut lines: Vec<Vec<(Sample, String)>> = Vec::new();
        let mut used = f64::INFINITY;
        for (sample, label) in entries {
            let label = fitted(&label, SIZE, width - SAMPLE - SAMPLE_GAP);
            let needed = entry_width(&label);
            match lines.last_mut() {
                Some(line) if used + GAP + needed <= width => {
                    used += GAP + needed;
                    line.push((sample, label));
                }
                _ => {
                    used = needed;
                    lines.push(vec![(sample, label)]);
                }
            }
        }
        Self { lines }
    }

    pub(crate) fn height(&self) -> f64 {
        self.lines.len() as f64 * LINE
    }

    /// Draws with the upper left corner at the point.
    pub(crate) fn draw(&self, drawing: &mut Drawing, left: f64, top: f64) {
        for (number, line) in self.lines.iter().enumerate() {
            let y = top + (number as f64 + 0.5) * LINE;
            let mut x = left;
            for (sample, label) in line {
                draw_sample(drawing, *sample, x, y);
                drawing.text(Text::new((x + SAMPLE + SAMPLE_GAP, y), label, SIZE));
                x += entry_width(label) + GAP;
            }
        }
    }
}

fn draw_sample(drawing: &mut Drawing, sample: Sample, x: f64, y: f64) {
    let ends = [(x, y), (x + SAMPLE, y)];
    let middle = (x + 0.5 * SAMPLE, y);
    match sample {
        Sample::Curve {
            color,
            marker,
            dashed,
        } => {
            draw_sample(drawing, Sample::Line { color, dashed }, x, y);
            marker.draw(drawing, middle, 4.0, color);
        }
        Sample::Line {
            color,
            dashed: true,
        } => drawing.dashed(&ends, color, 2.0, 5.0, 3.0),
        Sample::Line { color, .. } => drawing.line(ends.into(), color, 2.0),
        Sample::Dot { color, marker } => marker.solid(drawing, middle, 5.0, color),
        Sample::Open { color, marker } => marker.outline(drawing, middle, 5.0, color),
        Sample::Bar { color } => {
            drawing.rectangle((x + 6.0, y - 6.0), (x + SAMPLE, y + 6.0), color);
        }
        Sample::Chance => drawing.dashed(&ends, Color::INK, 1.2, 4.0, 3.0),
        Sample::Reference(number) => super::reference_line(drawing, &ends, number),
        Sample::Unconverged => Marker::Circle.crossed(drawing, middle, 4.0, Color::GRAY),
    }
}
