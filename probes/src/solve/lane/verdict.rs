//! Whether a fit is near enough, and what to do where it is not.

use super::super::space::{Precision, Space};
use super::Lane;
use crate::Certificate;

/// Iterations without progress after which singles are given a new start from
/// an image in doubles, and at last give way to doubles.
const PATIENCE: usize = 40;

/// How many new starts singles are given at one penalty.
const NEW_STARTS: usize = 3;

/// How often an arrival that a new image did not confirm sends a lane on.
const ARRIVALS: usize = 3;

/// Iterations without progress after which doubles give up: only rounding
/// holds them back for so long.
const PATIENCE_IN_DOUBLES: usize = 250;

/// So many times what rounding is about, a square below 0 is none of its doing.
const BEYOND: f64 = 10.0;

/// What a lane's gradient says about it.
pub(crate) enum Verdict {
    GoOn,
    /// Within tolerance, by the running image.
    Arrived,
    /// Out of iterations, or out of the arithmetic's precision.
    Exhausted,
    /// No progress in singles: rounding has come between decoder and image.
    WantsNewStart,
    /// No progress in singles, however often started anew, or a gap that they cannot
    /// tell.
    WantsDoubles,
}

impl Lane<'_> {
    /// Objective and certified gap, from the gradient at this place; without its
    /// largest entry, which only the data themselves give.
    pub fn certificate(
        &self,
        space: &Space<'_>,
        penalty: f64,
        gradient: &[f64],
        gradient_image: &[f64],
    ) -> Certificate {
        let norm = space.inner(&self.coefficients, &self.coefficients, &self.image);
        let slope = space.inner(gradient, gradient, gradient_image);
        Certificate {
            objective: self.loss + 0.5 * penalty * norm.max(0.0),
            gap: self.told(slope, space.rounding(gradient)) / (2.0 * penalty),
            gradient_norm: None,
        }
    }

    /// What is known of a squared length whose rounding is about so large. Below 0 it
    /// tells how large at least; far below, or not a number, that the matrix has gone
    /// astray, and nothing of the optimum.
    fn told(&self, square: f64, rounding: f64) -> f64 {
        match (square >= -BEYOND * rounding, self.precision) {
            (false, _) => f64::INFINITY,
            (true, Precision::Single) => square.abs().max(rounding),
            // the matrix is taken at its word here, and settled on the data
            (true, Precision::Double) => square.abs(),
        }
    }

    /// Compares a gap with what was asked for.
    pub fn judge(&mut self, certificate: &Certificate, tolerance: f64, most: usize) -> Verdict {
        if certificate.relative_gap() <= tolerance {
            return Verdict::Arrived;
        }
        if self.iterations >= most {
            return Verdict::Exhausted;
        }
        if !certificate.gap.is_finite() {
            return self.astray();
        }
        if certificate.gap < 0.5 * self.best {
            self.best = certificate.gap;
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        match self.precision {
            Precision::Single if self.waited > PATIENCE => {
                self.restart();
                self.step = None;
                self.stalls += 1;
                match self.stalls > NEW_STARTS {
                    true => Verdict::WantsDoubles,
                    false => Verdict::WantsNewStart,
                }
            }
            Precision::Double if self.waited > PATIENCE_IN_DOUBLES => Verdict::Exhausted,
            _ => Verdict::GoOn,
        }
    }

    /// No step leads back from where the matrix itself is wrong: more precision may,
    /// once.
    fn astray(&mut self) -> Verdict {
        self.restart();
        self.step = None;
        match self.precision {
            Precision::Single => Verdict::WantsDoubles,
            Precision::Double => Verdict::Exhausted,
        }
    }

    /// Whether the lane is at the end of what arithmetic can tell, after an
    /// arrival that a new image did not confirm. In singles, doubles take over.
    /// The last step is forgotten: its image is not as exact as the new one, and
    /// searches would make use of the difference.
    pub fn is_lost(&mut self) -> bool {
        self.step = None;
        self.unconfirmed += 1;
        if self.unconfirmed <= ARRIVALS {
            return false;
        }
        self.unconfirmed = 0;
        match self.precision {
            Precision::Single => {
                self.precision = Precision::Double;
                false
            }
            Precision::Double => true,
        }
    }

    pub(super) fn restart(&mut self) {
        self.waited = 0;
        self.best = f64::INFINITY;
    }
}

#[cfg(test)]
mod tests {
    use layerprobe_linalg::{MatRef, Panels};

    use super::*;
    use crate::solve::{Path, Stopping, Task, solve};

    const TASK: Task<'_> = Task {
        labels: &[0, 1],
        classes: 2,
    };

    /// A Gram matrix that rounding has made indefinite: no data have it.
    const ASTRAY: [f64; 4] = [1.0, 2.0, 2.0, 1.0];

    fn single(matrix: &[f64; 4]) -> Panels {
        Panels::from_fn(2, 2, |i, j| matrix[i * 2 + j] as f32)
    }

    fn space<'a>(single: &'a Panels, double: &'a [f64]) -> Space<'a> {
        Space::gram(single.leading(2, 2), MatRef::row_major(double, 2, 2)).unwrap()
    }

    fn gap(space: &Space<'_>, precision: Precision, gradient: &[f64], image: &[f64]) -> f64 {
        let lane = Lane::new(TASK, &[1.0], 2, None, precision);
        lane.certificate(space, 1.0, gradient, image).gap
    }

    #[test]
    fn a_slope_below_rounding_proves_nothing() {
        let panels = single(&ASTRAY);
        let space = space(&panels, &ASTRAY);
        let gradient = [1.0, -1.0, -1.0, 1.0];
        for precision in [Precision::Single, Precision::Double] {
            let of = |image: f64| gap(&space, precision, &gradient, &gradient.map(|g| image * g));
            assert_eq!(of(0.5), 1.0);
            assert_eq!(of(-1.0), f64::INFINITY);
            assert_eq!(of(f64::NAN), f64::INFINITY);
            // within rounding: small, but not nothing
            assert!((1e-12..1e-6).contains(&of(-1e-9)), "{}", of(-1e-9));
            assert_eq!(gap(&space, precision, &[0.0; 4], &[0.0; 4]), 0.0);
        }
        // singles cannot tell a slope from their rounding
        let tiny = gradient.map(|g| 1e-30 * g);
        assert!(gap(&space, Precision::Single, &gradient, &tiny) > 1e-8);
    }

    #[test]
    fn a_matrix_that_leads_astray_arrives_nowhere() {
        let panels = single(&ASTRAY);
        let space = space(&panels, &ASTRAY);
        for tolerance in [1e-2, 1e-6] {
            let path = Path {
                task: TASK,
                penalties: &[1.0, 0.1],
                start: None,
            };
            let stopping = Stopping {
                tolerance,
                on_the_way: tolerance,
                max_iterations: 50,
                own_factors: true,
            };
            let fits = solve(&space, &[path], stopping).concat();
            assert_eq!(fits.len(), 2);
            for fit in fits {
                assert!(!fit.converged);
                assert_eq!(fit.certificate.relative_gap(), f64::INFINITY);
            }
        }
    }
}
