use super::Polygon;

/// The share of each pixel that lies inside of polygons, exactly.
///
/// Every edge adds, row by row, the change of coverage from one pixel to the
/// next; running sums along the rows turn these changes into coverages. The
/// polygons together must enclose each point at most once (holes run the other
/// way round).
pub(crate) struct Coverage {
    /// Image coordinates of the first pixel.
    left: i64,
    top: i64,
    /// Pixels of a row, and one cell more for what ends in the last one.
    stride: usize,
    cells: Vec<f32>,
    /// Per row, the first cell that any edge has touched and the one after the
    /// last; none where the first is not before the other.
    touched: Vec<[u32; 2]>,
}

impl Coverage {
    /// Of polygons given in image coordinates, over the pixels they touch.
    pub fn of(polygons: &[Polygon]) -> Self {
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for point in polygons.iter().flatten() {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        if low[0] > high[0] {
            (low, high) = ([0.0; 2], [0.0; 2]);
        }
        let (left, top) = (low[0].floor() as i64, low[1].floor() as i64);
        let stride = (high[0].floor() as i64 - left) as usize + 2;
        let rows = (high[1].floor() as i64 - top) as usize + 1;
        let mut coverage = Self {
            left,
            top,
            stride,
            cells: vec![0.0; stride * rows],
            touched: vec![[u32::MAX, 0]; rows],
        };
        for polygon in polygons {
            let mut from = match polygon.last() {
                Some(&last) => last,
                None => continue,
            };
            for &to in polygon {
                coverage.add_edge(from, to);
                from = to;
            }
        }
        coverage.sum_rows();
        coverage
    }

    /// The rows within an image of side `size`, each as its `y`, the `x` of its
    /// first pixel and the coverages from there on, in `[0, 1]`.
    pub fn rows(&self, size: usize) -> impl Iterator<Item = (usize, usize, &[f32])> {
        self.rows_shifted([0, 0], size)
    }

    /// The same when everything is moved by whole pixels.
    pub fn rows_shifted(
        &self,
        [right, down]: [i64; 2],
        size: usize,
    ) -> impl Iterator<Item = (usize, usize, &[f32])> {
        let (size, left) = (size as i64, self.left + right);
        let rows = self.cells.chunks_exact(self.stride).zip(&self.touched);
        rows.zip(self.top + down..)
            .filter_map(move |((cells, &[first, end]), y)| {
                let start = (left + i64::from(first)).max(0);
                let end = (left + i64::from(end)).min(size);
                if !(0..size).contains(&y) || start >= end {
                    return None;
                }
                let cells = &cells[(start - left) as usize..(end - left) as usize];
                Some((y as usize, start as usize, cells))
            })
    }

    /// The coverage of the pixel at (`x`, `y`); 0 away from the polygons.
    pub fn at(&self, x: i64, y: i64) -> f32 {
        let (column, row) = (x - self.left, y - self.top);
        if column < 0 || row < 0 || column as usize >= self.stride {
            return 0.0;
        }
        let cell = row as usize * self.stride + column as usize;
        self.cells.get(cell).copied().unwrap_or(0.0)
    }

    fn add_edge(&mut self, from: [f64; 2], to: [f64; 2]) {
        let (direction, upper, lower) = if from[1] < to[1] {
            (1.0, from, to)
        } else {
            (-1.0, to, from)
        };
        let slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
        if !slope.is_finite() {
            return;
        }
        let (left, top) = (self.left as f64, self.top as f64);
        let (y0, y1) = (upper[1] - top, lower[1] - top);
        let (leftmost, rightmost) = (upper[0].min(lower[0]), upper[0].max(lower[0]));
        let x_at = |y: f64| (upper[0] + (y - y0) * slope).clamp(leftmost, rightmost) - left;
        let mut y = y0;
        let mut x = x_at(y0);
        let mut row = y0 as usize;
        while y < y1 {
            let next_y = ((row + 1) as f64).min(y1);
            let next_x = x_at(next_y);
            self.add_within_row(row, x.min(next_x), x.max(next_x), direction * (next_y - y));
            (x, y, row) = (next_x, next_y, row + 1);
        }
    }

    /// Adds an edge that crosses `height` (signed) of a row while it goes from
    /// column `start` to `end`. What lies to its right is covered, so the
    /// coverage of a pixel is the mean of a ramp from 0 at `start` to 1 at
    /// `end`.
    fn add_within_row(&mut self, row: usize, start: f64, end: f64, height: f64) {
        let (first, last) = (start as usize, end as usize);
        let [touched_first, touched_end] = &mut self.touched[row];
        *touched_first = (first as u32).min(*touched_first);
        *touched_end = (last as u32 + 1).max(*touched_end);
        let cells = &mut self.cells[row * self.stride..][first..last + 2];
        if first == last {
            let covered = (first + 1) as f64 - 0.5 * (start + end);
            cells[0] += (height * covered) as f32;
            cells[1] += (height * (1.0 - covered)) as f32;
            return;
        }
        let width = end - start;
        let ramp_integral = |x: f64| {
            let along = (x - start).clamp(0.0, width);
            along * along / (2.0 * width) + (x - end).max(0.0)
        };
        let (mut before, mut covered_before) = (0.0, 0.0);
        for (cell, column) in cells.iter_mut().zip(first..) {
            let integral = ramp_integral((column + 1) as f64);
            let covered = integral - before;
            *cell += (height * (covered - covered_before)) as f32;
            (before, covered_before) = (integral, covered);
        }
    }

    fn sum_rows(&mut self) {
        let rows = self.cells.chunks_exact_mut(self.stride);
        for (row, &[first, end]) in rows.zip(&self.touched) {
            if first >= end {
                continue;
            }
            let (touched, beyond) = row.split_at_mut(end as usize);
            let mut sum = 0.0f32;
            for cell in &mut touched[first as usize..] {
                sum += *cell;
                *cell = sum.abs().min(1.0);
            }
            beyond.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shoelace(polygon: &Polygon) -> f64 {
        let next = polygon.iter().cycle().skip(1);
        let twice: f64 = polygon
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - a[1] * b[0])
            .sum();
        twice.abs() / 2.0
    }

    fn total(coverage: &Coverage) -> f64 {
        coverage
            .rows(100)
            .flat_map(|(_, _, cells)| cells)
            .map(|&cell| f64::from(cell))
            .sum()
    }

    #[test]
    fn a_half_covered_pixel_is_one_half() {
        let coverage = Coverage::of(&[vec![[0.0, 0.0], [1.5, 0.0], [1.5, 2.0], [0.0, 2.0]]]);
        assert_eq!(coverage.at(0, 0), 1.0);
        assert_eq!(coverage.at(1, 1), 0.5);
        assert_eq!(coverage.at(2, 1), 0.0);
        assert_eq!(coverage.at(-1, 0), 0.0);
        assert_eq!(coverage.at(0, 2), 0.0);
    }

    #[test]
    fn a_diagonal_halves_the_pixels_it_crosses() {
        let coverage = Coverage::of(&[vec![[-3.0, 5.0], [1.0, 5.0], [-3.0, 9.0]]]);
        for step in 0..4 {
            assert!((coverage.at(-step, 5 + step) - 0.5).abs() < 1e-6);
        }
        assert_eq!(coverage.at(-3, 5), 1.0);
    }

    #[test]
    fn a_hole_runs_the_other_way_round() {
        let outer = vec![[0.0, 0.0], [6.0, 0.0], [6.0, 6.0], [0.0, 6.0]];
        let hole = vec![[2.0, 2.0], [2.0, 4.0], [4.0, 4.0], [4.0, 2.0]];
        let coverage = Coverage::of(&[outer, hole]);
        assert_eq!(coverage.at(3, 3), 0.0);
        assert_eq!(coverage.at(5, 3), 1.0);
        assert!((total(&coverage) - 32.0).abs() < 1e-5);
    }

    #[test]
    fn what_lies_outside_of_the_image_is_cut_off() {
        let coverage = Coverage::of(&[vec![[-3.0, -3.0], [9.0, -3.0], [9.0, 9.0], [-3.0, 9.0]]]);
        let rows: Vec<_> = coverage.rows(4).collect();
        assert_eq!(rows.len(), 4);
        for (y, (row, left, cells)) in rows.into_iter().enumerate() {
            assert_eq!((row, left, cells), (y, 0, &[1.0; 4][..]));
        }
    }

    #[test]
    fn nothing_covers_nothing() {
        assert_eq!(total(&Coverage::of(&[])), 0.0);
        assert_eq!(total(&Coverage::of(&[vec![]])), 0.0);
    }

    proptest! {
        #[test]
        fn the_covered_area_of_a_triangle_is_its_area(
            points in prop::collection::vec((0.0..100.0f64, 0.0..100.0f64), 3)
        ) {
            let triangle: Polygon = points.into_iter().map(|(x, y)| [x, y]).collect();
            let coverage = Coverage::of(std::slice::from_ref(&triangle));
            let area = shoelace(&triangle);
            prop_assert!((total(&coverage) - area).abs() < 1e-3 * (1.0 + area));
        }
    }
}
