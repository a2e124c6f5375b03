//! The directions that a search goes along.

use super::space::Space;

/// A direction: coefficients and their image.
pub(super) type Direction = (Vec<f64>, Vec<f64>);

/// Share of a direction's squared length that must stand apart from those
/// before it. Below, what is left of it is the rounding of its image, and a
/// search would take steps of a hundred million along two nearly parallel
/// directions to make use of it.
const APART: f64 = 1e-8;

/// Directions of which none is a sum of the others, with their inner products.
///
/// The decoder itself and its last step are parallel where one step was enough
/// at the largest penalty: then one of them is left out.
pub(super) struct Span<'b> {
    pub directions: Vec<&'b Direction>,
    /// Inner products, row by row.
    pub gram: Vec<f64>,
}

impl<'b> Span<'b> {
    /// Takes up one direction after the other, by Cholesky's factorization of
    /// their inner products, those that add nothing left out.
    pub fn new(space: &Space<'_>, basis: &'b [Direction]) -> Self {
        let inner = |a: &Direction, b: &Direction| space.inner(&a.0, &b.0, &b.1);
        let mut directions: Vec<&Direction> = Vec::with_capacity(basis.len());
        let mut products: Vec<Vec<f64>> = Vec::with_capacity(basis.len());
        let mut factor: Vec<Vec<f64>> = Vec::with_capacity(basis.len());
        for candidate in basis {
            let own = inner(candidate, candidate);
            let with: Vec<f64> = directions.iter().map(|d| inner(candidate, d)).collect();
            let mut row: Vec<f64> = Vec::with_capacity(with.len() + 1);
            for (with, before) in with.iter().zip(&factor) {
                let (diagonal, others) = before.split_last().unwrap_or((&1.0, &[]));
                let along: f64 = row.iter().zip(others).map(|(x, y)| x * y).sum();
                row.push((with - along) / diagonal);
            }
            let rest = own - row.iter().map(|x| x * x).sum::<f64>();
            // not a number counts as nothing apart
            if rest > APART * own {
                row.push(rest.sqrt());
                factor.push(row);
                products.push([with, vec![own]].concat());
                directions.push(candidate);
            }
        }
        let q = directions.len();
        let entry = |i: usize, j: usize| products[i.max(j)][i.min(j)];
        Self {
            gram: (0..q * q).map(|at| entry(at / q, at % q)).collect(),
            directions,
        }
    }
}

#[cfg(test)]
mod tests {
    use layerprobe_linalg::MatRef;

    use super::*;

    #[test]
    fn parallel_directions_and_such_without_length_are_left_out() {
        let data: Vec<f64> = (0..24).map(|i| f64::from((i * i) % 11) - 5.0).collect();
        let space = Space::primal(MatRef::row_major(&data, 6, 4)).unwrap();
        let direction = |c: [f64; 4]| (c.to_vec(), Vec::new());
        let own = direction([1.0, 2.0, 0.0, -1.0]);
        let nearly = direction([0.42, 0.84, 1e-7, -0.42]);
        let other = direction([0.0, 1.0, 1.0, 3.0]);
        let nothing = direction([0.0; 4]);
        let sum = direction([1.0, 3.0, 1.0, 2.0]);
        let basis = [own, nearly, nothing, other, sum];
        let span = Span::new(&space, &basis);
        assert_eq!(span.directions, [&basis[0], &basis[3]]);
        assert_eq!(span.gram, [6.0, -1.0, -1.0, 11.0]);
        assert!(Span::new(&space, &[]).gram.is_empty());
    }
}
