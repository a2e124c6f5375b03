use crate::{
    Eigen, EigenError, LargeCholesky, MatMut, MatRef, Threads, matmul, self_product,
    symmetric_eigen,
};

/// Rows below which the full decomposition is as fast.
const SMALL: usize = 400;
/// Vectors that are multiplied by the matrix at a time.
const BLOCK: usize = 16;
/// Largest residual of a vector that is taken as found, as a share of the
/// largest eigenvalue.
const RESIDUAL: f64 = 1e-13;
/// How far an eigenvalue that was left out may lie above the last one found,
/// as a share of the largest: above the rounding of the proof.
const SLACK: f64 = 1e-10;
/// Share of a block's longest direction below which others are dropped.
const DEPENDENT: f64 = 1e-12;

/// The `count` largest eigenvalues of a symmetric positive semidefinite matrix,
/// n x n row-major, and their vectors (n x count), to the rounding of doubles.
///
/// Block Lanczos with full orthogonalization, until every residual is below
/// 1e-13 of the largest eigenvalue. That no larger eigenvalue was missed is
/// proven by a Cholesky factorization of what is left. Where the proof fails (an
/// eigenvalue repeated many times), or a large share of the vectors is asked for,
/// the matrix is decomposed in full. The order of all sums depends on shapes
/// alone, and products run on all threads.
///
/// ```
/// use layerprobe_linalg::principal_eigen;
///
/// let found = principal_eigen(&[2.0, 1.0, 1.0, 2.0], 2, 1)?;
/// assert!((found.values[0] - 3.0).abs() < 1e-12);
/// assert!((found.vectors[0] - found.vectors[1]).abs() < 1e-12);
/// # Ok::<(), layerprobe_linalg::EigenError>(())
/// ```
///
/// # Errors
/// If an entry is not finite, or the iteration of the full decomposition does
/// not settle.
///
/// # Panics
/// If the slice does not hold `size * size` entries.
pub fn principal_eigen(matrix: &[f64], size: usize, count: usize) -> Result<Eigen, EigenError> {
    assert_eq!(matrix.len(), size * size, "a {size} x {size} matrix");
    let count = count.min(size);
    if matrix.iter().any(|x| !x.is_finite()) {
        return Err(EigenError::NotFinite { size });
    }
    if count == 0 {
        return Ok(Eigen {
            values: Vec::new(),
            vectors: Vec::new(),
        });
    }
    let sought = match size >= SMALL && 4 * count <= size {
        true => by_lanczos(matrix, size, count)?,
        false => None,
    };
    sought.map_or_else(|| first_of_all(matrix, size, count), Ok)
}

/// The proven pairs, unless they take a basis half as large as the matrix.
fn by_lanczos(matrix: &[f64], size: usize, count: usize) -> Result<Option<Eigen>, EigenError> {
    let mut krylov = Krylov::new(matrix, size);
    while krylov.grow()? && 2 * krylov.vectors() < size {
        if krylov.is_time(count)
            && let Some(found) = krylov.found(count)?
        {
            return Ok(Some(found).filter(|found| is_complete(matrix, found)));
        }
    }
    Ok(None)
}

/// By the full decomposition.
fn first_of_all(matrix: &[f64], size: usize, count: usize) -> Result<Eigen, EigenError> {
    let Eigen {
        mut values,
        vectors,
    } = symmetric_eigen(matrix, size)?;
    values.truncate(count);
    let rows = vectors.chunks_exact(size.max(1));
    let vectors = rows.flat_map(|row| &row[..count]).copied().collect();
    Ok(Eigen { values, vectors })
}

/// A growing orthonormal basis: one vector a row.
struct Krylov<'a> {
    matrix: MatRef<'a, f64>,
    basis: Vec<f64>,
    /// The basis times the matrix.
    images: Vec<f64>,
    /// Vectors in the last block, and when the last test was made.
    last: usize,
    tested: usize,
}

impl<'a> Krylov<'a> {
    fn new(matrix: &'a [f64], size: usize) -> Self {
        Self {
            matrix: MatRef::row_major(matrix, size, size),
            basis: Vec::new(),
            images: Vec::new(),
            last: 0,
            tested: 0,
        }
    }

    fn vectors(&self) -> usize {
        self.basis.len() / self.matrix.rows()
    }

    /// Adds a block of vectors with their images; whether there was any left.
    fn grow(&mut self) -> Result<bool, EigenError> {
        let n = self.matrix.rows();
        let mut block = match self.last {
            0 => beginning(n),
            last => self.images[self.images.len() - last * n..].to_vec(),
        };
        // once leaves the rounding of what it took off, twice does not
        for _ in 0..2 {
            self.take_off(&mut block);
            block = orthonormal(&block, n)?;
        }
        self.last = block.len() / n;
        let rows = MatRef::row_major(&block, self.last, n);
        self.images.extend(times(rows, self.matrix));
        self.basis.extend(block);
        Ok(self.last > 0)
    }

    /// Takes off a block's part within the basis.
    fn take_off(&self, block: &mut [f64]) {
        let n = self.matrix.rows();
        let basis = MatRef::row_major(&self.basis, self.vectors(), n);
        let shares = times(MatRef::row_major(block, block.len() / n, n), basis.t());
        let height = block.len() / n;
        matmul(
            MatMut::row_major(block, height, n),
            1.0,
            MatRef::row_major(&shares, height, basis.rows()),
            basis,
            -1.0,
            Threads::Pool,
        );
    }

    /// Whether a test may pass, and there is enough more than at the last one.
    fn is_time(&mut self, count: usize) -> bool {
        let vectors = self.vectors();
        let due = vectors >= count + BLOCK && 5 * vectors >= 6 * self.tested;
        if due {
            self.tested = vectors;
        }
        due
    }

    /// The leading pairs of the matrix within the basis, if they are the
    /// matrix's own.
    fn found(&self, count: usize) -> Result<Option<Eigen>, EigenError> {
        let (n, m) = (self.matrix.rows(), self.vectors());
        let basis = MatRef::row_major(&self.basis, m, n);
        let images = MatRef::row_major(&self.images, m, n);
        let within = first_of_all(&times(images, basis.t()), m, count)?;
        let turn = MatRef::row_major(&within.vectors, m, count);
        let vectors = times(basis.t(), turn);
        let images = times(images.t(), turn);
        let mut residuals = vec![0.0; count];
        for (u, image) in vectors.chunks_exact(count).zip(images.chunks_exact(count)) {
            let pairs = u.iter().zip(image).zip(&within.values);
            for (residual, ((u, image), value)) in residuals.iter_mut().zip(pairs) {
                *residual += (image - value * u) * (image - value * u);
            }
        }
        let most = RESIDUAL * within.values.first().copied().unwrap_or(0.0);
        let settled = residuals.iter().all(|square| square.sqrt() <= most);
        Ok(settled.then_some(Eigen {
            values: within.values,
            vectors,
        }))
    }
}

/// Vectors with a part in every direction that data are likely to have.
fn beginning(n: usize) -> Vec<f64> {
    let golden = 0.618_033_988_749_894_9;
    let of_block = |j: usize| {
        let turn = golden * (j + 1) as f64;
        (0..n).map(move |i| (std::f64::consts::TAU * turn * (i as f64 + 0.5).powi(2)).cos())
    };
    (0..BLOCK).flat_map(of_block).collect()
}

/// An orthonormal basis of a block's rows, dependent ones left out.
fn orthonormal(block: &[f64], n: usize) -> Result<Vec<f64>, EigenError> {
    let height = block.len() / n;
    let mut block = block.to_vec();
    for row in block.chunks_exact_mut(n) {
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let scale = 1.0 / length.max(f64::MIN_POSITIVE);
        row.iter_mut().for_each(|x| *x *= scale);
    }
    let rows = MatRef::row_major(&block, height, n);
    let Eigen { values, vectors } = symmetric_eigen(&self_product(rows), height)?;
    let floor = DEPENDENT * values.first().copied().unwrap_or(0.0);
    let kept = values.iter().take_while(|&&v| v > floor).count();
    let turn: Vec<f64> = (0..kept * height)
        .map(|x| vectors[(x % height) * height + x / height] / values[x / height].sqrt())
        .collect();
    Ok(times(MatRef::row_major(&turn, kept, height), rows))
}

/// Whether no other eigenvalue lies above the last one found: the rest of the
/// matrix, taken off a little more than that, is positive definite.
fn is_complete(matrix: &[f64], found: &Eigen) -> bool {
    let count = found.values.len();
    let (Some(first), Some(last)) = (found.values.first(), found.values.last()) else {
        return true;
    };
    let size = found.vectors.len() / count;
    let mut scaled = found.vectors.clone();
    for row in scaled.chunks_exact_mut(count) {
        row.iter_mut()
            .zip(&found.values)
            .for_each(|(x, value)| *x *= value);
    }
    let mut rest: Vec<f64> = matrix.iter().map(|x| -x).collect();
    matmul(
        MatMut::row_major(&mut rest, size, size),
        1.0,
        MatRef::row_major(&scaled, size, count),
        MatRef::row_major(&found.vectors, size, count).t(),
        1.0,
        Threads::Pool,
    );
    for entry in rest.iter_mut().step_by(size + 1) {
        *entry += last.max(0.0) + SLACK * first;
    }
    LargeCholesky::new(rest, size).is_some()
}

/// `a b`, row-major.
fn times(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Vec<f64> {
    let mut product = vec![0.0; a.rows() * b.cols()];
    let out = MatMut::row_major(&mut product, a.rows(), b.cols());
    matmul(out, 0.0, a, b, 1.0, Threads::Pool);
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 420;

    /// `sum_j value(j) v_j v_j^T` over cosine vectors.
    fn with_spectrum(n: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let wave = |i: usize, j: usize| {
            let angle = std::f64::consts::PI * (i as f64 + 0.5) * j as f64 / n as f64;
            let scale = if j == 0 { 1.0 } else { 2.0 };
            (scale / n as f64).sqrt() * angle.cos()
        };
        let rows: Vec<f64> = (0..n * n)
            .map(|x| value(x % n).sqrt() * wave(x / n, x % n))
            .collect();
        self_product(MatRef::row_major(&rows, n, n))
    }

    /// The projection onto the found vectors.
    fn projection(found: &Eigen) -> Vec<f64> {
        let count = found.values.len();
        self_product(MatRef::row_major(
            &found.vectors,
            found.vectors.len() / count,
            count,
        ))
    }

    fn largest(values: impl Iterator<Item = f64>) -> f64 {
        values.fold(0.0, |top: f64, x| top.max(x.abs()))
    }

    fn assert_like_the_full_one(matrix: &[f64], n: usize, count: usize) {
        let found = principal_eigen(matrix, n, count).unwrap();
        let full = first_of_all(matrix, n, count).unwrap();
        let off = found.values.iter().zip(&full.values).map(|(a, b)| a - b);
        assert!(largest(off) < 1e-13 * full.values[0]);
        let (ours, theirs) = (projection(&found), projection(&full));
        let off = largest(ours.iter().zip(&theirs).map(|(a, b)| a - b));
        assert!(off < 1e-9, "{count} of {n}: off by {off}");
    }

    #[test]
    fn equals_the_full_decomposition() {
        // falling as in a layer, with some noise below
        let layer = with_spectrum(N, |j| (1.0 + j as f64).powi(-2) + 1e-7);
        for count in [1, 20, 100] {
            assert_like_the_full_one(&layer, N, count);
        }
        let steep = with_spectrum(N, |j| 0.7f64.powi(j as i32));
        assert_like_the_full_one(&steep, N, 40);
        for (matrix, count) in [(&layer, 1), (&layer, 20), (&steep, 40)] {
            let found = by_lanczos(matrix, N, count).unwrap();
            assert!(found.is_some(), "{count} without the full one");
        }
        // fewer directions than asked for, or than there are in a block
        for rank in [3, 50] {
            let low = with_spectrum(N, |j| if j < rank { (rank - j) as f64 } else { 0.0 });
            assert_like_the_full_one(&low, N, rank);
            let found = principal_eigen(&low, N, 60).unwrap();
            assert!(largest(found.values[rank..].iter().copied()) < 1e-10);
        }
    }

    #[test]
    fn an_eigenvalue_more_often_than_a_block_can_hold_is_not_missed() {
        let often = with_spectrum(N, |j| if j < 70 { 1.0 } else { 0.1 / (j - 69) as f64 });
        assert_like_the_full_one(&often, N, 70);
        let all = principal_eigen(&with_spectrum(N, |_| 2.0), N, 50).unwrap();
        assert!(largest(all.values.iter().map(|x| x - 2.0)) < 1e-12);
    }

    #[test]
    fn what_was_left_out_is_noticed() {
        let matrix = with_spectrum(N, |j| 1.0 / (1.0 + j as f64));
        let full = first_of_all(&matrix, N, 10).unwrap();
        assert!(is_complete(&matrix, &full));
        let keep: Vec<usize> = (0..10).filter(|j| *j != 4).collect();
        let part = Eigen {
            values: keep.iter().map(|j| full.values[*j]).collect(),
            vectors: full
                .vectors
                .chunks_exact(10)
                .flat_map(|row| keep.iter().map(|j| row[*j]))
                .collect(),
        };
        assert!(!is_complete(&matrix, &part));
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let matrix = with_spectrum(N, |j| 1.0 / (1.0 + j as f64));
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let found = pool.install(|| principal_eigen(&matrix, N, 12)).unwrap();
            let numbers = found.values.into_iter().chain(found.vectors);
            numbers.map(f64::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn refuses_nan_and_accepts_nothing() {
        let error = principal_eigen(&[f64::NAN], 1, 1).unwrap_err();
        assert_eq!(error, EigenError::NotFinite { size: 1 });
        assert!(principal_eigen(&[], 0, 3).unwrap().values.is_empty());
        for n in [2, N] {
            let none = principal_eigen(&with_spectrum(n, |_| 1.0), n, 0).unwrap();
            assert_eq!((none.values.len(), none.vectors.len()), (0, 0));
        }
        let zero = principal_eigen(&vec![0.0; N * N], N, 3).unwrap();
        assert_eq!(zero.values, [0.0; 3]);
    }
}
