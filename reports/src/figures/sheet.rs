use super::legend::Legend;
use crate::drawing::{Color, Drawing, Horizontal, Text, fitted};

/// Width of every figure, in logical pixels: at half a page of paper its
/// text is still set in about 8 points.
pub(crate) const WIDTH: f64 = 720.0;
const TITLE: f64 = 17.0;
const SUBTITLE: f64 = 13.5;
pub(crate) const EDGE: f64 = 10.0;
/// Size of a panel's title and of axis labels.
pub(crate) const LABEL: f64 = 14.0;
/// Rows of panels a figure takes before the next figure begins.
pub(crate) const MAX_ROWS: usize = 5;

/// Where the panels of a figure stand: a grid under title and legend, with
/// room for axis labels on the left and below.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) panel_width: f64,
    pub(crate) panel_height: f64,
    top: f64,
    left: f64,
    gutter: f64,
    /// Room under each row's panels for tick labels.
    foot: f64,
    rows: usize,
}

/// Room between panels that share their y axis, and between those that each
/// have their own numbers.
const GUTTER: f64 = 18.0;
const WIDE_GUTTER: f64 = 48.0;
/// Room over each panel for its title.
const HEAD: f64 = 26.0;
/// Room on the left for the label and the numbers of the y axis.
const LEFT: f64 = 65.0;

/// The words around a figure's panels. Without a `y_label` each panel has a
/// y axis of its own.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    pub(crate) subtitle: &'a str,
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
}

/// Title and subtitle of a figure; what follows begins at [`HEADED`].
pub(crate) fn heading(drawing: &mut Drawing, title: &str, subtitle: &str) {
    let room = WIDTH - 2.0 * EDGE;
    let title = fitted(title, TITLE, room);
    drawing.text(Text::new((EDGE, EDGE + 9.0), &title, TITLE));
    let subtitle = fitted(subtitle, SUBTITLE, room);
    drawing.text(Text::new((EDGE, EDGE + 32.0), &subtitle, SUBTITLE).colored(Color::GRAY));
}

/// Where a figure's heading ends.
pub(crate) const HEADED: f64 = EDGE + 50.0;

impl Sheet {
    /// The width of a panel when `columns` stand side by side.
    pub(crate) fn width_of(columns: usize) -> f64 {
        Self::width_with(columns, GUTTER)
    }

    fn width_with(columns: usize, gutter: f64) -> f64 {
        let columns = columns.max(1) as f64;
        (WIDTH - LEFT - EDGE - gutter * (columns - 1.0)) / columns
    }

    /// An empty figure with its words and legend, and the places of its
    /// panels. `foot` is the room that tick labels need under a panel.
    pub(crate) fn new(
        frame: &Frame<'_>,
        legend: &Legend,
        columns: usize,
        rows: usize,
        foot: f64,
    ) -> (Self, Drawing) {
        let shared = !frame.y_label.is_empty();
        let gutter = if shared { GUTTER } else { WIDE_GUTTER };
        let panel_width = Self::width_with(columns, gutter);
        let panel_height = match columns {
            0 | 1 => 210.0,
            2 => 180.0,
            _ => 150.0,
        };
        let legend_top = HEADED;
        let sheet = Self {
            panel_width,
            panel_height,
            top: legend_top + legend.height() + 6.0,
            left: LEFT,
            gutter,
            foot,
            rows,
        };
        let axis_label = if frame.x_label.is_empty() { 0.0 } else { 22.0 };
        let bottom = sheet.top + rows as f64 * sheet.row_height();
        let mut drawing = Drawing::new(WIDTH, (bottom + axis_label + EDGE).ceil(), frame.title);
        sheet.draw_frame(&mut drawing, frame, bottom);
        legend.draw(&mut drawing, EDGE + 2.0, legend_top);
        (sheet, drawing)
    }

    fn row_height(&self) -> f64 {
        HEAD + self.panel_height + self.foot
    }

    fn draw_frame(&self, drawing: &mut Drawing, frame: &Frame<'_>, bottom: f64) {
        heading(drawing, frame.title, frame.subtitle);
        let middle = self.left + 0.5 * (WIDTH - EDGE - self.left);
        drawing.text(
            Text::new((middle, bottom + 8.0), frame.x_label, LABEL).aligned(Horizontal::Center),
        );
        let y_label = fitted(frame.y_label, LABEL, self.row_height());
        for row in 0..self.rows {
            let y = self.corner(row, 0).1 + 0.5 * self.panel_height;
            drawing.text(
                Text::new((EDGE + 6.0, y), &y_label, LABEL)
                    .aligned(Horizontal::Center)
                    .turned(),
            );
        }
    }

    /// The upper left corner of a panel's plot.
    pub(crate) fn corner(&self, row: usize, column: usize) -> (f64, f64) {
        (
            self.left + column as f64 * (self.panel_width + self.gutter),
            self.top + row as f64 * self.row_height() + HEAD,
        )
    }
}
