//! The multinomial likelihood along a few directions, eight rows at a time,
//! stable at any scale of logits.

use rayon::prelude::*;

use super::block_sums::Chunk;
use super::vector::{LANES, Lanes, vectorized};

/// Rows whose sums are taken together; chunks are added in order, whoever
/// computed them.
const CHUNK: usize = 1024;

/// Logits of rows that a block has beyond the last one: all but the first
/// class's, which counts as the true one.
const NEVER: f64 = -1e300;

/// Sums over some rows of a likelihood and of its derivatives along a few
/// directions and the intercepts.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// Sum of cross-entropies, nats.
    pub loss: f64,
    /// Sum of `p (1 - p)` over rows and classes.
    pub spread: f64,
    /// Gradient: directions first, then intercepts.
    pub gradient: Vec<f64>,
    /// Hessian in the same order, row-major; only the upper triangle is set.
    pub hessian: Vec<f64>,
}

impl Sums {
    fn zero(order: usize) -> Self {
        Self {
            loss: 0.0,
            spread: 0.0,
            gradient: vec![0.0; order],
            hessian: vec![0.0; order * order],
        }
    }

    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.spread += other.spread;
        for (x, y) in self.gradient.iter_mut().zip(&other.gradient) {
            *x += y;
        }
        for (x, y) in self.hessian.iter_mut().zip(&other.hessian) {
            *x += y;
        }
    }
}

/// Directions of the longest search: a gradient's, the last step's and the decoder's.
const DIRECTIONS: usize = 3;

/// Bytes of the sums of searches over so many rows, for as many fits and threads: what
/// each thread adds up in, and what chunks leave until they are added.
pub(crate) fn bytes_of_sums(rows: usize, classes: usize, (fits, threads): (u64, u64)) -> u64 {
    let [order, chunks] = [classes + DIRECTIONS, rows.div_ceil(CHUNK)].map(|x| x as u64);
    order * order * (64 * threads + 8 * chunks * fits.min(threads))
}

/// Logits along a few directions, in blocks of eight rows, each less its entry
/// at the row's true class: softmax does not see that, and sums then run over
/// small terms only, without cancellation.
pub(crate) struct Logits {
    rows: usize,
    classes: usize,
    /// The base and the directions.
    parts: usize,
    /// Blocks x parts x classes.
    data: Vec<Lanes>,
    /// The true class of each row of a block, as a number to compare with.
    labels: Vec<Lanes>,
    /// `p - e_y` where the likelihood was last evaluated, blocks x classes.
    residuals: Vec<Lanes>,
}

impl Logits {
    /// `base` and each direction are rows x `classes`, row-major; one label a row.
    pub fn new(labels: &[u32], classes: usize, base: &[f64], directions: &[&[f64]]) -> Self {
        let blocks = labels.len().div_ceil(LANES);
        let parts = 1 + directions.len();
        let mut data = vec![[0.0; LANES]; blocks * parts * classes];
        let mut own = vec![[0.0; LANES]; blocks];
        let width = (parts * classes).max(1);
        for (block, (data, own)) in data.chunks_exact_mut(width).zip(&mut own).enumerate() {
            for (lane, own) in own.iter_mut().enumerate() {
                let row = block * LANES + lane;
                let Some(&label) = labels.get(row) else {
                    for class in data.iter_mut().take(classes).skip(1) {
                        class[lane] = NEVER;
                    }
                    continue;
                };
                *own = f64::from(label);
                let images = std::iter::once(base).chain(directions.iter().copied());
                for (part, image) in data.chunks_exact_mut(classes).zip(images) {
                    let image = &image[row * classes..][..classes];
                    let at_label = image[label as usize];
                    for (to, x) in part.iter_mut().zip(image) {
                        to[lane] = x - at_label;
                    }
                }
            }
        }
        Self {
            rows: labels.len(),
            classes,
            parts,
            data,
            labels: own,
            residuals: vec![[0.0; LANES]; blocks * classes],
        }
    }

    /// The likelihood at `base + sum of steps * directions + intercept`.
    pub fn evaluate(&mut self, steps: &[f64], intercept: &[f64]) -> Sums {
        let k = self.classes;
        let order = steps.len() + k;
        let blocks = CHUNK / LANES;
        let data = self.data.par_chunks(blocks * self.parts * k);
        let labels = self.labels.par_chunks(blocks);
        let residuals = self.residuals.par_chunks_mut(blocks * k);
        let chunks = data.zip(labels).zip(residuals);
        let parts = chunks.map(|((data, labels), residuals)| {
            vectorized(Chunk {
                data,
                labels,
                residuals,
                steps,
                intercept,
            })
        });
        let mut sums = Sums::zero(order);
        for part in parts.collect::<Vec<_>>() {
            sums.add(&part);
        }
        sums
    }

    /// Writes `p - e_y` of every row where the likelihood was last evaluated,
    /// rows x classes. The entry at `y` is minus the sum of the others'
    /// probabilities, and so keeps its relative accuracy where the fit is
    /// nearly perfect.
    pub fn residuals(&self, out: &mut [f64]) {
        let k = self.classes.max(1);
        let rows = out.chunks_exact_mut(k).take(self.rows);
        for (row, out) in rows.enumerate() {
            let block = &self.residuals[row / LANES * k..][..k];
            for (out, class) in out.iter_mut().zip(block) {
                *out = class[row % LANES];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loss and residual of one row.
    fn of_row(logits: &[f64], label: u32) -> (f64, Vec<f64>) {
        let mut blocks = Logits::new(&[label], logits.len(), logits, &[]);
        let sums = blocks.evaluate(&[], &vec![0.0; logits.len()]);
        let mut residual = vec![0.0; logits.len()];
        blocks.residuals(&mut residual);
        (sums.loss, residual)
    }

    #[test]
    fn huge_and_tiny_logits_stay_finite_and_exact() {
        let found = of_row(&[1000.0, 0.0, -1000.0], 0);
        assert_eq!(found, (0.0, vec![0.0, 0.0, 0.0]));
        let found = of_row(&[1000.0, 0.0, -1000.0], 2);
        assert_eq!(found, (2000.0, vec![1.0, 0.0, -1.0]));
        // a miss of 1e-26 is kept, where 1 - p would be 0
        let (loss, r) = of_row(&[0.0, -60.0], 0);
        assert!((loss / (-60f64).exp() - 1.0).abs() < 1e-12);
        assert_eq!(r[0], -r[1]);
        assert!(r[1] > 0.0);
        assert!(of_row(&[0.0, f64::NAN], 0).0.is_nan());
    }

    #[test]
    fn sums_agree_with_the_formula_row_by_row() {
        let (rows, k) = (2 * CHUNK + 13, 5);
        let number = |i: usize| ((i * 7919) % 1009) as f64 / 200.0 - 2.5;
        let base: Vec<f64> = (0..rows * k).map(number).collect();
        let direction: Vec<f64> = (0..rows * k).map(|i| number(3 * i + 1)).collect();
        let labels: Vec<u32> = (0..rows).map(|i| (i * i % k) as u32).collect();
        let intercept = [0.3, -0.1, 0.0, 0.9, -2.0];
        let mut logits = Logits::new(&labels, k, &base, &[&direction]);
        let sums = logits.evaluate(&[0.7], &intercept);
        let mut residual = vec![0.0; rows * k];
        logits.residuals(&mut residual);
        let (mut loss, mut spread, mut along, mut bend) = (0.0, 0.0, 0.0, 0.0);
        let mut counted = vec![0.0; k];
        for row in 0..rows {
            let z: Vec<f64> = (0..k)
                .map(|c| base[row * k + c] + 0.7 * direction[row * k + c] + intercept[c])
                .collect();
            let sum: f64 = z.iter().map(|z| z.exp()).sum();
            let label = labels[row] as usize;
            loss += sum.ln() - z[label];
            let (mut first, mut second) = (0.0, 0.0);
            for (c, z) in z.iter().enumerate() {
                let p = z.exp() / sum;
                let r = if c == label { p - 1.0 } else { p };
                assert!((residual[row * k + c] - r).abs() < 1e-14);
                spread += p * (1.0 - p);
                let x = direction[row * k + c];
                along += r * x;
                first += p * x;
                second += p * x * x;
                counted[c] += r;
            }
            bend += second - first * first;
        }
        for (found, exact) in [
            (sums.loss, loss),
            (sums.spread, spread),
            (sums.gradient[0], along),
            (sums.hessian[0], bend),
        ] {
            assert!((found / exact - 1.0).abs() < 1e-11, "{found} {exact}");
        }
        for (found, exact) in sums.gradient[1..].iter().zip(counted) {
            assert!((found - exact).abs() < 1e-9);
        }
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let base = [0.3, -0.2, 0.9];
        let directions: [&[f64]; 2] = [&[1.0, -2.0, 0.5], &[0.1, 0.4, -0.7]];
        let sums =
            |t: &[f64; 5]| Logits::new(&[1], 3, &base, &directions).evaluate(&t[..2], &t[2..]);
        let at = sums(&[0.0; 5]);
        let h = 1e-5;
        for i in 0..5 {
            let (mut up, mut down) = ([0.0; 5], [0.0; 5]);
            (up[i], down[i]) = (h, -h);
            let (up, down) = (sums(&up), sums(&down));
            let slope = (up.loss - down.loss) / (2.0 * h);
            assert!((slope - at.gradient[i]).abs() < 1e-9);
            for j in i..5 {
                let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * h);
                assert!((bend - at.hessian[i * 5 + j]).abs() < 1e-9, "{i} {j}");
            }
        }
    }
}
