use super::lattice::{either, from_nearest, inside, line};
use super::textures::Texture;

/// A row of pixels in the coordinates of the texture.
///
/// It starts at the image's edge and not where the object does, so that
/// rounding is the same for all shapes.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Coordinates of the middle of the image's first pixel, in pixels.
    pub start: [f32; 2],
    /// From one pixel to the next.
    pub step: [f32; 2],
    /// The first pixel that is inked.
    pub first: usize,
}

impl Row {
    /// Coordinates of the middle of the row's pixel number `pixel`.
    #[inline(always)]
    pub fn at(self, pixel: usize) -> [f32; 2] {
        let along = (self.first as i32 + pixel as i32) as f32;
        [
            self.start[0] + along * self.step[0],
            self.start[1] + along * self.step[1],
        ]
    }

    #[inline(always)]
    fn fill(self, ink: &mut [f32], share: impl Fn(f32, f32) -> f32) {
        for (pixel, ink) in ink.iter_mut().enumerate() {
            let [u, v] = self.at(pixel);
            *ink = share(u, v);
        }
    }
}

/// cos(30 degrees): the height of an equilateral triangle of side 1, too.
const COS_30: f32 = 0.866_025_4;
/// 1 / sqrt(1 + 1/4): turns a horizontal distance from an edge that runs out
/// by half a pixel a row into the distance from the edge.
const SLANT: f32 = 0.894_427_2;

impl Texture {
    /// Writes the share of each pixel of a row that the texture inks.
    pub fn ink(&self, row: Row, ink: &mut [f32]) {
        match self {
            Self::Solid => ink.fill(1.0),
            &Self::Stripes { period } => {
                let per = 1.0 / period;
                row.fill(ink, |_, v| {
                    line(from_nearest(v, period, per), 0.15 * period)
                });
            }
            &Self::Grid { period } => {
                let per = 1.0 / period;
                let bar = |t| line(from_nearest(t, period, per), 0.15 * period);
                row.fill(ink, |u, v| either(bar(u), bar(v)));
            }
            &Self::Hexgrid { period } => {
                let per = 1.0 / period;
                let bar = |t| line(from_nearest(t, period, per), 0.1 * period);
                row.fill(ink, |u, v| {
                    let (across, along) = (COS_30 * u, 0.5 * v);
                    either(bar(v), either(bar(across + along), bar(across - along)))
                });
            }
            &Self::Dots { period } => {
                let per = 1.0 / period;
                row.fill(ink, |u, v| {
                    let u = from_nearest(u, period, per);
                    let v = from_nearest(v, period, per);
                    inside(0.4 * period - (u * u + v * v).sqrt())
                });
            }
            &Self::Triangles { period } => {
                let per = 1.0 / period;
                row.fill(ink, |u, v| {
                    let side = from_nearest(u, period, per).abs();
                    // Down from the apex, and the same triangle one row up.
                    let down = from_nearest(v - 0.5 * period, period, per) + 0.5 * period;
                    let edge = (0.5 * down - side) * SLANT;
                    let here = edge.min(period - down);
                    let above = (edge + 0.5 * period * SLANT).min(-down);
                    inside(here.max(above))
                });
            }
            &Self::Zigzags { period } => {
                let (per, double) = (1.0 / period, 2.0 * period);
                row.fill(ink, |u, v| {
                    let wave = 0.5 * from_nearest(v, double, 0.5 * per).abs();
                    line(
                        from_nearest(u - wave, period, per) * SLANT,
                        0.25 * period * SLANT,
                    )
                });
            }
            &Self::Pluses { period } => {
                let (per, double) = (1.0 / period, 2.0 * period);
                let plus = |u: f32, v: f32| {
                    let (arm, half) = (0.4 * period, 0.15 * period);
                    let bar = |along: f32, across: f32| line(along, arm) * line(across, half);
                    bar(u, v).max(bar(v, u))
                };
                row.fill(ink, |u, v| {
                    let even = plus(
                        from_nearest(u, period, per),
                        from_nearest(v, double, 0.5 * per),
                    );
                    let odd = plus(
                        from_nearest(u - 0.5 * period, period, per),
                        from_nearest(v - period, double, 0.5 * per),
                    );
                    even.max(odd)
                });
            }
            Self::Cells(cells) => cells.ink(row, ink),
        }
    }
}
