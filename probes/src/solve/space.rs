//! The space a linear decoder lives in, seen through its coefficients and its
//! image: the logits it gives the training rows.

use layerprobe_linalg::{
    EigenError, LeadingEigen, LeadingPanels, MatRef, Panels, leading_eigen, self_product,
};

use super::panel::{Panel, product, single_product};
use super::vector::inner;

/// Eigenpairs in the preconditioner. On layers of a convolutional network
/// twice as many saved few iterations and cost more than those.
pub(crate) const LEADING: usize = 128;

/// Precision of a product with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    Single,
    Double,
}

/// Where decoders are sought.
///
/// * `Gram`: a decoder is `W = X^T C`, `C` rows x classes; its image is `K C`
///   with `K = X X^T`. No other `W` can be an optimum, since the penalty sees
///   only the part of `W` in the span of the rows. The dimension of the layer
///   no longer matters, and no factorization of the singular `K` is needed.
/// * `Primal`: the coefficients are `W` itself, its image is `X W`.
/// * `Principal`: the same of data turned into their principal directions; all
///   products in doubles.
pub(crate) struct Space<'a> {
    kind: Kind<'a>,
    /// Leading eigenvalues, their vectors in both orientations, and the
    /// vectors' images.
    values: Vec<f64>,
    vectors: Panels,
    transposed: Panels,
    images: Panels,
    /// Stands for the other eigenvalues: half the smallest leading one. They
    /// are smaller than that, and too large a constant costs less than too
    /// small a one.
    tail: f64,
}

enum Kind<'a> {
    Gram {
        single: LeadingPanels<'a>,
        double: MatRef<'a, f64>,
        /// The squared length of each row.
        squares: Vec<f64>,
    },
    Primal {
        double: MatRef<'a, f64>,
        single: Panels,
        transposed: Panels,
    },
    Principal {
        matrix: MatRef<'a, f64>,
        variances: &'a [f64],
    },
}

/// The data of a space: `X X^T`, or `X` itself.
#[derive(Clone, Copy)]
pub(crate) enum Covariance<'a> {
    Gram(MatRef<'a, f64>),
    Matrix(MatRef<'a, f64>),
    /// Columns orthogonal, the longest first.
    Principal(MatRef<'a, f64>),
}

/// A gradient or a direction: coefficients and, once known, image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vector {
    pub coefficients: Panel,
    pub image: Panel,
}

impl<'a> Space<'a> {
    /// The space of a Gram matrix, given in both precisions.
    pub fn gram(single: LeadingPanels<'a>, double: MatRef<'a, f64>) -> Result<Self, EigenError> {
        let leading = leading_eigen(single, LEADING)?;
        let squares = (0..double.rows()).map(|i| double.at(i, i).abs()).collect();
        let kind = Kind::Gram {
            single,
            double,
            squares,
        };
        Ok(Self::with(kind, leading))
    }

    /// The space of a matrix itself, rows x dimensions.
    pub fn primal(matrix: MatRef<'a, f64>) -> Result<Self, EigenError> {
        let covariance = self_product(matrix.t());
        let size = matrix.cols();
        let narrow = Panels::from_fn(size, size, |i, j| covariance[i * size + j] as f32);
        let leading = leading_eigen(narrow.leading(size, size), LEADING)?;
        let kind = Kind::Primal {
            single: Panels::from_fn(matrix.rows(), size, |i, j| matrix.at(i, j) as f32),
            transposed: Panels::from_fn(size, matrix.rows(), |j, i| matrix.at(i, j) as f32),
            double: matrix,
        };
        Ok(Self::with(kind, leading))
    }

    /// The space of a matrix whose columns are orthogonal, the longest first, with
    /// the squares of their lengths.
    pub fn principal(matrix: MatRef<'a, f64>, variances: &'a [f64]) -> Self {
        let none = LeadingEigen {
            values: Vec::new(),
            vectors: Vec::new(),
            images: Vec::new(),
        };
        Self::with(Kind::Principal { matrix, variances }, none)
    }

    /// The precision in which fits begin.
    pub fn precision(&self) -> Precision {
        match self.kind {
            Kind::Gram { .. } | Kind::Primal { .. } => Precision::Single,
            Kind::Principal { .. } => Precision::Double,
        }
    }

    fn with(kind: Kind<'a>, leading: LeadingEigen) -> Self {
        let m = leading.values.len();
        let size = leading.vectors.len() / m.max(1);
        let vectors = |i: usize, j: usize| leading.vectors[i * m + j];
        let rows = match kind {
            Kind::Gram { .. } => size,
            Kind::Primal { .. } | Kind::Principal { .. } => 0,
        };
        Self {
            tail: 0.5 * leading.values.last().copied().unwrap_or(0.0).max(0.0),
            vectors: Panels::from_fn(size, m, vectors),
            transposed: Panels::from_fn(m, size, |j, i| vectors(i, j)),
            images: Panels::from_fn(rows, m, |i, j| leading.images[i * m + j]),
            values: leading.values,
            kind,
        }
    }

    /// Number of training rows.
    pub fn rows(&self) -> usize {
        match &self.kind {
            Kind::Gram { double, .. } | Kind::Primal { double, .. } => double.rows(),
            Kind::Principal { matrix, .. } => matrix.rows(),
        }
    }

    /// The data in doubles.
    pub fn covariance(&self) -> Covariance<'a> {
        match self.kind {
            Kind::Gram { double, .. } => Covariance::Gram(double),
            Kind::Primal { double, .. } => Covariance::Matrix(double),
            Kind::Principal { matrix, .. } => Covariance::Principal(matrix),
        }
    }

    /// Number of coefficients a class has.
    pub fn size(&self) -> usize {
        match &self.kind {
            Kind::Gram { double, .. } | Kind::Primal { double, .. } => double.cols(),
            Kind::Principal { matrix, .. } => matrix.cols(),
        }
    }

    /// The logits that coefficients give the training rows.
    pub fn image(&self, coefficients: &Panel, precision: Precision) -> Panel {
        match (&self.kind, precision) {
            (Kind::Gram { single, .. }, Precision::Single) => single_product(*single, coefficients),
            (Kind::Primal { single, .. }, Precision::Single) => whole(single, coefficients),
            (Kind::Gram { double, .. } | Kind::Primal { double, .. }, Precision::Double) => {
                product(*double, coefficients)
            }
            (Kind::Principal { matrix, .. }, _) => product(*matrix, coefficients),
        }
    }

    /// The logits that one decoder gives the training rows, rows x classes.
    pub fn image_of(&self, coefficients: &[f64], classes: usize, precision: Precision) -> Vec<f64> {
        let panel = Panel {
            rows: self.size(),
            cols: classes,
            data: coefficients.to_vec(),
        };
        self.image(&panel, precision).data
    }

    /// The gradient of `sum over rows of <residual, image>`.
    pub fn gradient(&self, residual: Panel, precision: Precision) -> Panel {
        match (&self.kind, precision) {
            (Kind::Gram { .. }, _) => residual,
            (Kind::Primal { transposed, .. }, Precision::Single) => whole(transposed, &residual),
            (Kind::Primal { double, .. }, Precision::Double) => product(double.t(), &residual),
            (Kind::Principal { matrix, .. }, _) => product(matrix.t(), &residual),
        }
    }

    /// Whether inner products need the image of one side.
    pub fn needs_image(&self) -> bool {
        matches!(self.kind, Kind::Gram { .. })
    }

    /// `<a, b>` of two decoders, given `a`'s coefficients and both of `b`.
    pub fn inner(&self, a: &[f64], b: &[f64], image_of_b: &[f64]) -> f64 {
        let other = if self.needs_image() { image_of_b } else { b };
        inner(a, other)
    }

    /// How far rounding takes `<a, a>` of a decoder from the truth, about: a Gram
    /// matrix's entries are sums of products in singles, each off by a share of
    /// `sqrt(K_ii K_jj)`, independently. Elsewhere it is a sum of squares.
    pub fn rounding(&self, a: &[f64]) -> f64 {
        let Kind::Gram { squares, .. } = &self.kind else {
            return 0.0;
        };
        let classes = a.len() / squares.len().max(1);
        let rows = a.chunks_exact(classes.max(1)).zip(squares);
        let sum: f64 = rows
            .map(|(row, square)| square * row.iter().map(|x| x * x).sum::<f64>())
            .sum();
        f64::from(f32::EPSILON) * sum
    }

    /// About `(C + shift)^-1 gradient`, `C` the space's covariance `X^T X`:
    /// exact on the leading eigenvectors (on all of a `Principal` one), a constant on
    /// the rest. One shift a column. The image comes along: from the gradient's own by
    /// linearity (Gram, singles), else by a product.
    pub fn precondition(&self, gradient: &Vector, shifts: &[f64], precision: Precision) -> Vector {
        if let Kind::Principal { variances, .. } = self.kind {
            let mut coefficients = gradient.coefficients.clone();
            let rows = coefficients.data.chunks_exact_mut(shifts.len().max(1));
            for (row, variance) in rows.zip(variances) {
                for (x, shift) in row.iter_mut().zip(shifts) {
                    *x /= variance + shift;
                }
            }
            return Vector {
                image: self.image(&coefficients, precision),
                coefficients,
            };
        }
        let mut parts = whole(&self.transposed, &gradient.coefficients);
        for (row, value) in parts
            .data
            .chunks_exact_mut(shifts.len().max(1))
            .zip(&self.values)
        {
            for (x, shift) in row.iter_mut().zip(shifts) {
                *x *= 1.0 / (value.max(0.0) + shift) - 1.0 / (self.tail + shift);
            }
        }
        let complete = |mut part: Panel, plain: &Panel| {
            for (row, plain) in part
                .data
                .chunks_exact_mut(shifts.len().max(1))
                .zip(plain.data.chunks_exact(shifts.len().max(1)))
            {
                for ((x, g), shift) in row.iter_mut().zip(plain).zip(shifts) {
                    *x += g / (self.tail + shift);
                }
            }
            part
        };
        let coefficients = complete(whole(&self.vectors, &parts), &gradient.coefficients);
        let image = if self.needs_image() && precision == Precision::Single {
            complete(whole(&self.images, &parts), &gradient.image)
        } else {
            self.image(&coefficients, precision)
        };
        Vector {
            coefficients,
            image,
        }
    }
}

/// A product in singles with all of a matrix.
fn whole(matrix: &Panels, panel: &Panel) -> Panel {
    single_product(matrix.leading(matrix.rows(), matrix.cols()), panel)
}
