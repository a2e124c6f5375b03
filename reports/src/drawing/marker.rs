use super::shape::{Color, Drawing, Point};

/// The shape of a point, so that series differ without color too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Inverted,
    Hexagon,
}

impl Marker {
    /// All markers, in the order in which series take them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Circle,
        Self::Square,
        Self::Triangle,
        Self::Diamond,
        Self::Inverted,
        Self::Hexagon,
    ];

    /// The marker of the series with this number; they repeat.
    pub(crate) fn nth(index: usize) -> Self {
        let place = index % Self::ALL.len();
        Self::ALL.get(place).copied().unwrap_or(Self::Circle)
    }

    /// Draws the marker filled, with a thin white edge that parts it from
    /// lines under it.
    pub(crate) fn draw(self, drawing: &mut Drawing, at: Point, size: f64, color: Color) {
        self.fill(drawing, at, size + 0.8, Color::WHITE);
        self.fill(drawing, at, size, color);
    }

    /// Draws the marker filled, without an edge.
    pub(crate) fn solid(self, drawing: &mut Drawing, at: Point, size: f64, color: Color) {
        self.fill(drawing, at, size, color);
    }

    /// Draws the marker of a number without proof: hollow and crossed out.
    pub(crate) fn crossed(self, drawing: &mut Drawing, at: Point, size: f64, color: Color) {
        self.fill(drawing, at, size + 1.6, color);
        self.fill(drawing, at, size, Color::WHITE);
        let arm = 0.62 * size;
        let (x, y) = at;
        for side in [-arm, arm] {
            let ends = vec![(x - arm, y - side), (x + arm, y + side)];
            drawing.line(ends, Color::INK, 1.2);
        }
    }

    /// Draws an outline only, for a series that should stand back.
    pub(crate) fn outline(self, drawing: &mut Drawing, at: Point, size: f64, color: Color) {
        self.fill(drawing, at, size + 0.6, color);
        self.fill(drawing, at, size - 0.8, Color::WHITE);
    }

    fn fill(self, drawing: &mut Drawing, (x, y): Point, size: f64, color: Color) {
        // sizes are chosen so that the areas look alike
        let corners: &[Point] = match self {
            Self::Circle => {
                drawing.disc((x, y), size, color);
                return;
            }
            Self::Square => &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
            Self::Triangle => &[(0.0, -1.25), (1.15, 0.78), (-1.15, 0.78)],
            Self::Diamond => &[(0.0, -1.28), (1.28, 0.0), (0.0, 1.28), (-1.28, 0.0)],
            Self::Inverted => &[(0.0, 1.25), (1.15, -0.78), (-1.15, -0.78)],
            Self::Hexagon => &[
                (-1.1, 0.0),
                (-0.55, -0.95),
                (0.55, -0.95),
                (1.1, 0.0),
                (0.55, 0.95),
                (-0.55, 0.95),
            ],
        };
        let points = corners
            .iter()
            .map(|(dx, dy)| (x + dx * size, y + dy * size))
            .collect();
        drawing.area(points, color, 1.0);
    }
}
