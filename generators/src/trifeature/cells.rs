use layerprobe_streams::Stream;

/// Random cells, filled or empty, around the middle of an object.
///
/// A value is the share of a pixel's box that lies in filled cells.
pub struct Cells {
    /// Cells from the middle to the border.
    reach: i32,
    side: usize,
    filled: Vec<u8>,
    cell_size: f32,
}

impl Cells {
    /// Cells of `cell_size` px that reach at least `radius` px from the middle,
    /// each filled with probability 1/2.
    pub fn noise(stream: &mut Stream, cell_size: f32, radius: f32) -> Self {
        let mut cells = Self::empty(cell_size, radius);
        for block in cells.filled.chunks_mut(64) {
            let word = stream.next_u64();
            for (bit, cell) in block.iter_mut().enumerate() {
                *cell = (word >> bit & 1) as u8;
            }
        }
        cells
    }

    /// Streaks one cell wide and `length` cells tall, of which one starts in a
    /// cell with probability `starts`, to the nearest 2^-16.
    pub fn rain(
        stream: &mut Stream,
        cell_size: f32,
        radius: f32,
        length: usize,
        starts: f64,
    ) -> Self {
        let mut cells = Self::empty(cell_size, radius);
        let threshold = (starts * 65536.0).round() as u64;
        let (side, columns) = (cells.side, cells.side.div_ceil(4) * 4);
        // Rows left to fill in each column; streaks also start above the cells.
        let mut left = vec![0usize; columns];
        for row in 0..side + length {
            for four in left.chunks_mut(4) {
                let word = stream.next_u64();
                for (part, left) in four.iter_mut().enumerate() {
                    let starts = (word >> (16 * part) & 0xffff) < threshold;
                    *left = if starts {
                        length
                    } else {
                        left.saturating_sub(1)
                    };
                }
            }
            if let Some(row) = row.checked_sub(length) {
                let cells = &mut cells.filled[row * side..(row + 1) * side];
                for (cell, &left) in cells.iter_mut().zip(&left) {
                    *cell = u8::from(left > 0);
                }
            }
        }
        cells
    }

    fn empty(cell_size: f32, radius: f32) -> Self {
        // Two more for the pixel's own reach and the phase.
        let reach = (radius / cell_size).ceil() as i32 + 2;
        let side = 2 * reach as usize;
        Self {
            reach,
            side,
            filled: vec![0; side * side],
            cell_size,
        }
    }

    /// The share of the pixel's box at (`u`, `v`) px from the middle that is
    /// filled.
    #[inline(always)]
    pub fn share(&self, u: f32, v: f32) -> f32 {
        let (column, right) = self.split(u);
        let (row, below) = self.split(v);
        let last = self.side - 2;
        let corner = row.min(last) * self.side + column.min(last);
        let at = |cell: usize| f32::from(self.filled[cell]);
        let upper = at(corner) + right * (at(corner + 1) - at(corner));
        let corner = corner + self.side;
        let lower = at(corner) + right * (at(corner + 1) - at(corner));
        upper + below * (lower - upper)
    }

    /// The first cell that a pixel's box touches along one axis, and the share
    /// of the box that lies in the next one.
    #[inline(always)]
    fn split(&self, t: f32) -> (usize, f32) {
        let start = (t - 0.5) / self.cell_size + self.reach as f32;
        let first = start.max(0.0) as usize;
        let share = (start - (first + 1) as f32) * self.cell_size + 1.0;
        (first, share.clamp(0.0, 1.0))
    }
}
