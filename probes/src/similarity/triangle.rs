use std::ops::Range;

/// A symmetric matrix with zeros on its diagonal: the entries above it, row by
/// row (SciPy's condensed form).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Triangle<T> {
    n: usize,
    values: Vec<T>,
}

impl<T: Copy> Triangle<T> {
    /// # Panics
    /// If there is not one value a pair.
    pub(super) fn new(n: usize, values: Vec<T>) -> Self {
        assert_eq!(values.len(), pairs(n), "one value a pair of {n}");
        Self { n, values }
    }

    pub(super) fn n(&self) -> usize {
        self.n
    }

    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// Entries `(i, j)` for all `j > i`.
    pub(super) fn row(&self, i: usize) -> &[T] {
        let start = self.start(i);
        &self.values[start..start + self.n - 1 - i]
    }

    /// Entries `(i, j)` for the columns given, all above `i`.
    pub(super) fn part(&self, i: usize, columns: Range<usize>) -> &[T] {
        &self.row(i)[columns.start - i - 1..columns.end - i - 1]
    }

    fn start(&self, i: usize) -> usize {
        i * (2 * self.n - i - 1) / 2
    }
}

/// The rows of a triangle's values, to be written.
pub(super) fn rows_mut<T>(n: usize, values: &mut [T]) -> Vec<&mut [T]> {
    let mut rows = Vec::with_capacity(n);
    let mut rest = values;
    for i in 0..n {
        let (row, after) = rest.split_at_mut(n - 1 - i);
        rows.push(row);
        rest = after;
    }
    rows
}

/// The number of pairs of `n`.
pub(super) fn pairs(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_parts_are_where_they_belong() {
        let n = 5;
        let entries = (0..n).flat_map(|i| (i + 1..n).map(move |j| 10 * i + j));
        let mut values: Vec<usize> = entries.collect();
        let triangle = Triangle::new(n, values.clone());
        assert_eq!(triangle.row(1), [12, 13, 14]);
        assert_eq!(triangle.part(1, 3..5), [13, 14]);
        assert!(triangle.row(4).is_empty());
        let rows = rows_mut(n, &mut values);
        assert_eq!((rows.len(), &*rows[2]), (5, &[23, 24][..]));
    }
}
