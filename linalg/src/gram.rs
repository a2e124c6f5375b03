use rayon::prelude::*;

use crate::{Element, MatMut, MatRef, Threads, matmul};

/// Rows and columns of a tile of the result.
pub(crate) const TILE: usize = 384;
/// Columns summed in the panels' type before the sum goes on in f64.
const DEPTH: usize = 256;

/// How far apart rows of so many numbers best lie for a product: where that is
/// a multiple of 2 KiB, rows would share few places of the cache. A Gram matrix
/// of 3430 rows took 1.4 times as long with rows of 2048 `f32` than with gaps
/// between them.
///
/// ```
/// assert_eq!(layerprobe_linalg::apart(100), 100);
/// assert_eq!(layerprobe_linalg::apart(2048), 2064);
/// ```
pub fn apart(width: usize) -> usize {
    match width.is_multiple_of(512) {
        true => width + 16,
        false => width,
    }
}

/// Builds the Gram matrix `X X^T` of a matrix that arrives in column panels.
///
/// Products run in the panels' type over at most 256 columns at a time and are
/// then added in f64, so with f32 the error stays near its rounding of one
/// short sum however many columns there are (relative to `sqrt(K_ii K_jj)`,
/// about 1e-7) at the speed of f32. Only the lower triangle is computed. Tiles
/// are owned by one thread each and panels added in the order given: the
/// result does not depend on the number of threads.
///
/// ```
/// use layerprobe_linalg::GramAccumulator;
///
/// let mut gram = GramAccumulator::new(2);
/// gram.add(&[1.0, 2.0, 3.0, 4.0], 2); // columns 0 and 1 of both rows
/// gram.add(&[1.0, 0.5], 1); // column 2
/// assert_eq!(gram.finish(), [6.0, 11.5, 11.5, 25.25]);
/// ```
#[derive(Debug)]
pub struct GramAccumulator {
    rows: usize,
    tiles: Vec<Tile>,
}

#[derive(Debug)]
struct Tile {
    row: usize,
    col: usize,
    height: usize,
    width: usize,
    sums: Vec<f64>,
}

impl GramAccumulator {
    /// For matrices of `rows` rows; the Gram matrix is 0 so far.
    pub fn new(rows: usize) -> Self {
        let blocks = rows.div_ceil(TILE);
        let size = |block: usize| TILE.min(rows - block * TILE);
        let tiles = (0..blocks)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| Tile {
                row: i * TILE,
                col: j * TILE,
                height: size(i),
                width: size(j),
                sums: vec![0.0; size(i) * size(j)],
            })
            .collect();
        Self { rows, tiles }
    }

    /// Adds the products of `width` more columns: `panel` is rows x width,
    /// row-major.
    ///
    /// # Panics
    /// If the panel's length is not `rows * width`.
    pub fn add<T: Element>(&mut self, panel: &[T], width: usize) {
        self.add_strided(panel, width, width);
    }

    /// The same where rows of the panel start `stride` entries apart:
    /// [`apart`] says how far is best.
    ///
    /// # Panics
    /// If the panel's length is not `rows * stride`, or a row longer than that.
    pub fn add_strided<T: Element>(&mut self, panel: &[T], width: usize, stride: usize) {
        assert_eq!(panel.len(), self.rows * stride, "rows {stride} apart");
        assert!(width <= stride, "{width} columns in rows of {stride}");
        self.tiles.par_iter_mut().for_each_init(
            || vec![T::ZERO; TILE * TILE],
            |product, tile| tile.add(panel, width, stride, product),
        );
    }

    /// The diagonal, and the entries above it row by row: half the memory of
    /// [`GramAccumulator::finish`].
    ///
    /// ```
    /// use layerprobe_linalg::GramAccumulator;
    ///
    /// let mut gram = GramAccumulator::new(3);
    /// gram.add(&[1.0, 2.0, 3.0], 1);
    /// let (diagonal, above) = gram.finish_above();
    /// assert_eq!((diagonal, above), (vec![1.0, 4.0, 9.0], vec![2.0, 3.0, 6.0]));
    /// ```
    pub fn finish_above(self) -> (Vec<f64>, Vec<f64>) {
        let n = self.rows;
        let mut diagonal = vec![0.0; n];
        let mut above = vec![0.0; n * n.saturating_sub(1) / 2];
        for tile in &self.tiles {
            // entry (r, c) below the diagonal is entry (c, r) above it
            for c in 0..tile.width {
                let row = tile.col + c;
                let start = row * (2 * n - row - 1) / 2;
                for r in 0..tile.height {
                    let col = tile.row + r;
                    let value = tile.sums[r * tile.width + c];
                    if col > row {
                        above[start + col - row - 1] = value;
                    } else if col == row {
                        diagonal[row] = value;
                    }
                }
            }
        }
        (diagonal, above)
    }

    /// The whole symmetric matrix, rows x rows, row-major.
    pub fn finish(self) -> Vec<f64> {
        let n = self.rows;
        let mut gram = vec![0.0; n * n];
        for tile in &self.tiles {
            for (i, sums) in tile.sums.chunks_exact(tile.width).enumerate() {
                let start = (tile.row + i) * n + tile.col;
                gram[start..start + tile.width].copy_from_slice(sums);
            }
        }
        mirror(&mut gram, n);
        gram
    }
}

/// Copies the lower triangle onto the upper one, in blocks that fit a cache.
pub(crate) fn mirror(matrix: &mut [f64], n: usize) {
    const BLOCK: usize = 64;
    for rows in (0..n).step_by(BLOCK) {
        for cols in (0..=rows).step_by(BLOCK) {
            for i in rows..(rows + BLOCK).min(n) {
                for j in cols..(cols + BLOCK).min(i) {
                    matrix[j * n + i] = matrix[i * n + j];
                }
            }
        }
    }
}

impl Tile {
    fn add<T: Element>(&mut self, panel: &[T], width: usize, stride: usize, product: &mut [T]) {
        let product = &mut product[..self.height * self.width];
        for start in (0..width).step_by(DEPTH) {
            let depth = DEPTH.min(width - start);
            let view = |first: usize, rows: usize| {
                MatRef::strided(&panel[first * stride + start..], rows, depth, stride, 1)
            };
            matmul(
                MatMut::row_major(product, self.height, self.width),
                T::ZERO,
                view(self.row, self.height),
                view(self.col, self.width).t(),
                T::rounded(1.0),
                Threads::One,
            );
            for (sum, &term) in self.sums.iter_mut().zip(product.iter()) {
                *sum += term.widened();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(i: usize, j: usize) -> f32 {
        ((i * 7919 + j * 104_729 + i * j) % 1009) as f32 / 300.0 - 1.6
    }

    fn gram(rows: usize, widths: &[usize]) -> Vec<f64> {
        let mut gram = GramAccumulator::new(rows);
        let mut start = 0;
        for &width in widths {
            let panel: Vec<f32> = (0..rows * width)
                .map(|x| entry(x / width, start + x % width))
                .collect();
            gram.add(&panel, width);
            start += width;
        }
        gram.finish()
    }

    #[test]
    fn equals_the_sums_in_f64_on_odd_shapes() {
        for (rows, widths) in [(1, vec![1]), (400, vec![300, 513]), (5, vec![7, 0, 1])] {
            let dims: usize = widths.iter().sum();
            let found = gram(rows, &widths);
            for i in 0..rows {
                for j in 0..rows {
                    let exact: f64 = (0..dims)
                        .map(|l| f64::from(entry(i, l)) * f64::from(entry(j, l)))
                        .sum();
                    assert!((found[i * rows + j] - exact).abs() < 1e-6 * dims as f64);
                }
            }
        }
    }

    #[test]
    fn panels_in_f64_give_the_part_above_the_diagonal() {
        let (rows, dims) = (500, 300);
        let panel: Vec<f64> = (0..rows * dims)
            .map(|x| f64::from(entry(x / dims, x % dims)))
            .collect();
        let mut gram = GramAccumulator::new(rows);
        gram.add(&panel, dims);
        let (diagonal, above) = gram.finish_above();
        let mut above = above.into_iter();
        for i in 0..rows {
            for j in i..rows {
                let exact: f64 = (0..dims)
                    .map(|l| panel[i * dims + l] * panel[j * dims + l])
                    .sum();
                let found = if j == i {
                    diagonal[i]
                } else {
                    above.next().unwrap()
                };
                assert!((found - exact).abs() < 1e-12 * dims as f64);
            }
        }
        assert_eq!(above.next(), None);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| gram(801, &[300, 77]))
                .iter()
                .map(|x| x.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn no_rows_give_nothing() {
        assert!(GramAccumulator::new(0).finish().is_empty());
    }
}
