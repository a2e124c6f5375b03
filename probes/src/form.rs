//! The data of a problem as the solver reads them.

use layerprobe_linalg::{EigenError, MatRef, Panels};
use rayon::prelude::*;

use crate::Solver;
use crate::solve::{Panel, Space, product};
use crate::standardize::Standardized;

/// The data of a problem in the solver's form, rows in the order
/// selection-training, then selection.
pub(crate) enum Form {
    Gram { single: Panels, double: Vec<f64> },
    Primal { matrix: Vec<f64>, width: usize },
}

impl Form {
    /// The matrix itself or, where it is about as wide as high or wider, its
    /// Gram matrix: systems are factored over the smaller side.
    pub fn of(data: &Standardized<'_>, rows: &[usize], solver: Solver) -> Self {
        let width = data.scale.width();
        if !Self::over_rows(width, rows.len(), solver) {
            let matrix = data.dense(rows);
            return Self::Primal { matrix, width };
        }
        let double = data.gram::<f32>(rows);
        let n = rows.len();
        let single = Panels::from_fn(n, n, |i, j| double[i * n + j] as f32);
        Self::Gram { single, double }
    }

    /// Whether systems are solved over rows rather than dimensions.
    pub fn over_rows(width: usize, rows: usize, solver: Solver) -> bool {
        solver != Solver::Linfa && 4 * width > 3 * rows
    }

    /// The same data over some of its rows, `places` of `rows`, in that order.
    pub fn gather(&self, places: &[usize], rows: usize) -> Self {
        let n = places.len();
        match self {
            Self::Gram { double, .. } => {
                let mut part = vec![0.0; n * n];
                part.par_chunks_mut(n.max(1))
                    .zip(places)
                    .for_each(|(out, &i)| {
                        let row = &double[i * rows..][..rows];
                        for (out, &j) in out.iter_mut().zip(places) {
                            *out = row[j];
                        }
                    });
                let single = Panels::from_fn(n, n, |i, j| part[i * n + j] as f32);
                Self::Gram {
                    single,
                    double: part,
                }
            }
            Self::Primal { matrix, width } => Self::Primal {
                matrix: places
                    .iter()
                    .flat_map(|&i| &matrix[i * width..][..*width])
                    .copied()
                    .collect(),
                width: *width,
            },
        }
    }

    /// Number of coefficients a class has when `used` rows are fitted.
    pub fn size(&self, used: usize) -> usize {
        match self {
            Self::Gram { .. } => used,
            Self::Primal { width, .. } => *width,
        }
    }

    /// The space spanned by the first `used` of `rows` rows.
    pub fn space(&self, used: usize, rows: usize) -> Result<Space<'_>, EigenError> {
        match self {
            Self::Gram { single, double } => Space::gram(
                single.leading(used, used),
                MatRef::strided(double, used, used, rows, 1),
            ),
            Self::Primal { matrix, width } => {
                Space::primal(MatRef::row_major(matrix, used, *width))
            }
        }
    }

    /// Logits of the rows after the first `used`, for decoders fitted on
    /// those.
    pub fn rest(&self, used: usize, rows: usize, coefficients: &Panel) -> Panel {
        match self {
            Self::Gram { double, .. } => product(
                MatRef::strided(&double[used * rows..], rows - used, used, rows, 1),
                coefficients,
            ),
            Self::Primal { matrix, width } => product(
                MatRef::row_major(&matrix[used * width..], rows - used, *width),
                coefficients,
            ),
        }
    }
}
