use layerprobe_streams::Stream;

use super::ink::Row;
use super::lattice::whole;

/// Pixels that are looked up together.
const BLOCK: usize = 64;

/// Random cells, filled or empty, around the middle of an object.
///
/// The ink of a pixel is the share of its box (upright in the cells' grid)
/// that lies in filled cells. As cells are no smaller than a pixel, the box
/// touches at most two by two of them, and the share is bilinear in where the
/// box lies.
pub struct Cells {
    cell_size: f32,
    /// Cells from the middle to the border.
    reach: f32,
    side: usize,
    /// For each cell, which of it, its right, its lower and its lower right
    /// neighbor are filled, as bits 0 to 3.
    corners: Vec<u8>,
}

impl Cells {
    /// Cells of `cell_size` px that reach at least `radius` px from the middle,
    /// each filled with probability 1/2.
    pub fn noise(stream: &mut Stream, cell_size: f32, radius: f32) -> Self {
        let side = side(cell_size, radius);
        let mut filled = vec![0; side * side];
        for block in filled.chunks_mut(64) {
            let word = stream.next_u64();
            for (bit, cell) in block.iter_mut().enumerate() {
                *cell = (word >> bit & 1) as u8;
            }
        }
        Self::new(cell_size, side, &filled)
    }

    /// Streaks one cell wide and `length` cells tall, of which one starts in a
    /// cell with probability `starts`.
    pub fn rain(
        stream: &mut Stream,
        cell_size: f32,
        radius: f32,
        length: usize,
        starts: f64,
    ) -> Self {
        let side = side(cell_size, radius);
        let mut filled = vec![0; side * side];
        // Streaks also start above the cells. The gaps between starts are
        // geometric.
        let cells = side * (side + length);
        let per_log = 1.0 / (-starts).ln_1p();
        let mut gap = || ((1.0 - stream.uniform()).ln() * per_log) as usize;
        let mut start = gap();
        while start < cells {
            let (row, column) = (start / side, start % side);
            for row in (row + 1..=row + length).filter_map(|row| row.checked_sub(length)) {
                if let Some(cell) = filled.get_mut(row * side + column) {
                    *cell = 1;
                }
            }
            start += 1 + gap();
        }
        Self::new(cell_size, side, &filled)
    }

    fn new(cell_size: f32, side: usize, filled: &[u8]) -> Self {
        let mut corners = vec![0; filled.len()];
        let neighbors = filled.iter().zip(&filled[1..]);
        let below = filled[side..].iter().zip(&filled[side + 1..]);
        for ((corner, (here, right)), (lower, lower_right)) in
            corners.iter_mut().zip(neighbors).zip(below)
        {
            *corner = here | right << 1 | lower << 2 | lower_right << 3;
        }
        Self {
            cell_size,
            reach: (side / 2) as f32,
            side,
            corners,
        }
    }

    /// Writes the share of each pixel of a row that lies in filled cells.
    pub fn ink(&self, row: Row, ink: &mut [f32]) {
        let per_cell = 1.0 / self.cell_size;
        let last = (self.side - 2) as f32;
        // The first cell a box touches along an axis, and the share of the box
        // in the next one.
        let split = |t: f32| {
            let start = ((t - 0.5) * per_cell + self.reach).clamp(0.0, last);
            let first = whole(start - 0.5);
            let next = start - first as f32 - 1.0;
            (first, (next * self.cell_size + 1.0).clamp(0.0, 1.0))
        };
        let mut at = [0u32; BLOCK];
        let mut shares = [[0.0f32; BLOCK]; 2];
        for (block, ink) in ink.chunks_mut(BLOCK).enumerate() {
            for pixel in 0..BLOCK {
                let [u, v] = row.at(block * BLOCK + pixel);
                let ((column, right), (line, below)) = (split(u), split(v));
                at[pixel] = line * self.side as u32 + column;
                shares[0][pixel] = right;
                shares[1][pixel] = below;
            }
            for (pixel, ink) in ink.iter_mut().enumerate() {
                let corners = self.corners.get(at[pixel] as usize).copied().unwrap_or(0);
                let [all, right, below, both] = BILINEAR[usize::from(corners & 15)];
                let [x, y] = [shares[0][pixel], shares[1][pixel]];
                *ink = all + right * x + (below + both * x) * y;
            }
        }
    }
}

/// How many cells there are along each axis.
fn side(cell_size: f32, radius: f32) -> usize {
    // Two more to each side for the pixel's own reach and the phase.
    2 * ((radius / cell_size).ceil() as usize + 2)
}

/// For each pattern of four corners, the coefficients of 1, `x`, `y` and `xy`
/// in the bilinear interpolation between them.
const BILINEAR: [[f32; 4]; 16] = {
    let mut coefficients = [[0.0; 4]; 16];
    let mut pattern = 0;
    while pattern < 16 {
        let here = (pattern & 1) as f32;
        let right = (pattern >> 1 & 1) as f32;
        let lower = (pattern >> 2 & 1) as f32;
        let lower_right = (pattern >> 3 & 1) as f32;
        coefficients[pattern] = [
            here,
            right - here,
            lower - here,
            here + lower_right - right - lower,
        ];
        pattern += 1;
    }
    coefficients
};

#[cfg(test)]
mod tests {
    use layerprobe_streams::StreamKey;

    use super::*;

    fn share(cells: &Cells) -> f64 {
        let filled: u32 = cells
            .corners
            .iter()
            .map(|corner| u32::from(corner & 1))
            .sum();
        f64::from(filled) / cells.corners.len() as f64
    }

    #[test]
    fn noise_fills_half_of_the_cells_and_rain_what_its_streaks_cover() {
        let mut stream = StreamKey::from_seed(0).at(0);
        let noise = Cells::noise(&mut stream, 1.0, 90.5);
        assert!((share(&noise) - 0.5).abs() < 0.01);
        let mut rain = 0.0;
        for _ in 0..10 {
            rain += share(&Cells::rain(&mut stream, 1.0, 90.5, 7, 0.05)) / 10.0;
        }
        assert!((rain - (1.0 - 0.95f64.powi(7))).abs() < 0.01, "{rain}");
    }

    #[test]
    fn streaks_are_at_least_as_tall_as_they_should_be() {
        let mut stream = StreamKey::from_seed(0).at(1);
        let rain = Cells::rain(&mut stream, 2.0, 50.0, 6, 0.02);
        let filled = |row: usize, column: usize| rain.corners[row * rain.side + column] & 1 == 1;
        for column in 0..rain.side - 1 {
            let mut tall = 6;
            for row in 0..rain.side - 1 {
                if filled(row, column) {
                    tall += 1;
                } else {
                    assert!(tall >= 6 || tall == 0, "a streak of {tall} ends at {row}");
                    tall = 0;
                }
            }
        }
    }

    #[test]
    fn a_pixel_between_cells_has_a_share_of_each() {
        let cells = Cells::new(2.0, 4, &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        // Cells are 2 px wide, the middle lies between the second and third.
        let at = |u: f32, v: f32| {
            let mut ink = [0.0];
            let row = Row {
                start: [u, v],
                step: [1.0, 0.0],
                first: 0,
            };
            cells.ink(row, &mut ink);
            ink[0]
        };
        assert_eq!(at(-1.0, -1.0), 1.0);
        assert_eq!(at(1.0, -1.0), 0.0);
        assert_eq!(at(0.0, -1.0), 0.5);
        assert_eq!(at(0.0, 0.0), 0.5);
        assert_eq!(at(0.25, -1.0), 0.25);
        assert_eq!(at(-2.0, -1.0), 0.5);
        assert_eq!(at(1.0, 1.0), 1.0);
    }
}
