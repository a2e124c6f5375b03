use super::axis::{Axis, Tick};
use super::sheet::{LABEL, Sheet};
use crate::drawing::{Color, Drawing, Horizontal, Marker, Point, Text, fitted, text_width};
use crate::evidence::Estimate;

/// Size of tick labels.
pub(crate) const TICK: f64 = 12.5;
/// Height a tick of the y axis takes.
const TICK_ROOM: f64 = 24.0;
/// Room for tick labels that lie flat under a panel.
pub(crate) const FLAT_FOOT: f64 = 26.0;
/// The longest a turned name may be.
const LONGEST_NAME: f64 = 110.0;

/// The range of every accuracy axis: a little over 1, so that markers at
/// the ceiling are seen whole.
pub(crate) const ACCURACY: Axis = Axis::Linear {
    low: 0.0,
    high: 1.04,
};

/// A plot within a figure: a rectangle and the axes that map numbers to it.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    y: Axis,
    /// Distance of the first and last place of the x axis from the edges.
    inset: f64,
}

impl Panel {
    pub(crate) fn new(sheet: &Sheet, row: usize, column: usize, y: Axis) -> Self {
        let (left, top) = sheet.corner(row, column);
        Self {
            left,
            top,
            width: sheet.panel_width,
            height: sheet.panel_height,
            y,
            inset: 10.0,
        }
    }

    /// The point of an x place (0 to 1) and a y value.
    pub(crate) fn at(&self, place: f64, value: f64) -> Point {
        let inner = self.width - 2.0 * self.inset;
        (self.left + self.inset + place * inner, self.y_of(value))
    }

    /// The height of a y value; values outside the axis stay at its ends.
    pub(crate) fn y_of(&self, value: f64) -> f64 {
        self.top + (1.0 - self.y.place(value).clamp(0.0, 1.0)) * self.height
    }

    /// The x of category `index` of `count`, in its middle.
    pub(crate) fn slot(&self, index: usize, count: usize) -> f64 {
        self.left + (index as f64 + 0.5) * self.width / count.max(1) as f64
    }

    pub(crate) fn title(&self, drawing: &mut Drawing, title: &str) {
        let title = fitted(title, LABEL, self.width);
        drawing.text(Text::new((self.left, self.top - 12.0), &title, LABEL));
    }

    /// Grid lines and, if asked for, the numbers of the y axis.
    pub(crate) fn y_grid(&self, drawing: &mut Drawing, numbers: bool) {
        let room = |taken: &[Tick], tick: &Tick| {
            let y = self.y_of(tick.value);
            taken
                .iter()
                .all(|t| (self.y_of(t.value) - y).abs() >= TICK + 3.0)
        };
        let count = (self.height / TICK_ROOM) as usize;
        for tick in self.y.ticks(count, room) {
            let y = self.y_of(tick.value);
            drawing.line(
                vec![(self.left, y), (self.left + self.width, y)],
                Color::PALE,
                1.0,
            );
            if numbers {
                drawing.text(
                    Text::new((self.left - 7.0, y), &tick.label, TICK)
                        .colored(Color::GRAY)
                        .aligned(Horizontal::Right),
                );
            }
        }
    }

    /// The left and bottom edge.
    pub(crate) fn edges(&self, drawing: &mut Drawing) {
        let bottom = self.top + self.height;
        let corner = (self.left, bottom);
        let points = vec![
            (self.left, self.top),
            corner,
            (self.left + self.width, bottom),
        ];
        drawing.line(points, Color::GRAY, 1.0);
    }

    /// Ticks and their numbers under the panel, as many as fit.
    pub(crate) fn x_numbers(&self, drawing: &mut Drawing, axis: &Axis) {
        let x = |tick: &Tick| self.at(axis.place(tick.value), 0.0).0;
        let width = |tick: &Tick| text_width(&tick.label, TICK);
        let room = |taken: &[Tick], tick: &Tick| {
            taken
                .iter()
                .all(|t| (x(t) - x(tick)).abs() >= 0.5 * (width(t) + width(tick)) + 7.0)
        };
        let bottom = self.top + self.height;
        for value in axis.small_ticks() {
            let x = self.at(axis.place(value), 0.0).0;
            drawing.line(vec![(x, bottom), (x, bottom + 2.5)], Color::GRAY, 0.8);
        }
        for tick in axis.ticks(6, room) {
            let x = x(&tick);
            drawing.line(vec![(x, bottom), (x, bottom + 4.0)], Color::GRAY, 1.0);
            drawing.text(
                Text::new((x, bottom + 14.0), &tick.label, TICK)
                    .colored(Color::GRAY)
                    .aligned(Horizontal::Center),
            );
        }
    }

    /// Names of categories under the panel.
    pub(crate) fn x_names(&self, drawing: &mut Drawing, names: &[String]) {
        let names = Names::fitting(names, self.width);
        let bottom = self.top + self.height;
        let named = names.shown.iter().enumerate();
        for (index, name) in named.step_by(names.stride) {
            let x = self.slot(index, names.shown.len());
            let text = if names.turned {
                Text::new((x, bottom + 6.0), name, TICK)
                    .aligned(Horizontal::Right)
                    .turned()
            } else {
                Text::new((x, bottom + 14.0), name, TICK).aligned(Horizontal::Center)
            };
            drawing.text(text);
        }
    }

    /// The dashed line at chance.
    pub(crate) fn chance(&self, drawing: &mut Drawing, chance: Option<f64>) {
        if let Some(chance) = chance {
            let y = self.y_of(chance);
            let ends = [(self.left, y), (self.left + self.width, y)];
            drawing.dashed(&ends, Color::INK, 1.2, 4.0, 3.0);
        }
    }

    /// The line of a baseline, by its number; at its end the mark of a probe
    /// without proof, if there is one behind it.
    pub(crate) fn reference(&self, drawing: &mut Drawing, estimate: &Estimate, number: usize) {
        let (y, right) = (self.y_of(estimate.mean), self.left + self.width);
        super::reference_line(drawing, &[(self.left, y), (right, y)], number);
        if estimate.is_marked() {
            Marker::Circle.crossed(drawing, (right - 7.0, y), 3.4, Color::GRAY);
        }
    }

    /// The line at 0.
    pub(crate) fn zero(&self, drawing: &mut Drawing) {
        let y = self.y_of(0.0);
        drawing.line(
            vec![(self.left, y), (self.left + self.width, y)],
            Color::INK,
            1.2,
        );
    }

    /// A vertical line over an estimate's interval, with short ends.
    pub(crate) fn whisker(&self, drawing: &mut Drawing, x: f64, estimate: &Estimate, color: Color) {
        if let Some((lower, upper, _)) = estimate.interval {
            let (low, high) = (self.y_of(lower), self.y_of(upper));
            drawing.line(vec![(x, low), (x, high)], color, 1.5);
            for y in [low, high] {
                drawing.line(vec![(x - 2.5, y), (x + 2.5, y)], color, 1.5);
            }
        }
    }

    /// Every second category on a pale ground, to tell neighbors apart.
    pub(crate) fn stripes(&self, drawing: &mut Drawing, count: usize) {
        let width = self.width / count.max(1) as f64;
        for index in (1..count).step_by(2) {
            let x = self.left + index as f64 * width;
            drawing.rectangle(
                (x, self.top),
                (x + width, self.top + self.height),
                Color(246, 246, 246),
            );
        }
    }
}

/// Names of categories as they fit under a panel.
pub(crate) struct Names {
    shown: Vec<String>,
    turned: bool,
    /// Every how many names one is shown.
    stride: usize,
    /// Room they need under the panel.
    pub(crate) foot: f64,
}

impl Names {
    pub(crate) fn fitting(names: &[String], width: f64) -> Self {
        let widest = |names: &[String]| {
            names
                .iter()
                .map(|name| text_width(name, TICK))
                .fold(0.0, f64::max)
        };
        let slot = width / names.len().max(1) as f64;
        let turned = widest(names) > slot - 5.0;
        if !turned {
            return Self {
                shown: names.to_vec(),
                turned,
                stride: 1,
                foot: FLAT_FOOT,
            };
        }
        let shown: Vec<String> = without_shared(names)
            .iter()
            .map(|name| fitted(name, TICK, LONGEST_NAME))
            .collect();
        Self {
            foot: widest(&shown) + 14.0,
            shown,
            turned,
            stride: ((TICK + 1.5) / slot).ceil().max(1.0) as usize,
        }
    }
}

/// The names without the whole parts (between dots, slashes or underscores)
/// that all begin or all end with, where that is needed to make them short.
fn without_shared(names: &[String]) -> Vec<String> {
    let is_short = |name: &String| text_width(name, TICK) <= LONGEST_NAME;
    let Some(first) = names.first().filter(|_| !names.iter().all(is_short)) else {
        return names.to_vec();
    };
    let is_border = |c: char| matches!(c, '.' | '/' | '_');
    let head = first
        .match_indices(is_border)
        .map(|(at, border)| &first[..at + border.len()])
        .take_while(|head| names.iter().all(|name| name.starts_with(head)))
        .last()
        .unwrap_or_default();
    let tail = first
        .rmatch_indices(is_border)
        .map(|(at, _)| &first[at..])
        .take_while(|tail| names.iter().all(|name| name.ends_with(tail)))
        .last()
        .unwrap_or_default();
    let short = |name: &String| {
        let rest = name.strip_prefix(head)?.strip_suffix(tail)?;
        (!rest.is_empty()).then(|| {
            let dots = |part: &str| if part.is_empty() { "" } else { "\u{2026}" };
            format!("{}{rest}{}", dots(head), dots(tail))
        })
    };
    let shorter: Option<Vec<String>> = names.iter().map(short).collect();
    shorter.unwrap_or_else(|| names.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_what_they_share() {
        let names: Vec<String> = (1..=3)
            .map(|k| format!("encoder.stage{k}.block{k}.attention.output"))
            .collect();
        assert_eq!(without_shared(&names)[0], "\u{2026}stage1.block1\u{2026}");
        let short = ["features.1".to_owned(), "features.2".to_owned()];
        assert_eq!(without_shared(&short), short);
        let same = vec!["a_very_long_name_of_a_layer_indeed".to_owned(); 2];
        assert_eq!(without_shared(&same), same);
    }
}
