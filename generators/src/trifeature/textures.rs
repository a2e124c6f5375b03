use layerprobe_streams::{Stream, StreamKey};

use super::cells::Cells;

/// Names of the textures, in the paper's order (Hermann & Lampinen 2020,
/// Fig. B.1).
pub const TEXTURES: [&str; 10] = [
    "solid",
    "stripes",
    "grid",
    "hexgrid",
    "dots",
    "noise",
    "triangles",
    "zigzags",
    "rain",
    "pluses",
];

/// Share of pixels in which a streak of rain starts when streaks are 7 px tall.
const RAIN_STARTS: f64 = 0.05;
const RAIN_LENGTH: f64 = 7.0;

/// One texture, ready to be inked. Lengths are in pixels; lines are 3/10 of a
/// period wide (hexgrid's 2/10).
pub enum Texture {
    /// Everything is ink.
    Solid,
    /// Horizontal lines.
    Stripes { period: f32 },
    /// Lines in both directions.
    Grid { period: f32 },
    /// Thin lines in three directions, 60 degrees apart, a period from each
    /// other.
    Hexgrid { period: f32 },
    /// Discs of radius 4/10.
    Dots { period: f32 },
    /// A triangle as wide and tall as the cell, apex up.
    Triangles { period: f32 },
    /// Bands half a period wide that run to and fro by half a period.
    Zigzags { period: f32 },
    /// Crosses 8/10 of the cell wide, staggered by half a cell from row to row.
    Pluses { period: f32 },
    /// Noise and rain.
    Cells(Cells),
}

/// Makes textures of one period for objects of one size.
#[derive(Clone, Copy, Debug)]
pub struct TextureMaker {
    period: f32,
    radius: f32,
    noise: StreamKey,
}

impl TextureMaker {
    /// For objects whose box has side `object_size`; noise and rain are drawn
    /// from `noise`.
    pub fn new(period: usize, object_size: usize, noise: StreamKey) -> Self {
        Self {
            period: period as f32,
            radius: object_size as f32 * std::f32::consts::FRAC_1_SQRT_2,
            noise,
        }
    }

    /// Texture number `texture` with the noise of draw number `draw`.
    pub fn texture(&self, texture: usize, draw: u64) -> Texture {
        let period = self.period;
        match TEXTURES[texture] {
            "solid" => Texture::Solid,
            "stripes" => Texture::Stripes { period },
            "grid" => Texture::Grid { period },
            "hexgrid" => Texture::Hexgrid { period },
            "dots" => Texture::Dots { period },
            "triangles" => Texture::Triangles { period },
            "zigzags" => Texture::Zigzags { period },
            "pluses" => Texture::Pluses { period },
            "noise" => Texture::Cells(self.noise(&mut self.noise.at(draw))),
            _ => Texture::Cells(self.rain(&mut self.noise.at(draw))),
        }
    }

    /// How far a phase of one shifts a texture, in pixels: along each axis the
    /// distance after which it repeats. Random cells do not repeat; their grid
    /// shifts by a cell.
    pub fn repeat(&self, texture: usize) -> [f32; 2] {
        let period = self.period;
        match TEXTURES[texture] {
            "hexgrid" => [2.0 * period / 3f32.sqrt(), 2.0 * period],
            "zigzags" | "pluses" => [period, 2.0 * period],
            "noise" | "rain" => [self.cell(); 2],
            _ => [period; 2],
        }
    }

    /// A tenth of a period, and at least a pixel.
    fn cell(&self) -> f32 {
        (self.period / 10.0).max(1.0)
    }

    fn noise(&self, stream: &mut Stream) -> Cells {
        Cells::noise(stream, self.cell(), self.radius)
    }

    /// Streaks 7/10 of a period tall, to whole cells; where that is fewer than
    /// 7 cells, so many more streaks start that the inked share is the same.
    fn rain(&self, stream: &mut Stream) -> Cells {
        let (period, cell) = (f64::from(self.period), f64::from(self.cell()));
        let length = (RAIN_LENGTH / 10.0 * period / cell).round().max(2.0);
        let starts = 1.0 - (1.0 - RAIN_STARTS).powf(RAIN_LENGTH / length);
        Cells::rain(stream, self.cell(), self.radius, length as usize, starts)
    }
}
