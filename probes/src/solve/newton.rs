//! Newton's method over a few directions and the intercepts: no product with
//! the data, since the directions' images are known.

use super::softmax::{Logits, Sums};

/// One feature's labels over the rows of a problem.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    pub labels: &'a [u32],
    pub classes: usize,
}

/// Where the likelihood stands after a search.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// Steps along the directions.
    pub steps: Vec<f64>,
    /// Sum of cross-entropies.
    pub loss: f64,
    /// Mean of `p (1 - p)` over rows and classes.
    pub curvature: f64,
}

/// The search space: `base + sum of steps * directions + intercept`, with
/// `penalty / 2 * (steps^T gram steps + 2 steps^T linear)` added.
pub(crate) struct Search<'a> {
    pub task: Task<'a>,
    pub penalty: f64,
    pub base: &'a [f64],
    pub directions: &'a [&'a [f64]],
    pub gram: &'a [f64],
    pub linear: &'a [f64],
}

impl Search<'_> {
    /// Minimizes over steps and intercepts; leaves `p - e_y` in `residual`.
    /// Stops when Newton's decrement fell to `accuracy` of its first value,
    /// or to the rounding of the objective.
    pub fn minimize(&self, intercept: &mut [f64], residual: &mut [f64], accuracy: f64) -> Position {
        let q = self.directions.len();
        let k = self.task.classes;
        let rows = self.task.labels.len();
        let mut steps = vec![0.0; q];
        let mut logits = Logits::new(self.task.labels, k, self.base, self.directions);
        let mut sums = logits.evaluate(&steps, intercept);
        let mut first = None;
        for _ in 0..50 {
            let value = self.value(&sums, &steps);
            let (gradient, hessian) = self.derivatives(&sums, &steps);
            let direction = newton_direction(&gradient, &hessian, q + k);
            let decrement: f64 = gradient.iter().zip(&direction).map(|(g, d)| -g * d).sum();
            let first = *first.get_or_insert(decrement);
            let enough = (accuracy * first).max(1e-15 * value.abs());
            if decrement.is_nan() || decrement <= enough {
                break;
            }
            let start = (steps.clone(), intercept.to_vec());
            let mut length = 1.0;
            loop {
                for (x, (x0, d)) in steps.iter_mut().zip(start.0.iter().zip(&direction)) {
                    *x = x0 + length * d;
                }
                for (x, (x0, d)) in intercept
                    .iter_mut()
                    .zip(start.1.iter().zip(&direction[q..]))
                {
                    *x = x0 + length * d;
                }
                sums = logits.evaluate(&steps, intercept);
                let bound = value - 1e-4 * length * decrement + 1e-14 * value.abs();
                if self.value(&sums, &steps) <= bound {
                    break;
                }
                length *= 0.4;
                if length < 1e-10 {
                    steps.copy_from_slice(&start.0);
                    intercept.copy_from_slice(&start.1);
                    sums = logits.evaluate(&steps, intercept);
                    break;
                }
            }
            if length < 1e-10 {
                break;
            }
        }
        logits.residuals(residual);
        Position {
            steps,
            loss: sums.loss,
            curvature: sums.spread / (rows * k).max(1) as f64,
        }
    }

    fn value(&self, sums: &Sums, steps: &[f64]) -> f64 {
        let q = steps.len();
        let mut form = 0.0;
        for i in 0..q {
            for j in 0..q {
                form += steps[i] * self.gram[i * q + j] * steps[j];
            }
            form += 2.0 * steps[i] * self.linear[i];
        }
        sums.loss + 0.5 * self.penalty * form
    }

    fn derivatives(&self, sums: &Sums, steps: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let q = steps.len();
        let k = self.task.classes;
        let order = q + k;
        let mut gradient = sums.gradient.clone();
        let mut hessian = sums.hessian.clone();
        for i in 0..q {
            let along: f64 = (0..q).map(|j| self.gram[i * q + j] * steps[j]).sum();
            gradient[i] += self.penalty * (along + self.linear[i]);
            for j in i..q {
                hessian[i * order + j] += self.penalty * self.gram[i * q + j];
            }
        }
        // a shift of all intercepts changes nothing: give it a curvature, so
        // that the system has one solution
        let shift = (0..k).map(|c| hessian[(q + c) * (order + 1)]).sum::<f64>() / (k * k) as f64;
        for c in q..order {
            for d in c..order {
                hessian[c * order + d] += shift;
            }
        }
        (gradient, hessian)
    }
}

/// Solves `H d = -g` by a Cholesky factorization of `H` scaled to a unit
/// diagonal, with as much added to it as positive pivots need. Only the upper
/// triangle of `hessian` is read.
fn newton_direction(gradient: &[f64], hessian: &[f64], order: usize) -> Vec<f64> {
    let scale: Vec<f64> = (0..order)
        .map(|i| {
            let d = hessian[i * order + i];
            if d > 0.0 { 1.0 / d.sqrt() } else { 0.0 }
        })
        .collect();
    let mut ridge = 1e-13;
    let mut factor = vec![0.0; order * order];
    'raise: loop {
        for i in 0..order {
            for j in 0..=i {
                let mut sum = hessian[j * order + i] * scale[i] * scale[j];
                if i == j {
                    // a direction without curvature is left alone
                    sum = if scale[i] > 0.0 { 1.0 + ridge } else { 1.0 };
                }
                for l in 0..j {
                    sum -= factor[i * order + l] * factor[j * order + l];
                }
                if i > j {
                    factor[i * order + j] = sum / factor[j * order + j];
                } else if sum > 1e-14 {
                    factor[i * order + i] = sum.sqrt();
                } else {
                    ridge *= 100.0;
                    if ridge > 1e6 {
                        return vec![0.0; order];
                    }
                    continue 'raise;
                }
            }
        }
        break;
    }
    let mut x: Vec<f64> = gradient.iter().zip(&scale).map(|(g, s)| -g * s).collect();
    for i in 0..order {
        for l in 0..i {
            x[i] -= factor[i * order + l] * x[l];
        }
        x[i] /= factor[i * order + i];
    }
    for i in (0..order).rev() {
        for l in i + 1..order {
            x[i] -= factor[l * order + i] * x[l];
        }
        x[i] /= factor[i * order + i];
    }
    for (x, s) in x.iter_mut().zip(&scale) {
        *x *= s;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_singular_system_still_gives_a_descent() {
        let hessian = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let d = newton_direction(&[1.0, 1.0, 0.5], &hessian, 3);
        assert!((d[0] + d[1] + 1.0).abs() < 1e-6);
        assert_eq!(d[2], 0.0);
    }

    #[test]
    fn intercepts_alone_reach_the_class_frequencies() {
        let labels = [0, 0, 0, 1, 2, 2];
        let mut intercept = vec![0.0; 3];
        let mut residual = vec![0.0; 18];
        let search = Search {
            task: Task {
                labels: &labels,
                classes: 3,
            },
            penalty: 1.0,
            base: &[0.0; 18],
            directions: &[],
            gram: &[],
            linear: &[],
        };
        let found = search.minimize(&mut intercept, &mut residual, 0.0);
        let entropy = -(3.0 * 0.5f64.ln() + (1.0 / 6.0f64).ln() + 2.0 * (1.0 / 3.0f64).ln());
        assert!((found.loss - entropy).abs() < 1e-12);
        assert!((intercept[0] - intercept[1] - 3f64.ln()).abs() < 1e-7);
    }
}
