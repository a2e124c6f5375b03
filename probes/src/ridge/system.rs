//! The normal equations of ridge regression over the smaller side of a layer.

use layerprobe_linalg::{EigenError, LargeCholesky, MatRef, self_product};
use rayon::prelude::*;

use crate::form::Form;
use crate::solve::{Panel, product};

/// First shift tried where rounding left a matrix indefinite, as a share of
/// its mean diagonal; each further one is ten times as large.
const LEAST_SHIFT: f64 = 1e-12;
const SHIFTS: i32 = 14;

/// `A + penalty I` of centered rows: over stimuli `A = H K H` and the unknowns
/// are the stimuli's coefficients (`w = X^T c`), over dimensions
/// `A = X^T H X` and they are the weights. `H` takes off means over rows.
pub(super) struct System {
    over_stimuli: bool,
    size: usize,
    matrix: Vec<f64>,
    /// What a unit of each unknown predicts, on average over the rows.
    means: Vec<f64>,
}

/// A system at one penalty.
pub(super) struct Factor {
    cholesky: LargeCholesky,
    over_stimuli: bool,
}

impl System {
    /// The system of the first `used` of a form's `rows` rows.
    pub fn of(form: &Form, used: usize, rows: usize) -> Self {
        match form {
            Form::Gram { double, .. } => {
                let gram = MatRef::strided(double, used, used, rows, 1);
                let means = means(gram);
                let grand = means.iter().sum::<f64>() / used.max(1) as f64;
                let mut matrix = vec![0.0; used * used];
                matrix
                    .par_chunks_mut(used.max(1))
                    .zip(double.par_chunks(rows.max(1)))
                    .zip(&means)
                    .for_each(|((out, row), own)| {
                        for ((out, x), mean) in out.iter_mut().zip(row).zip(&means) {
                            *out = x - own - mean + grand;
                        }
                    });
                Self {
                    over_stimuli: true,
                    size: used,
                    matrix,
                    means,
                }
            }
            Form::Primal { matrix, width } => {
                let matrix = MatRef::row_major(matrix, used, *width);
                let means = means(matrix);
                let mut covariance = self_product(matrix.t());
                let n = used as f64;
                covariance
                    .par_chunks_mut((*width).max(1))
                    .zip(&means)
                    .for_each(|(out, own)| {
                        for (out, mean) in out.iter_mut().zip(&means) {
                            *out -= n * own * mean;
                        }
                    });
                Self {
                    over_stimuli: false,
                    size: *width,
                    matrix: covariance,
                    means,
                }
            }
        }
    }

    /// Number of unknowns.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn over_stimuli(&self) -> bool {
        self.over_stimuli
    }

    /// The right sides of centered targets.
    pub fn right(&self, form: &Form, centered: &Panel) -> Panel {
        match form {
            Form::Gram { .. } => centered.clone(),
            Form::Primal { matrix, width } => product(
                MatRef::row_major(matrix, centered.rows, *width).t(),
                centered,
            ),
        }
    }

    /// What must be added to the predictions of fits for targets of these
    /// means.
    pub fn offsets(&self, solved: &Panel, targets: &[f64]) -> Vec<f64> {
        let mut offsets = targets.to_vec();
        for (row, mean) in solved
            .data
            .chunks_exact(solved.cols.max(1))
            .zip(&self.means)
        {
            for (offset, x) in offsets.iter_mut().zip(row) {
                *offset -= mean * x;
            }
        }
        offsets
    }

    /// Factors the system at a penalty. A Gram matrix has the rounding of f32:
    /// where that outweighs the penalty and makes the sum indefinite, the
    /// diagonal is raised by as little as it takes. `least` is what it took so
    /// far, 0 at first: smaller penalties begin there.
    pub fn factor(&self, penalty: f64, least: &mut f64) -> Result<Factor, EigenError> {
        let size = self.size;
        let diagonal = self.matrix.iter().step_by(size + 1);
        let scale = diagonal.sum::<f64>() / size.max(1) as f64;
        let begin = penalty.max(*least);
        let shifts = (0..SHIFTS).map(|power| scale * LEAST_SHIFT * 10f64.powi(power));
        let mut raised = std::iter::once(0.0)
            .chain(shifts)
            .map(|shift| begin + shift);
        let factor = raised.find_map(|added| {
            let mut matrix = self.matrix.clone();
            for entry in matrix.iter_mut().step_by(size + 1) {
                *entry += added;
            }
            let cholesky = LargeCholesky::new(matrix, size)?;
            Some((added, cholesky))
        });
        let (added, cholesky) = factor.ok_or(EigenError::NotFinite { size })?;
        if added > penalty {
            *least = added;
        }
        Ok(Factor {
            cholesky,
            over_stimuli: self.over_stimuli,
        })
    }
}

impl Factor {
    /// The unknowns of each column of right sides.
    pub fn solve(&self, right: &Panel) -> Panel {
        let mut solved = right.clone();
        self.cholesky.solve(&mut solved.data, solved.cols);
        if self.over_stimuli {
            // the constant lies in the null space of H, rounding aside
            solved = super::targets::centered(&solved).1;
        }
        solved
    }
}

/// The mean of each column.
fn means(matrix: MatRef<'_, f64>) -> Vec<f64> {
    let ones = Panel {
        rows: matrix.rows(),
        cols: 1,
        data: vec![1.0 / matrix.rows().max(1) as f64; matrix.rows()],
    };
    product(matrix.t(), &ones).data
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprobe_linalg::Panels;

    /// Two dimensions, four rows of which three are used.
    const X: [f64; 8] = [1.0, 0.0, 2.0, 1.0, 4.0, -1.0, 3.0, 3.0];

    fn forms() -> [Form; 2] {
        let double = self_product(MatRef::row_major(&X, 4, 2));
        let single = Panels::from_fn(4, 4, |i, j| double[i * 4 + j] as f32);
        let matrix = X.to_vec();
        [
            Form::Gram { single, double },
            Form::Primal { matrix, width: 2 },
        ]
    }

    #[test]
    fn both_sides_predict_the_same() {
        let targets = Panel {
            rows: 3,
            cols: 1,
            data: vec![5.0, 1.0, 2.0],
        };
        let (target_means, centered) = crate::ridge::targets::centered(&targets);
        let predicted: Vec<f64> = forms()
            .iter()
            .map(|form| {
                let system = System::of(form, 3, 4);
                let factor = system.factor(0.5, &mut 0.0).unwrap();
                let solved = factor.solve(&system.right(form, &centered));
                form.rest(3, 4, &solved).data[0] + system.offsets(&solved, &target_means)[0]
            })
            .collect();
        // by hand: means (7/3, 0), [[14/3 + .5, -2], [-2, 2.5]] w = X^T y
        let [a, b, c] = [14.0 / 3.0 + 0.5, -2.0, 2.5];
        let [u, v] = [15.0 - 7.0 / 3.0 * 8.0, -1.0];
        let det = a * c - b * b;
        let (w0, w1) = ((c * u - b * v) / det, (a * v - b * u) / det);
        let exact = 8.0 / 3.0 + (3.0 - 7.0 / 3.0) * w0 + 3.0 * w1;
        for found in predicted {
            assert!((found - exact).abs() < 1e-12, "{found} {exact}");
        }
    }

    #[test]
    fn an_indefinite_matrix_is_raised_a_little() {
        let system = System {
            over_stimuli: false,
            size: 2,
            matrix: vec![1.0, 1.0 + 1e-7, 1.0 + 1e-7, 1.0],
            means: vec![0.0; 2],
        };
        let mut least = 0.0;
        system.factor(1e-3, &mut least).unwrap();
        assert_eq!(least, 0.0);
        let factor = system.factor(1e-9, &mut least).unwrap();
        assert!((1e-7..2e-6).contains(&least), "{least}");
        let before = least;
        system.factor(1e-12, &mut least).unwrap();
        assert_eq!(least, before);
        let right = Panel {
            rows: 2,
            cols: 1,
            data: vec![1.0, 1.0],
        };
        let x = factor.solve(&right).data;
        assert!((x[0] - 0.5).abs() < 1e-5 && (x[1] - 0.5).abs() < 1e-5);
        let bad = System {
            matrix: vec![f64::NAN; 4],
            ..system
        };
        assert!(bad.factor(1.0, &mut 0.0).is_err());
    }
}
