//! One feature on its way down the penalty path.

mod verdict;

use super::curvature::{Curvature, SMALL};
use super::fit::{Fit, Start};
use super::newton::{Search, Task};
use super::row_curvature::RowCurvature;
use super::space::{Covariance, Precision, Space};
use super::span::{Direction, Span};
use crate::Certificate;
pub(super) use verdict::Verdict;

/// Iterations at one penalty after which the Hessian is factored, and
/// factored anew, where it is [`SMALL`].
const PLAIN: usize = 12;

/// The same as a last resort, where one factorization takes a second or two.
const LATE: usize = 250;
const KEPT_LATE: usize = 15;
pub(crate) const MIDDLING: usize = 7000;

/// The same for problems too wide for the whole Hessian, where the curvature of
/// rows is factored instead, at the cost of about so many plain iterations; and
/// how long such a factorization is kept.
const PLAIN_WIDE: usize = 40;
const KEPT_WIDE: usize = 60;
/// The same in Gram form, where a system has as many unknowns as rows.
const PLAIN_GRAM: usize = 16;
const KEPT_GRAM: usize = 60;
/// The same of leading directions with all that couples their classes.
const PLAIN_PRINCIPAL: usize = 4;
const KEPT_PRINCIPAL: usize = 8;

pub(crate) struct Lane<'a> {
    pub task: Task<'a>,
    penalties: &'a [f64],
    pub coefficients: Vec<f64>,
    pub image: Vec<f64>,
    pub intercept: Vec<f64>,
    pub residual: Vec<f64>,
    step: Option<Direction>,
    /// The fit at the last penalty.
    previous: Option<Direction>,
    loss: f64,
    curvature: f64,
    iterations: usize,
    best: f64,
    waited: usize,
    stalls: usize,
    unconfirmed: usize,
    newton: Option<Curvature>,
    by_row: Option<RowCurvature>,
    /// Whether it may have a large factor of its own.
    pub may_factor: bool,
    /// Waits for others to be done with their factors.
    pub rests: bool,
    pub precision: Precision,
    /// The image was computed from the data themselves and is not to be
    /// replaced by the Gram matrix's.
    pub anchored: bool,
    pub fits: Vec<Fit>,
}

/// A factor of the curvature that takes much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Factor {
    /// Over rows or dimensions, the same for all classes.
    Rows,
    /// The whole Hessian, beyond what is small.
    Whole,
}

impl<'a> Lane<'a> {
    pub fn new(
        task: Task<'a>,
        penalties: &'a [f64],
        size: usize,
        start: Option<(Start, Vec<f64>)>,
        precision: Precision,
    ) -> Self {
        let k = task.classes;
        let rows = task.labels.len();
        let (start, image) = start.unwrap_or_else(|| {
            let start = Start {
                coefficients: vec![0.0; size * k],
                intercept: vec![0.0; k],
            };
            (start, vec![0.0; rows * k])
        });
        Self {
            task,
            penalties,
            coefficients: start.coefficients,
            image,
            intercept: start.intercept,
            residual: vec![0.0; rows * k],
            step: None,
            previous: None,
            loss: 0.0,
            curvature: 0.0,
            iterations: 0,
            best: f64::INFINITY,
            waited: 0,
            stalls: 0,
            unconfirmed: 0,
            newton: None,
            by_row: None,
            may_factor: true,
            rests: false,
            precision,
            anchored: false,
            fits: Vec::with_capacity(penalties.len()),
        }
    }

    /// The penalty being solved, none when the path is done.
    pub fn penalty(&self) -> Option<f64> {
        self.penalties.get(self.fits.len()).copied()
    }

    /// Whether the penalty being solved is the path's last.
    pub fn on_last(&self) -> bool {
        self.fits.len() + 1 >= self.penalties.len()
    }

    /// `penalty / mean curvature`: the shift under which the covariance, in
    /// units of the likelihood's curvature, meets the penalty.
    pub fn shift(&self, penalty: f64) -> f64 {
        penalty / self.curvature.max(1e-300)
    }

    /// Solves the intercept, exactly, where the decoder stands; with `stride`
    /// also over the plane of this fit and the one at the last penalty: the
    /// path is nearly straight, so that is most of the way to the next.
    pub fn settle(&mut self, space: &Space<'_>, penalty: f64, stride: bool) {
        let mut basis: Vec<Direction> = Vec::new();
        if stride && self.coefficients.iter().any(|&x| x != 0.0) {
            basis.push((self.coefficients.clone(), self.image.clone()));
            basis.extend(self.previous.take());
        }
        self.search(space, penalty, &basis, 0.0);
    }

    /// The factor this fit has now, of those that are shared out.
    pub fn holds(&self) -> Option<Factor> {
        match (&self.newton, &self.by_row) {
            (Some(newton), _) => (newton.unknowns() > SMALL).then_some(Factor::Whole),
            (None, Some(_)) => Some(Factor::Rows),
            (None, None) => None,
        }
    }

    /// The factor this fit is about to make, of those that are shared out.
    pub fn wants(&self, space: &Space<'_>) -> Option<Factor> {
        self.penalty()?;
        let (size, first) = match space.covariance() {
            Covariance::Matrix(matrix) => (
                Curvature::size(matrix.cols(), self.task.classes),
                PLAIN_WIDE,
            ),
            Covariance::Gram(_) => (usize::MAX, PLAIN_GRAM),
            Covariance::Principal(matrix) => {
                let leading = Curvature::leading(matrix.cols(), self.task.classes);
                (Curvature::size(leading, self.task.classes), PLAIN_PRINCIPAL)
            }
        };
        if size <= SMALL || self.newton.is_some() || !self.may_factor {
            return None;
        }
        if let Covariance::Principal(_) = space.covariance() {
            return (self.iterations >= first).then_some(Factor::Whole);
        }
        if size <= MIDDLING && self.iterations >= LATE {
            return Some(Factor::Whole);
        }
        (self.by_row.is_none() && self.iterations >= first).then_some(Factor::Rows)
    }

    /// Factors the curvature where it is due, for fits that the common
    /// preconditioner serves badly; whether this fit has a factor of its own.
    pub fn prepare(&mut self, space: &Space<'_>, penalty: f64) -> bool {
        let covariance = space.covariance();
        let classes = self.task.classes;
        let due = |first: usize, every: usize| {
            let since = self.iterations.checked_sub(first);
            since.is_some_and(|since| since.is_multiple_of(every))
        };
        let (first, every) = match covariance {
            Covariance::Matrix(matrix) => {
                let size = Curvature::size(matrix.cols(), classes);
                let wanted = (size <= SMALL && due(PLAIN, PLAIN))
                    || (self.may_factor && size <= MIDDLING && due(LATE, KEPT_LATE));
                if wanted {
                    self.newton = Curvature::new(matrix, self.task, &self.residual, penalty);
                }
                if self.newton.is_some() {
                    self.by_row = None;
                    return true;
                }
                if size <= SMALL {
                    return false;
                }
                (PLAIN_WIDE, KEPT_WIDE)
            }
            Covariance::Gram(_) => (PLAIN_GRAM, KEPT_GRAM),
            Covariance::Principal(matrix) => {
                if self.may_factor && due(PLAIN_PRINCIPAL, KEPT_PRINCIPAL) {
                    let residual = &self.residual;
                    self.newton = Curvature::of_leading(matrix, self.task, residual, penalty);
                }
                return self.newton.is_some();
            }
        };
        if self.may_factor && due(first, every) {
            self.by_row = RowCurvature::new(covariance, &self.residual, classes, penalty);
        }
        self.by_row.is_some()
    }

    /// What the direction by this fit's own factor needs the image of, if
    /// anything.
    pub fn alone(&self, gradient: &[f64]) -> Option<Vec<f64>> {
        self.by_row.as_ref()?.alone(gradient, self.task.classes)
    }

    /// The direction by this fit's own factor, none where it has none;
    /// `alone` with its image. What all classes have in common is left out:
    /// nothing but the penalty depends on it.
    pub fn own_direction(
        &self,
        gradient: &[f64],
        alone: Option<(Vec<f64>, Vec<f64>)>,
    ) -> Option<Vec<f64>> {
        let classes = self.task.classes;
        let mut direction = match &self.newton {
            Some(newton) => newton.solve(gradient),
            None => self.by_row.as_ref()?.solve(gradient, classes, alone),
        };
        for row in direction.chunks_exact_mut(classes) {
            let mean = row.iter().sum::<f64>() / classes as f64;
            for x in row {
                *x -= mean;
            }
        }
        Some(direction)
    }

    /// Puts a newly computed image in place of the running one.
    pub fn start_anew(&mut self, space: &Space<'_>, penalty: f64, image: Vec<f64>) {
        self.image = image;
        self.step = None;
        self.settle(space, penalty, false);
    }

    /// Keeps the fit and goes on to the next penalty.
    pub fn finish(&mut self, space: &Space<'_>, certificate: Certificate, tolerance: f64) {
        let Some(penalty) = self.penalty() else {
            return;
        };
        self.fits.push(Fit {
            penalty,
            coefficients: self.coefficients.clone(),
            intercept: self.intercept.clone(),
            iterations: self.iterations,
            on_the_way: 0,
            converged: certificate.relative_gap() <= tolerance,
            separable: false,
            certificate,
        });
        self.iterations = 0;
        self.stalls = 0;
        self.unconfirmed = 0;
        self.restart();
        if let Some(next) = self.penalty() {
            let here = (self.coefficients.clone(), self.image.clone());
            self.settle(space, next, true);
            self.previous = Some(here);
            if self.holds() == Some(Factor::Whole) {
                self.newton = None;
            }
        } else {
            (self.newton, self.by_row) = (None, None);
        }
    }

    /// Minimizes over the preconditioned gradient, the last step and the
    /// decoder itself, intercepts included, and moves there.
    pub fn advance(&mut self, space: &Space<'_>, penalty: f64, direction: Direction) {
        let own = (self.coefficients.clone(), self.image.clone());
        let mut basis = vec![direction];
        basis.extend(self.step.take());
        // an anchored image is not quite that of the coefficients, and near the end
        // in doubles a search would live on the difference
        let is_own_image = !(self.anchored && space.precision() == Precision::Double);
        if is_own_image && own.0.iter().any(|&x| x != 0.0) {
            basis.push(own);
        }
        let step = self.search(space, penalty, &basis, 3e-2);
        self.step = Some(step);
        self.iterations += 1;
    }

    /// Minimizes over the span of `basis` and the intercepts, moves there and
    /// returns the step.
    fn search(
        &mut self,
        space: &Space<'_>,
        penalty: f64,
        basis: &[Direction],
        accuracy: f64,
    ) -> Direction {
        let Span { directions, gram } = Span::new(space, basis);
        let linear: Vec<f64> = directions
            .iter()
            .map(|(c, image)| space.inner(&self.coefficients, c, image))
            .collect();
        let images: Vec<&[f64]> = directions
            .iter()
            .map(|(_, image)| image.as_slice())
            .collect();
        let found = Search {
            task: self.task,
            penalty,
            base: &self.image,
            directions: &images,
            gram: &gram,
            linear: &linear,
        }
        .minimize(&mut self.intercept, &mut self.residual, accuracy);
        let mut step = (
            vec![0.0; self.coefficients.len()],
            vec![0.0; self.image.len()],
        );
        for ((coefficients, image), &t) in directions.iter().zip(&found.steps) {
            for (s, x) in step.0.iter_mut().zip(coefficients) {
                *s += t * x;
            }
            for (s, x) in step.1.iter_mut().zip(image) {
                *s += t * x;
            }
        }
        for (x, s) in self.coefficients.iter_mut().zip(&step.0) {
            *x += s;
        }
        for (x, s) in self.image.iter_mut().zip(&step.1) {
            *x += s;
        }
        self.loss = found.loss;
        self.curvature = found.curvature;
        step
    }
}
