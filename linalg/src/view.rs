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
///
/// # Panics
/// If it or a stride is above `isize::MAX`: no slice is as long, and kernels count
/// in `isize`.
fn span(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> usize {
    let counted = || {
        if rows == 0 || cols == 0 {
            return Some(0);
        }
        let down = (rows - 1).checked_mul(row_stride)?;
        let across = (cols - 1).checked_mul(col_stride)?;
        down.checked_add(across)?.checked_add(1)
    };
    let longest = isize::MAX as usize;
    match counted() {
        Some(elements) if elements.max(row_stride).max(col_stride) <= longest => elements,
        _ => panic!(
            "a {rows} x {cols} view with strides {row_stride}, {col_stride} is longer than any \
             slice"
        ),
    }
}

impl<'a, T> MatRef<'a, T> {
    /// A view with any strides (0 repeats an entry).
    ///
    /// # Panics
    /// If the slice ends before the last entry, or a stride is above `isize::MAX`.
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
        let start = range.start.saturating_mul(self.row_stride);
        let start = start.min(self.data.len());
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
    /// If the slice ends before the last entry, entries would overlap, or a stride is
    /// above `isize::MAX`.
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
        let by_rows = || row_stride >= span(1, cols, row_stride, col_stride) && col_stride > 0;
        let by_cols = || col_stride >= span(rows, 1, row_stride, col_stride) && row_stride > 0;
        assert!(
            needed == 0 || by_rows() || by_cols(),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a view says when it is refused.
    fn refusal(view: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = std::panic::catch_unwind(view).unwrap_err();
        *payload.downcast::<String>().unwrap()
    }

    #[test]
    fn views_whose_length_cannot_be_counted_are_refused() {
        let half = usize::MAX / 2 + 1;
        let quarter = half / 2;
        for (rows, cols, row_stride, col_stride) in [
            // of these 2 * half, 4 * quarter and the sum come to 0 or 1
            (3, 1, half, 1),
            (5, 1, quarter, 1),
            (1, 5, 1, quarter),
            (2, 3, half - 1, quarter),
            (usize::MAX, 3, 1, 1),
            // nothing is reached by it, and still it is no stride
            (1, 1, half, 1),
            (0, 0, 1, half),
        ] {
            let told = refusal(move || {
                MatRef::strided(&[0f32], rows, cols, row_stride, col_stride);
            });
            assert!(told.contains("longer than any slice"), "{told}");
            let told = refusal(move || {
                MatMut::strided(&mut [0f32], rows, cols, row_stride, col_stride);
            });
            assert!(told.contains("longer than any slice"), "{told}");
        }
        let told = refusal(|| {
            MatRef::strided(&[0f32], 3, 1, usize::MAX / 4, 1);
        });
        assert!(told.contains("the slice has 1"), "{told}");
    }

    #[test]
    fn views_without_entries_may_stride_far() {
        let far = isize::MAX as usize;
        let view = MatRef::strided(&[0f32; 0], 0, usize::MAX, far, far);
        assert_eq!((view.rows(), view.row_range(0..0).rows()), (0, 0));
        let view = MatRef::strided(&[0f32], 5, 0, far, 1).row_range(4..5);
        assert_eq!((view.rows(), view.cols()), (1, 0));
        let mut nothing = [0f32; 0];
        let view = MatMut::strided(&mut nothing, 0, usize::MAX, far, far);
        assert_eq!(view.cols(), usize::MAX);
    }
}
