//! The likelihood's whole Hessian, for problems small enough to factor it.

use layerprobe_linalg::{Cholesky, InverseFactor, MatMut, MatRef, Threads, matmul};
use rayon::prelude::*;

use super::newton::Task;
use super::row_curvature::weights;

/// A factored Hessian over weights and intercepts at one place of one fit.
///
/// Where classes overlap and the penalty is small, the mean curvature says
/// little about single directions, and the plain preconditioner takes
/// thousands of iterations; with this one a handful is left. It stays useful
/// when the place moves on: it only shapes directions.
///
/// Classes' decoders sum to 0, so all but the last are enough: with
/// `w_last = -(w_1 + ...)` a row's curvature `B = diag p - p p^T` becomes
/// `(e_c - e_last)^T B (e_d - e_last)`, and the penalty `penalty (1 + [c = d])`.
///
/// Of a matrix in its principal directions only the leading ones are taken as they
/// are, and the others one by one with the mean of `p (1 - p)` over classes.
pub(crate) struct Curvature {
    factor: Factored,
    dims: usize,
    classes: usize,
    /// The curvature of the dimensions that follow.
    rest: Vec<f64>,
}

enum Factored {
    /// In doubles.
    Exactly(Cholesky),
    /// Solved in singles: more iterations, at the speed of memory each.
    Nearly(InverseFactor),
}

/// Most unknowns that are solved for in doubles: factoring takes about a second
/// at this size.
pub(crate) const SMALL: usize = 1500;

/// Most unknowns of leading directions.
const LEADING: usize = 3000;
/// Directions that are not worth a distinction.
const FEW: usize = 64;

impl Curvature {
    /// Leading directions of so many that are taken as they are: a quarter, in which
    /// nearly all variance lies where this is wanted.
    pub fn leading(dims: usize, classes: usize) -> usize {
        let most = (LEADING / (classes - 1)).saturating_sub(1);
        (dims / 4).max(FEW).min(dims).min(most)
    }

    /// Number of unknowns: dimensions and intercept, times classes but one.
    pub fn size(dims: usize, classes: usize) -> usize {
        (dims + 1) * (classes - 1)
    }

    /// Number of unknowns of this one.
    pub fn unknowns(&self) -> usize {
        Self::size(self.dims, self.classes)
    }

    /// Factors `sum over rows of x x^T B + penalty`, with a 1 put after each
    /// row of `matrix`; `residual` is `p - e_y`. None where rounding leaves it
    /// indefinite.
    pub fn new(
        matrix: MatRef<'_, f64>,
        task: Task<'_>,
        residual: &[f64],
        penalty: f64,
    ) -> Option<Self> {
        let (rows, dims, k) = (matrix.rows(), matrix.cols(), task.classes);
        let width = dims + 1;
        let size = Self::size(dims, k);
        let mut augmented = vec![1.0; rows * width];
        for i in 0..rows {
            for j in 0..dims {
                augmented[i * width + j] = matrix.at(i, j);
            }
        }
        let pairs: Vec<(usize, usize)> = (0..k - 1)
            .flat_map(|c| (0..=c).map(move |d| (c, d)))
            .collect();
        let mut hessian = vec![0.0; size * size];
        // as many at a time as keep memory near that of the result
        for pairs in pairs.chunks(k) {
            let blocks: Vec<Vec<f64>> = pairs
                .par_iter()
                .map(|&pair| block(&augmented, width, task, residual, pair))
                .collect();
            for (&(c, d), block) in pairs.iter().zip(&blocks) {
                for (i, row) in block.chunks_exact(width).enumerate() {
                    let start = (c * width + i) * size + d * width;
                    hessian[start..start + width].copy_from_slice(row);
                }
            }
        }
        for c in 0..k - 1 {
            for d in 0..=c {
                let share = if c == d { 2.0 } else { 1.0 };
                for i in 0..dims {
                    hessian[(c * width + i) * size + d * width + i] += share * penalty;
                }
            }
        }
        let factor = match size <= SMALL {
            true => Factored::Exactly(Cholesky::new(&hessian, size)?),
            false => Factored::Nearly(InverseFactor::new(hessian, size)?),
        };
        Some(Self {
            factor,
            dims,
            classes: k,
            rest: Vec::new(),
        })
    }

    /// The same over the leading columns of a matrix in its principal directions,
    /// with the others beside them.
    pub fn of_leading(
        matrix: MatRef<'_, f64>,
        task: Task<'_>,
        residual: &[f64],
        penalty: f64,
    ) -> Option<Self> {
        let (dims, k) = (matrix.cols(), task.classes);
        let leading = Self::leading(dims, k);
        let mut rest = vec![penalty; dims - leading];
        for (i, weight) in weights(residual, k).into_iter().enumerate() {
            for (j, sum) in rest.iter_mut().enumerate() {
                *sum += weight * matrix.at(i, leading + j).powi(2);
            }
        }
        let columns = matrix.t().row_range(0..leading).t();
        let curvature = Self::new(columns, task, residual, penalty)?;
        Some(Self { rest, ..curvature })
    }

    /// Newton's direction, up to its sign, for a gradient dimensions x classes with
    /// the intercepts' part 0.
    pub fn solve(&self, gradient: &[f64]) -> Vec<f64> {
        let (dims, k) = (self.dims, self.classes);
        let (gradient, others) = gradient.split_at(dims * k);
        let width = dims + 1;
        let mut right = vec![0f64; width * (k - 1)];
        for (i, row) in gradient.chunks_exact(k).enumerate() {
            let last = row[k - 1];
            for (c, g) in row[..k - 1].iter().enumerate() {
                right[c * width + i] = g - last;
            }
        }
        let solved = match &self.factor {
            Factored::Exactly(factor) => {
                factor.solve(&mut right);
                right
            }
            Factored::Nearly(factor) => {
                let right: Vec<f32> = right.iter().map(|&x| x as f32).collect();
                let solved = factor.solve(&right, 1);
                solved.into_iter().map(f64::from).collect()
            }
        };
        let mut direction = vec![0.0; dims * k];
        for (i, row) in direction.chunks_exact_mut(k).enumerate() {
            for c in 0..k - 1 {
                row[c] = solved[c * width + i];
                row[k - 1] -= row[c];
            }
        }
        for (gradient, curvature) in others.chunks_exact(k).zip(&self.rest) {
            direction.extend(gradient.iter().map(|g| g / curvature));
        }
        direction
    }
}

/// `X^T D X` with `D` the rows' curvature between two classes, against the
/// last.
fn block(
    augmented: &[f64],
    width: usize,
    task: Task<'_>,
    residual: &[f64],
    (c, d): (usize, usize),
) -> Vec<f64> {
    let k = task.classes;
    let rows = task.labels.len();
    let last = k - 1;
    let mut weighted = augmented.to_vec();
    for ((row, r), &label) in weighted
        .chunks_exact_mut(width)
        .zip(residual.chunks_exact(k))
        .zip(task.labels)
    {
        let label = label as usize;
        let miss = -r[label];
        let p = |e: usize| if e == label { 1.0 - miss } else { r[e] };
        let between = |e: usize, f: usize| match (e == f, e == label) {
            (false, _) => -p(e) * p(f),
            (true, true) => p(e) * miss,
            (true, false) => p(e) * (1.0 - r[e]),
        };
        let weight = between(c, d) - between(c, last) - between(last, d) + between(last, last);
        for x in row {
            *x *= weight;
        }
    }
    let mut block = vec![0.0; width * width];
    matmul(
        MatMut::row_major(&mut block, width, width),
        0.0,
        MatRef::row_major(augmented, rows, width).t(),
        MatRef::row_major(&weighted, rows, width),
        1.0,
        Threads::One,
    );
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orthogonal columns of falling length, and residuals of some fit.
    fn falling(dims: usize) -> (Vec<f64>, Vec<u32>, Vec<f64>) {
        let (rows, k) = (64, 3);
        let wave = |i: usize, j: usize| {
            let angle = std::f64::consts::PI * (i as f64 + 0.5) * (j as f64 + 1.0) / rows as f64;
            angle.cos() * 10f64.powf(2.0 - j as f64 / 4.0)
        };
        let matrix = (0..rows * dims)
            .map(|at| wave(at / dims, at % dims))
            .collect();
        let labels: Vec<u32> = (0..rows as u32).map(|i| i * i % 3).collect();
        let residual = labels
            .iter()
            .enumerate()
            .flat_map(|(i, &label)| {
                let weights = [1.0, 1.0 + (i % 5) as f64, 2.0];
                let total: f64 = weights.iter().sum();
                let own = move |c: usize| f64::from(u8::from(c == label as usize));
                (0..k).map(move |c| weights[c] / total - own(c))
            })
            .collect();
        (matrix, labels, residual)
    }

    #[test]
    fn leading_directions_take_all_that_couples_classes_and_others_their_own() {
        let dims = 20;
        let (matrix, labels, residual) = falling(dims);
        let task = Task {
            labels: &labels,
            classes: 3,
        };
        let view = MatRef::row_major(&matrix, 64, dims);
        let whole = Curvature::new(view, task, &residual, 0.5).unwrap();
        let leading = Curvature::of_leading(view, task, &residual, 0.5).unwrap();
        assert_eq!((leading.unknowns(), leading.rest.len()), (42, 0));
        // sums over classes of 0, as gradients have
        let gradient: Vec<f64> = (0..dims)
            .flat_map(|j| [1.0 + j as f64, -2.0, 1.0 - j as f64])
            .collect();
        assert_eq!(whole.solve(&gradient), leading.solve(&gradient));

        // 1501 classes leave room for one direction
        assert_eq!(Curvature::leading(20, 1501), 1);
        let rest = Curvature {
            rest: vec![4.0; 2],
            ..whole
        };
        let longer: Vec<f64> = gradient
            .iter()
            .copied()
            .chain([1.0, 2.0, -3.0, 0.0, 8.0, -8.0])
            .collect();
        let direction = rest.solve(&longer);
        assert_eq!(direction[..3 * dims], leading.solve(&gradient));
        assert_eq!(direction[3 * dims..], [0.25, 0.5, -0.75, 0.0, 2.0, -2.0]);
    }
}
