use rayon::prelude::*;

use crate::{MatMut, MatRef, Threads, matmul};

/// Rows and columns of a tile of the result.
const TILE: usize = 384;
/// Columns summed in f32 before the sum goes on in f64.
const DEPTH: usize = 256;

/// Builds the Gram matrix `X X^T` of a matrix that arrives in column panels.
///
/// Products run in f32 over at most 256 columns at a time and are then added
/// in f64, so the error stays near f32's rounding of one short sum however
/// many columns there are (relative to `sqrt(K_ii K_jj)`, about 1e-7) at the
/// speed of f32. Only the lower triangle is computed. Tiles are owned by one
/// thread each and panels added in the order given: the result does not
/// depend on the number of threads.
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
    pub fn add(&mut self, panel: &[f32], width: usize) {
        assert_eq!(panel.len(), self.rows * width, "panel of {width} columns");
        self.tiles.par_iter_mut().for_each_init(
            || vec![0f32; TILE * TILE],
            |product, tile| tile.add(panel, width, product),
        );
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
fn mirror(matrix: &mut [f64], n: usize) {
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
    fn add(&mut self, panel: &[f32], width: usize, product: &mut [f32]) {
        let product = &mut product[..self.height * self.width];
        for start in (0..width).step_by(DEPTH) {
            let depth = DEPTH.min(width - start);
            let view = |first: usize, rows: usize| {
                MatRef::strided(&panel[first * width + start..], rows, depth, width, 1)
            };
            matmul(
                MatMut::row_major(product, self.height, self.width),
                0.0,
                view(self.row, self.height),
                view(self.col, self.width).t(),
                1.0,
                Threads::One,
            );
            for (sum, &term) in self.sums.iter_mut().zip(product.iter()) {
                *sum += f64::from(term);
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
