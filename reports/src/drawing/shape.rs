use super::text::Text;

/// A place in a drawing: x to the right, y down, in logical pixels.
pub(crate) type Point = (f64, f64);

/// An opaque sRGB color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Color {
    pub(crate) const WHITE: Self = Self(255, 255, 255);
    /// Text and axes.
    pub(crate) const INK: Self = Self(34, 34, 34);
    /// What should stand back: tick labels, the untrained network.
    pub(crate) const GRAY: Self = Self(95, 95, 95);
    /// Grid lines.
    pub(crate) const PALE: Self = Self(228, 228, 228);
}

/// Something drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A line through points.
    Line {
        points: Vec<Point>,
        color: Color,
        width: f64,
    },
    /// A filled polygon.
    Area {
        points: Vec<Point>,
        color: Color,
        opacity: f64,
    },
    /// A filled circle.
    Disc {
        center: Point,
        radius: f64,
        color: Color,
    },
    /// A line of text.
    Text(Text),
}

/// A figure as a list of shapes, drawn in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// What the figure shows, for readers who cannot see it.
    pub(crate) description: String,
    pub(crate) shapes: Vec<Shape>,
}

impl Drawing {
    pub(crate) fn new(width: f64, height: f64, description: impl Into<String>) -> Self {
        Self {
            width,
            height,
            description: description.into(),
            shapes: Vec::new(),
        }
    }

    pub(crate) fn line(&mut self, points: Vec<Point>, color: Color, width: f64) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line {
                points,
                color,
                width,
            });
        }
    }

    /// A line cut into dashes of `on` with gaps of `off` pixels.
    pub(crate) fn dashed(&mut self, points: &[Point], color: Color, width: f64, on: f64, off: f64) {
        for dash in dashes(points, on, off) {
            self.line(dash, color, width);
        }
    }

    pub(crate) fn area(&mut self, points: Vec<Point>, color: Color, opacity: f64) {
        if points.len() > 2 {
            self.shapes.push(Shape::Area {
                points,
                color,
                opacity,
            });
        }
    }

    /// A filled rectangle between two corners.
    pub(crate) fn rectangle(&mut self, (x0, y0): Point, (x1, y1): Point, color: Color) {
        self.area(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color, 1.0);
    }

    pub(crate) fn disc(&mut self, center: Point, radius: f64, color: Color) {
        self.shapes.push(Shape::Disc {
            center,
            radius,
            color,
        });
    }

    pub(crate) fn text(&mut self, text: Text) {
        if !text.content.is_empty() {
            self.shapes.push(Shape::Text(text));
        }
    }
}

/// Cuts a polyline into its dashes.
fn dashes(points: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut found = Vec::new();
    let mut current: Vec<Point> = points.first().copied().into_iter().collect();
    let mut drawing = true;
    let mut left = on;
    for pair in points.windows(2) {
        let &[(mut x, mut y), (x1, y1)] = pair else {
            continue;
        };
        let mut length = (x1 - x).hypot(y1 - y);
        while length > left {
            let part = left / length;
            (x, y) = (x + (x1 - x) * part, y + (y1 - y) * part);
            length -= left;
            if drawing {
                current.push((x, y));
                found.push(std::mem::take(&mut current));
            } else {
                current = vec![(x, y)];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length;
        if drawing {
            current.push((x1, y1));
        }
    }
    if drawing {
        found.push(current);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_part_of_the_line() {
        let cut = dashes(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], 3.0, 2.0);
        let length: f64 = cut
            .iter()
            .flat_map(|dash| dash.windows(2))
            .map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1))
            .sum();
        assert!((length - 12.0).abs() < 1e-9, "{cut:?}");
        assert_eq!(cut[0], [(0.0, 0.0), (3.0, 0.0)]);
        assert_eq!(cut[2], [(10.0, 0.0), (10.0, 3.0)]);
    }
}
