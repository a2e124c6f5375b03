use std::ops::Range;

/// A read-only matrix view over a slice, with strides in elements.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

/// A writable matrix view over a slice, with strides in elements; no two
/// entries share a place.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    data: &'a mut [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

/// The number of elements from the first entry to just past the last.
fn span(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> usize {
    if rows == 0 || cols == 0 {
        0
    } else {
        (rows - 1) * row_stride + (cols - 1) * col_stride + 1
    }
}

impl<'a, T> MatRef<'a, T> {
    /// A view with any strides (0 repeats an entry).
    ///
    /// # Panics
    /// If the slice ends before the last entry.
    pub fn strided(
        data: &'a [T],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Self {
        let needed = span(rows, cols, row_stride, col_stride);
        assert!(
            needed <= data.len(),
            "a {rows} x {cols} view with strides {row_stride}, {col_stride} needs {needed} elements, the slice has {}",
            data.len()
        );
        Self {
            data,
            rows,
            cols,
            row_stride,
            col_stride,
        }
    }

    /// Rows stored one after the other.
    ///
    /// # Panics
    /// If the slice is shorter than `rows * cols`.
    pub fn row_major(data: &'a [T], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols, 1)
    }

    /// The transpose, without moving anything.
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Some of the rows, nothing moved.
    ///
    /// # Panics
    /// If the view has fewer rows.
    pub fn row_range(self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.rows,
            "rows {range:?} of {}",
            self.rows
        );
        let start = (range.start * self.row_stride).min(self.data.len());
        Self::strided(
            &self.data[start..],
            range.len(),
            self.cols,
            self.row_stride,
            self.col_stride,
        )
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The entry in row `i`, column `j`.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn at(&self, i: usize, j: usize) -> T
    where
        T: Copy,
    {
        assert!(
            i < self.rows && j < self.cols,
            "entry {i}, {j} of {} x {}",
            self.rows,
            self.cols
        );
        self.data[i * self.row_stride + j * self.col_stride]
    }

    pub(crate) fn parts(&self) -> (*const T, isize, isize) {
        (
            self.data.as_ptr(),
            self.row_stride as isize,
            self.col_stride as isize,
        )
    }
}

impl<'a, T> MatMut<'a, T> {
    /// A view with any strides under which no two entries share a place: rows
    /// hold whole columns' strides or the other way round.
    ///
    /// # Panics
    /// If the slice ends before the last entry, or entries would overlap.
    pub fn strided(
        data: &'a mut [T],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Self {
        let needed = span(rows, cols, row_stride, col_stride);
        assert!(
            needed <= data.len(),
            "a {rows} x {cols} view with strides {row_stride}, {col_stride} needs {needed} elements, the slice has {}",
            data.len()
        );
        let by_rows = row_stride >= span(1, cols, row_stride, col_stride) && col_stride > 0;
        let by_cols = col_stride >= span(rows, 1, row_stride, col_stride) && row_stride > 0;
        assert!(
            needed == 0 || by_rows || by_cols,
            "entries of a {rows} x {cols} view with strides {row_stride}, {col_stride} overlap"
        );
        Self {
            data,
            rows,
            cols,
            row_stride,
            col_stride,
        }
    }

    /// Rows stored one after the other.
    ///
    /// # Panics
    /// If the slice is shorter than `rows * cols`.
    pub fn row_major(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols.max(1), 1)
    }

    /// The transpose, without moving anything.
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    pub(crate) fn parts(&mut self) -> (*mut T, isize, isize) {
        (
            self.data.as_mut_ptr(),
            self.row_stride as isize,
            self.col_stride as isize,
        )
    }
}
