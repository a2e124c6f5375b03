//! A matrix of similarities as a square of colors.

use super::palette::similarity_color;
use super::sheet::{EDGE, HEADED, WIDTH, heading};
use crate::drawing::{Color, Drawing, Horizontal, Text, fitted, text_width};

/// The largest size of names, and the smallest at which they are written.
const NAME: f64 = 12.5;
const SMALLEST: f64 = 6.0;
/// Height a line of names needs, in em.
const LINE: f64 = 1.15;
/// Room for the names of networks along their cells.
const GROUP: f64 = 20.0;
/// The longest a layer's name may be, and a network's across its cells.
const LONGEST: f64 = 110.0;
const LONGEST_GROUP: f64 = 170.0;
/// Room on the right for the scale, with what lies between it and the last cell.
const SCALE: f64 = 62.0;
const BESIDE: f64 = 16.0;
/// Side of the largest cell, and of the smallest in which its number stands.
const CELL: f64 = 44.0;
const NUMBERED: f64 = 27.0;
/// Room for a line between two networks.
const GAP: f64 = 3.0;

/// A row or column of a [`HeatMap`]: a layer of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeatMapName {
    /// The network; rows of one network stand together.
    pub group: String,
    /// The layer.
    pub name: String,
}

/// How alike each of some representations is to each of others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// The figure's title.
    pub title: String,
    /// A line under the title: what the numbers are, over how many stimuli.
    pub subtitle: String,
    /// What the rows are.
    pub rows: Vec<HeatMapName>,
    /// What the columns are.
    pub columns: Vec<HeatMapName>,
    /// A value, usually from 0 to 1, for each row and column; none where nothing
    /// was measured.
    pub values: Vec<Vec<Option<f64>>>,
}

impl HeatMap {
    /// The value of a row and column, if there is one.
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        self.values.get(row)?.get(column).copied().flatten()
    }
}

/// Draws the matrix.
pub(crate) fn draw(map: &HeatMap) -> Drawing {
    let gaps = |names: &[HeatMapName]| GAP * (blocks(names).len().max(1) - 1) as f64;
    let layers = (room_of_layers(&map.rows), room_of_layers(&map.columns));
    let cell = |left: f64| {
        let across = WIDTH - EDGE - SCALE - left - gaps(&map.columns);
        (across / map.columns.len().max(1) as f64).min(CELL)
    };
    let along = EDGE + GROUP + layers.0;
    let rows = Groups::of(&map.rows, cell(along));
    let left = EDGE + rows.room() + layers.0;
    let cell = cell(left);
    let rows = rows.fitted_to(&map.rows, cell);
    let places = Places {
        corner: (left, HEADED),
        cell,
        columns: &map.columns,
        rows: &map.rows,
    };
    let columns = Groups::of(&map.columns, cell);
    let height = cell * map.rows.len().max(1) as f64 + gaps(&map.rows);
    let width = cell * map.columns.len().max(1) as f64 + gaps(&map.columns);
    let total = HEADED + height.max(120.0) + layers.1 + columns.room() + EDGE;
    let mut drawing = Drawing::new(WIDTH, total.ceil(), map.title.clone());
    heading(&mut drawing, &map.title, &map.subtitle);
    for row in 0..map.rows.len() {
        for column in 0..map.columns.len() {
            places.draw_cell(&mut drawing, row, column, map.value(row, column));
        }
    }
    places.name_rows(&mut drawing, layers.0, rows);
    places.name_columns(&mut drawing, HEADED + height, layers.1, columns);
    let below = map.values.iter().flatten().flatten().any(|v| *v < 0.0);
    draw_scale(&mut drawing, left + width + BESIDE, below);
    drawing
}

/// Room for the names of layers.
fn room_of_layers(names: &[HeatMapName]) -> f64 {
    let widths = names.iter().map(|name| text_width(&name.name, NAME));
    widths.fold(20.0, f64::max).min(LONGEST) + 6.0
}

/// How the names of networks stand: along their cells, or, where one is longer than
/// these, across, at such a size in so much room.
#[derive(Clone, Copy)]
enum Groups {
    Along,
    Across { size: f64, room: f64 },
}

impl Groups {
    fn of(names: &[HeatMapName], cell: f64) -> Self {
        let named = blocks(names).into_iter();
        let spans = named.map(|(first, last)| {
            let width = text_width(&names[first].group, NAME);
            (width, (last - first + 1) as f64 * cell)
        });
        let spans: Vec<(f64, f64)> = spans.collect();
        let narrowest = spans
            .iter()
            .map(|(_, span)| span + GAP)
            .fold(NAME * LINE, f64::min);
        let size = narrowest / LINE;
        match size >= SMALLEST && spans.iter().any(|(width, span)| width > span) {
            true => {
                let widest = spans.iter().map(|(width, _)| *width).fold(0.0, f64::max);
                let room = (widest * size / NAME).min(LONGEST_GROUP) + 10.0;
                Self::Across { size, room }
            }
            false => Self::Along,
        }
    }

    fn room(self) -> f64 {
        match self {
            Self::Along => GROUP,
            Self::Across { room, .. } => room,
        }
    }

    /// The same room with names of a size that fits cells of this side.
    fn fitted_to(self, names: &[HeatMapName], cell: f64) -> Self {
        match (self, Self::of(names, cell)) {
            (Self::Across { room, .. }, Self::Across { size, .. }) => Self::Across { size, room },
            (own, _) => own,
        }
    }
}

/// Where cells and names stand.
struct Places<'a> {
    corner: (f64, f64),
    cell: f64,
    columns: &'a [HeatMapName],
    rows: &'a [HeatMapName],
}

impl Places<'_> {
    fn left(&self, column: usize) -> f64 {
        self.corner.0 + offset(self.columns, column, self.cell)
    }

    fn top(&self, row: usize) -> f64 {
        self.corner.1 + offset(self.rows, row, self.cell)
    }

    fn draw_cell(&self, drawing: &mut Drawing, row: usize, column: usize, value: Option<f64>) {
        let (x, y) = (self.left(column), self.top(row));
        let color = value.map_or(Color::PALE, similarity_color);
        drawing.rectangle((x, y), (x + self.cell, y + self.cell), color);
        let Some(value) = value.filter(|_| self.cell >= NUMBERED) else {
            return;
        };
        let ink = if (-0.45..0.45).contains(&value) {
            Color::INK
        } else {
            Color::WHITE
        };
        let middle = (x + 0.5 * self.cell, y + 0.5 * self.cell);
        // -0.001 is written 0.00
        let text = format!("{value:.2}").replace("-0.00", "0.00");
        let size = 0.36 * self.cell.min(34.0);
        drawing.text(
            Text::new(middle, &text, size)
                .aligned(Horizontal::Center)
                .colored(ink),
        );
    }

    /// The size at which a line fits a cell, unless that is too small to read.
    fn name_size(&self) -> Option<f64> {
        let size = NAME.min(self.cell / LINE);
        (size >= SMALLEST).then_some(size)
    }

    fn name_rows(&self, drawing: &mut Drawing, room: f64, groups: Groups) {
        if let Some(size) = self.name_size() {
            for (row, name) in self.rows.iter().enumerate() {
                let at = (self.corner.0 - 5.0, self.top(row) + 0.5 * self.cell);
                let text = fitted(&name.name, size, room - 6.0);
                drawing.text(Text::new(at, &text, size).aligned(Horizontal::Right));
            }
        }
        for (first, last) in blocks(self.rows) {
            let (top, bottom) = (self.top(first), self.top(last) + self.cell);
            let (group, middle) = (&self.rows[first].group, 0.5 * (top + bottom));
            drawing.text(match groups {
                Groups::Along => {
                    let text = fitted(group, NAME, bottom - top);
                    let at = (EDGE + 0.5 * GROUP - 2.0, middle);
                    Text::new(at, &text, NAME)
                        .aligned(Horizontal::Center)
                        .turned()
                }
                Groups::Across { size, room } => {
                    let text = fitted(group, size, room - 10.0);
                    Text::new((EDGE, middle), &text, size)
                }
            });
        }
    }

    fn name_columns(&self, drawing: &mut Drawing, bottom: f64, room: f64, groups: Groups) {
        if let Some(size) = self.name_size() {
            for (column, name) in self.columns.iter().enumerate() {
                let at = (self.left(column) + 0.5 * self.cell, bottom + 5.0);
                let text = fitted(&name.name, size, room - 6.0);
                drawing.text(
                    Text::new(at, &text, size)
                        .aligned(Horizontal::Right)
                        .turned(),
                );
            }
        }
        for (first, last) in blocks(self.columns) {
            let (left, right) = (self.left(first), self.left(last) + self.cell);
            let (group, middle) = (&self.columns[first].group, 0.5 * (left + right));
            drawing.text(match groups {
                Groups::Along => {
                    let text = fitted(group, NAME, right - left);
                    let at = (middle, bottom + room + 0.5 * GROUP);
                    Text::new(at, &text, NAME).aligned(Horizontal::Center)
                }
                Groups::Across { size, room: across } => {
                    let text = fitted(group, size, across - 10.0);
                    let at = (middle, bottom + room + 5.0);
                    Text::new(at, &text, size)
                        .aligned(Horizontal::Right)
                        .turned()
                }
            });
        }
    }
}

/// Where a cell begins: cells side by side, a gap before each new network.
fn offset(names: &[HeatMapName], index: usize, cell: f64) -> f64 {
    let before = blocks(names)
        .iter()
        .filter(|(first, _)| (1..=index).contains(first))
        .count();
    index as f64 * cell + before as f64 * GAP
}

/// First and last of the rows of each network.
fn blocks(names: &[HeatMapName]) -> Vec<(usize, usize)> {
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match blocks.last_mut() {
            Some((first, last)) if names[*first].group == name.group => *last = index,
            _ => blocks.push((index, index)),
        }
    }
    blocks
}

/// The colors with their numbers, beside the cells.
fn draw_scale(drawing: &mut Drawing, left: f64, below: bool) {
    let low = if below { -1.0 } else { 0.0 };
    let (top, height) = (HEADED, 110.0);
    let place = |value: f64| top + (1.0 - value) / (1.0 - low) * height;
    let steps = 40;
    for step in 0..steps {
        let value = |step: i32| 1.0 - (1.0 - low) * f64::from(step) / f64::from(steps);
        let middle = 0.5 * (value(step) + value(step + 1));
        drawing.rectangle(
            (left, place(value(step))),
            (left + 12.0, place(value(step + 1))),
            similarity_color(middle),
        );
    }
    for value in [1.0, 0.5, 0.0, -0.5, -1.0] {
        if value >= low {
            let text = format!("{value}").replace('-', "\u{2212}");
            drawing.text(Text::new((left + 17.0, place(value)), &text, NAME).colored(Color::GRAY));
        }
    }
}
