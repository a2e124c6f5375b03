//! Newton's method over a basis of images, to a proof or to a separation.

use layerprobe_linalg::{LargeCholesky, MatMut, MatRef, Threads, matmul};

use super::basis::Basis;
use super::bound::bound;
use super::likelihood::judge;
use super::separation::separates;
use crate::solve::{Stopping, Task};

/// A step that changes no difference of logits by more is one of the last:
/// towards an optimum they become small, towards infinity they stay about 1.
const NEAR: f64 = 0.1;

/// Least share of the largest curvature that is added where a Hessian is singular
/// in doubles, and the most.
const RIDGE: (f64, f64) = (1e-15, 1e-6);

/// A fall of the objective, as a share of it, that doubles do not see.
const ROUNDING: f64 = 1e-18;

/// How a run ends.
pub(super) enum Ending {
    /// No more than this above the infimum.
    Proven(f64),
    /// The last step separates the classes.
    Separable,
    /// Out of iterations, or out of the arithmetic's precision.
    Lost,
}

/// A decoder on its way. The last class has no logits of its own: all are
/// differences to its.
pub(super) struct Newton<'a> {
    basis: &'a Basis,
    task: Task<'a>,
    /// (classes - 1) x size of the basis.
    place: Vec<f64>,
    /// Rows x classes; the last column is 0.
    image: Vec<f64>,
    /// `p - e_y`, rows x classes.
    residual: Vec<f64>,
    objective: f64,
    iterations: usize,
}

impl<'a> Newton<'a> {
    /// Starts from the decoder over `basis` nearest to one that gives `image`.
    pub fn new(basis: &'a Basis, task: Task<'a>, image: &[f64]) -> Self {
        let (k, rows) = (task.classes, task.labels.len());
        let mut newton = Self {
            basis,
            task,
            place: Vec::new(),
            image: vec![0.0; rows * k],
            residual: vec![0.0; rows * k],
            objective: 0.0,
            iterations: 0,
        };
        let differences: Vec<f64> = image
            .chunks_exact(k)
            .flat_map(|row| row.iter().map(|z| z - row[k - 1]))
            .collect();
        newton.place = newton.back(&differences);
        // the ones are no unit vector, the others are
        for part in newton.place.chunks_exact_mut(basis.size()) {
            if let Some(ones) = part.first_mut() {
                *ones /= rows as f64;
            }
        }
        newton.image = newton.forth(&newton.place);
        newton.judge();
        newton
    }

    /// How much of each image of the basis all classes but the last have over it,
    /// (classes - 1) x size.
    pub fn place(&self) -> &[f64] {
        &self.place
    }

    /// Logits of the rows, rows x classes.
    pub fn image(&self) -> &[f64] {
        &self.image
    }

    /// The cross-entropy.
    pub fn objective(&self) -> f64 {
        self.objective
    }

    /// Steps taken.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Takes steps until one of the endings.
    pub fn run(&mut self, stopping: Stopping) -> Ending {
        loop {
            let gradient = self.back(&self.residual);
            let Some((step, regular)) = self.step(&gradient) else {
                return Ending::Lost;
            };
            let ahead = self.forth(&step);
            let near = furthest(&ahead, self.task.classes) <= NEAR;
            let proven = bound(&self.residual, &ahead, self.task)
                .filter(|gap| near && *gap <= stopping.tolerance * self.objective);
            let fall: f64 = gradient.iter().zip(&step).map(|(g, x)| -g * x).sum();
            match proven {
                Some(gap) if regular => return Ending::Proven(gap),
                _ if separates(&self.image, self.task) || separates(&ahead, self.task) => {
                    return Ending::Separable;
                }
                // a direction without curvature may still show itself, once the
                // others have nothing left to gain
                Some(gap) if fall <= ROUNDING * self.objective => return Ending::Proven(gap),
                _ => {}
            }
            if self.iterations >= stopping.max_iterations || !self.advance(fall, &step, &ahead) {
                return proven.map_or(Ending::Lost, Ending::Proven);
            }
            self.iterations += 1;
        }
    }

    /// Newton's step, corrected once by what it leaves of the gradient, and whether
    /// the Hessian is positive definite in doubles. Where it is not, as little as
    /// makes it so is added; the correction takes most of that back.
    fn step(&self, gradient: &[f64]) -> Option<(Vec<f64>, bool)> {
        let order = gradient.len();
        let mut ridge = 0.0;
        let factor = loop {
            let mut hessian = self.hessian();
            let diagonal = hessian.iter_mut().step_by(order + 1);
            let most = diagonal.fold(0.0, |most: f64, x| most.max(*x));
            let diagonal = hessian.iter_mut().step_by(order + 1);
            diagonal.for_each(|x| *x += ridge * most);
            if let Some(factor) = LargeCholesky::new(hessian, order) {
                break factor;
            }
            ridge = (100.0 * ridge).max(RIDGE.0);
            if ridge > RIDGE.1 {
                return None;
            }
        };
        let mut step: Vec<f64> = gradient.iter().map(|g| -g).collect();
        factor.solve(&mut step, 1);
        let mut left = self.curved(&step);
        for (left, g) in left.iter_mut().zip(gradient) {
            *left = -*left - g;
        }
        factor.solve(&mut left, 1);
        for (x, more) in step.iter_mut().zip(left) {
            *x += more;
        }
        let finite = step.iter().all(|x| x.is_finite());
        finite.then_some((step, ridge == 0.0))
    }

    /// Goes along a step, by which the objective falls by `fall` at first, as far as
    /// that lowers it enough; false where it does not.
    fn advance(&mut self, fall: f64, step: &[f64], ahead: &[f64]) -> bool {
        let (before, image) = (self.objective, self.image.clone());
        let mut length = 1.0;
        while length > 1e-10 {
            for (z, (z0, d)) in self.image.iter_mut().zip(image.iter().zip(ahead)) {
                *z = z0 + length * d;
            }
            self.judge();
            if self.objective <= before - 1e-4 * length * fall {
                for (x, d) in self.place.iter_mut().zip(step) {
                    *x += length * d;
                }
                return true;
            }
            length *= 0.5;
        }
        self.image = image;
        self.judge();
        false
    }

    /// Objective and residuals where the image is.
    fn judge(&mut self) {
        self.objective = judge(self.task, &self.image, &mut self.residual);
    }

    /// `A^T R`, classes but one x size, of a matrix rows x classes.
    fn back(&self, matrix: &[f64]) -> Vec<f64> {
        let (k, size) = (self.task.classes, self.basis.size());
        let mut product = vec![0.0; (k - 1) * size];
        matmul(
            MatMut::row_major(&mut product, k - 1, size),
            0.0,
            MatRef::strided(matrix, self.task.labels.len(), k - 1, k, 1).t(),
            self.basis.view(),
            1.0,
            Threads::Pool,
        );
        product
    }

    /// `A T`, rows x classes.
    fn forth(&self, place: &[f64]) -> Vec<f64> {
        let (k, rows) = (self.task.classes, self.task.labels.len());
        let mut image = vec![0.0; rows * k];
        matmul(
            MatMut::strided(&mut image, rows, k - 1, k, 1),
            0.0,
            self.basis.view(),
            MatRef::row_major(place, k - 1, self.basis.size()).t(),
            1.0,
            Threads::Pool,
        );
        image
    }

    /// The Hessian times a direction.
    fn curved(&self, direction: &[f64]) -> Vec<f64> {
        let k = self.task.classes;
        let mut image = self.forth(direction);
        let rows = image.chunks_exact_mut(k).zip(self.residual.chunks_exact(k));
        for ((row, r), &label) in rows.zip(self.task.labels) {
            let label = label as usize;
            let own = row[label];
            let mean: f64 = r.iter().zip(&*row).map(|(r, x)| r * (x - own)).sum();
            for (class, (x, r)) in row.iter_mut().zip(r).enumerate() {
                let p = if class == label { 1.0 + r } else { *r };
                *x = p * (*x - own - mean);
            }
        }
        self.back(&image)
    }

    /// `A^T B A`, its blocks on and below the diagonal.
    fn hessian(&self) -> Vec<f64> {
        let (k, size, view) = (self.task.classes, self.basis.size(), self.basis.view());
        let order = (k - 1) * size;
        let mut hessian = vec![0.0; order * order];
        let mut weighted = self.basis.images.clone();
        for c in 0..k - 1 {
            for d in 0..=c {
                let rows = weighted
                    .chunks_exact_mut(size)
                    .zip(self.basis.images.chunks_exact(size));
                let of_rows = self.residual.chunks_exact(k).zip(self.task.labels);
                for ((to, from), (r, &label)) in rows.zip(of_rows) {
                    let weight = curvature(r, label as usize, (c, d));
                    for (to, from) in to.iter_mut().zip(from) {
                        *to = weight * from;
                    }
                }
                let place = &mut hessian[c * size * order + d * size..];
                matmul(
                    MatMut::strided(place, size, size, order, 1),
                    0.0,
                    view.t(),
                    MatRef::row_major(&weighted, view.rows(), size),
                    1.0,
                    Threads::Pool,
                );
            }
        }
        hessian
    }
}

/// A row's `p_c ([c = d] - p_d)`, from its residual.
fn curvature(residual: &[f64], label: usize, (c, d): (usize, usize)) -> f64 {
    let p = |e: usize| {
        if e == label {
            1.0 + residual[e]
        } else {
            residual[e]
        }
    };
    match (c == d, c == label) {
        (false, _) => -p(c) * p(d),
        // 1 - p is what the true class misses
        (true, true) => -p(c) * residual[c],
        (true, false) => p(c) * (1.0 - residual[c]),
    }
}

/// The largest change of a difference of two logits.
fn furthest(image: &[f64], classes: usize) -> f64 {
    image.chunks_exact(classes).fold(0.0, |most: f64, row| {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bottom = row.iter().copied().fold(f64::INFINITY, f64::min);
        most.max(top - bottom)
    })
}
