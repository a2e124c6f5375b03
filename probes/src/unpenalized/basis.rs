//! The decoders there are: a basis of the space of their images.

use layerprobe_linalg::{
    EigenError, MatMut, MatRef, Threads, matmul, self_product, symmetric_eigen,
};

/// Directions of the data whose variance is below this share of the largest one's
/// are rounding: activations have 24 bits, a share of 6e-8 in length.
const RANK: f64 = 1e-12;

/// Images of all decoders: the intercept's, a column of ones, and orthonormal
/// ones that span what the centered data add to it.
pub(super) struct Basis {
    /// Rows x size, the ones first.
    pub images: Vec<f64>,
    size: usize,
    /// The coefficients that have these images, count x (size - 1).
    coefficients: Vec<f64>,
    count: usize,
}

impl Basis {
    /// Of a matrix that is higher than wide; coefficients are weights on its
    /// columns. Columns are brought to one deviation first, so that the rank does
    /// not depend on units.
    pub fn of_columns(matrix: MatRef<'_, f64>) -> Result<Self, EigenError> {
        let (rows, width) = (matrix.rows(), matrix.cols());
        let mut scaled: Vec<f64> = (0..rows)
            .flat_map(|i| (0..width).map(move |j| matrix.at(i, j)))
            .collect();
        center(&mut scaled, width);
        let mut squares = vec![0.0; width];
        for row in scaled.chunks_exact(width.max(1)) {
            for (sum, x) in squares.iter_mut().zip(row) {
                *sum += x * x;
            }
        }
        let inverse: Vec<f64> = squares
            .iter()
            .map(|&sum| if sum > 0.0 { 1.0 / sum.sqrt() } else { 0.0 })
            .collect();
        for row in scaled.chunks_exact_mut(width.max(1)) {
            for (x, inverse) in row.iter_mut().zip(&inverse) {
                *x *= inverse;
            }
        }
        let view = MatRef::row_major(&scaled, rows, width);
        let (values, vectors) = leading(&self_product(view.t()), width)?;
        let rank = values.len();
        let mut coefficients = scaled_by(&vectors, &values, |value| 1.0 / value.sqrt());
        let mut images = vec![1.0; rows * (rank + 1)];
        matmul(
            MatMut::strided(
                images.get_mut(1..).unwrap_or_default(),
                rows,
                rank,
                rank + 1,
                1,
            ),
            0.0,
            view,
            MatRef::row_major(&coefficients, width, rank),
            1.0,
            Threads::Pool,
        );
        for (row, inverse) in coefficients.chunks_exact_mut(rank.max(1)).zip(&inverse) {
            for x in row {
                *x *= inverse;
            }
        }
        Ok(Self {
            images,
            size: rank + 1,
            coefficients,
            count: width,
        })
    }

    /// Of a matrix about as wide as high or wider; coefficients `C` stand for the
    /// weights `X^T C`.
    pub fn of_rows(mut matrix: Vec<f64>, width: usize) -> Result<Self, EigenError> {
        let rows = matrix.len() / width.max(1);
        center(&mut matrix, width);
        let gram = self_product(MatRef::row_major(&matrix, rows, width));
        let (values, vectors) = leading(&gram, rows)?;
        let rank = values.len();
        let coefficients = scaled_by(&vectors, &values, |value| 1.0 / value);
        let mut images = Vec::with_capacity(rows * (rank + 1));
        for row in 0..rows {
            images.push(1.0);
            images.extend_from_slice(&vectors[row * rank..(row + 1) * rank]);
        }
        Ok(Self {
            images,
            size: rank + 1,
            coefficients,
            count: rows,
        })
    }

    /// Number of images.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The images as a matrix.
    pub fn view(&self) -> MatRef<'_, f64> {
        MatRef::row_major(&self.images, self.images.len() / self.size, self.size)
    }

    /// The coefficients of a decoder, coefficients x classes, each row's sum 0.
    /// `place` says how much of each image all classes but the last have over it,
    /// (classes - 1) x size.
    pub fn coefficients(&self, place: &[f64], classes: usize) -> Vec<f64> {
        let (rank, count) = (self.size - 1, self.count);
        let mut found = vec![0.0; count * classes];
        let of_data = place.get(1..).unwrap_or_default();
        matmul(
            MatMut::strided(&mut found, count, classes - 1, classes, 1),
            0.0,
            MatRef::row_major(&self.coefficients, count, rank),
            MatRef::strided(of_data, classes - 1, rank, self.size, 1).t(),
            1.0,
            Threads::Pool,
        );
        for row in found.chunks_exact_mut(classes) {
            let mean = row.iter().sum::<f64>() / classes as f64;
            row.iter_mut().for_each(|x| *x -= mean);
        }
        found
    }
}

/// Takes each column's mean off it. What that leaves of a column that is constant is the
/// rounding of its mean, a second intercept, and is taken off, too.
fn center(matrix: &mut [f64], width: usize) {
    let rows = matrix.len().checked_div(width).unwrap_or(0);
    let mut means = vec![0.0; width];
    let mut squares = vec![0.0; width];
    for row in matrix.chunks_exact(width.max(1)) {
        for ((mean, square), x) in means.iter_mut().zip(&mut squares).zip(row) {
            *mean += x / rows as f64;
            *square += x * x;
        }
    }
    let mut left = vec![0.0; width];
    for row in matrix.chunks_exact_mut(width.max(1)) {
        for ((x, mean), left) in row.iter_mut().zip(&means).zip(&mut left) {
            *x -= mean;
            *left += *x * *x;
        }
    }
    let varies = |(left, square): (&f64, &f64)| *left > RANK * square;
    let varies: Vec<bool> = left.iter().zip(&squares).map(varies).collect();
    for row in matrix.chunks_exact_mut(width.max(1)) {
        for (x, _) in row.iter_mut().zip(&varies).filter(|(_, varies)| !**varies) {
            *x = 0.0;
        }
    }
}

/// The eigenvalues of a symmetric matrix that are more than rounding, largest
/// first, and their vectors as columns.
fn leading(matrix: &[f64], size: usize) -> Result<(Vec<f64>, Vec<f64>), EigenError> {
    let eigen = symmetric_eigen(matrix, size)?;
    let least = RANK * eigen.values.first().copied().unwrap_or(0.0);
    let rank = eigen
        .values
        .iter()
        .take_while(|&&value| value > least)
        .count();
    let vectors = eigen.vectors.chunks_exact(size.max(1));
    let vectors = vectors.flat_map(|row| &row[..rank]).copied().collect();
    Ok((eigen.values[..rank].to_vec(), vectors))
}

/// Columns times a function of their values.
fn scaled_by(columns: &[f64], values: &[f64], by: impl Fn(f64) -> f64) -> Vec<f64> {
    let rows = columns.chunks_exact(values.len().max(1));
    rows.flat_map(|row| row.iter().zip(values).map(|(x, &value)| x * by(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns of rank 2, the last in units of its own.
    fn dependent() -> Vec<f64> {
        (0..7)
            .flat_map(|i| {
                let (a, b) = (f64::from(i * i % 5), f64::from(i));
                [a, b, 1e9 * (a - b)]
            })
            .collect()
    }

    #[test]
    fn the_rank_does_not_depend_on_units() {
        let matrix = dependent();
        let basis = Basis::of_columns(MatRef::row_major(&matrix, 7, 3)).unwrap();
        assert_eq!(basis.size(), 3);
        let products = self_product(basis.view().t());
        for (place, product) in products.iter().enumerate() {
            let expected = [7.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0][place];
            assert!((product - expected).abs() < 1e-9, "{products:?}");
        }
    }

    #[test]
    fn a_column_that_is_constant_adds_nothing() {
        // a mean of this many tenths is rounded
        let matrix: Vec<f64> = (0..7).flat_map(|i| [0.1, f64::from(i * i % 5)]).collect();
        let high = Basis::of_columns(MatRef::row_major(&matrix, 7, 2)).unwrap();
        assert_eq!(high.size(), 2);
        let c = high.coefficients(&[0.5, 1.0], 2);
        assert_eq!(c[..2], [0.0, 0.0]);
        assert!(c[2].abs() > 0.1 && c[2].abs() < 1.0, "{c:?}");
        let wide: Vec<f64> = (0..3)
            .flat_map(|i| [0.1, f64::from(i * i), 0.7, 0.3])
            .collect();
        assert_eq!(Basis::of_rows(wide, 4).unwrap().size(), 2);
    }

    #[test]
    fn where_nothing_varies_only_the_intercept_is_left() {
        for (basis, count) in [
            (Basis::of_rows(vec![0.1; 12], 4).unwrap(), 3),
            (
                Basis::of_columns(MatRef::row_major(&[0.1; 12], 6, 2)).unwrap(),
                2,
            ),
        ] {
            assert_eq!(basis.size(), 1);
            assert!(basis.images.iter().all(|x| *x == 1.0));
            assert_eq!(
                basis.view().rows() * basis.view().cols(),
                basis.images.len()
            );
            let none = basis.coefficients(&[0.25, -0.25], 3);
            assert_eq!(none, vec![0.0; 3 * count]);
        }
    }

    #[test]
    fn coefficients_have_the_images_they_stand_for() {
        let matrix: Vec<f64> = (0..21).map(|i| f64::from(i * i % 11)).collect();
        let place = [0.5, 1.0, -2.0, 0.25];
        let image = |basis: &Basis, x: &[f64]| -> Vec<f64> {
            let rows = basis.images.chunks_exact(basis.size());
            let expected: Vec<f64> = rows
                .map(|row| (1..basis.size()).map(|j| row[j] * place[j]).sum())
                .collect();
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let found = x.iter().map(|x| x - mean);
            found.zip(expected).map(|(a, b)| (a - b).abs()).collect()
        };
        let times = |x: &[f64], width: usize, w: &[f64]| -> Vec<f64> {
            let rows = x.chunks_exact(width);
            rows.map(|row| row.iter().zip(w).map(|(x, w)| x * w).sum())
                .collect()
        };
        // two classes: what the first has over the second
        let over = |coefficients: Vec<f64>| -> Vec<f64> {
            coefficients.chunks_exact(2).map(|w| w[0] - w[1]).collect()
        };
        let high = Basis::of_columns(MatRef::row_major(&matrix, 7, 3)).unwrap();
        let w = over(high.coefficients(&place, 2));
        let off = image(&high, &times(&matrix, 3, &w));
        assert!(off.iter().all(|off| *off < 1e-12), "{off:?}");
        let wide = Basis::of_rows(matrix.clone(), 7).unwrap();
        assert_eq!(wide.size(), 3);
        let c = over(wide.coefficients(&place[..3], 2));
        let w: Vec<f64> = (0..7)
            .map(|j| (0..3).map(|i| matrix[i * 7 + j] * c[i]).sum())
            .collect();
        let off = image(&wide, &times(&matrix, 7, &w));
        assert!(off.iter().all(|off| *off < 1e-12), "{off:?}");
    }
}
