//! Matrices as panels: `block` columns of all rows after one another, then the
//! next columns. What is beyond the last column or row is 0.

use crate::nn::sizes::product;
use crate::nn::{Aligned, Real};

/// Columns with padding.
pub(super) fn padded(columns: usize, block: usize) -> usize {
    columns.next_multiple_of(block)
}

/// The place of an entry among panels of `rows` rows.
fn place(row: usize, column: usize, rows: usize, block: usize) -> usize {
    (column / block * rows + row) * block + column % block
}

/// Packs a matrix in row order; `rows` counts those of the panels.
pub(super) fn pack<T: Real>(values: &[T], columns: usize, rows: usize, block: usize) -> Aligned<T> {
    let mut panels = Aligned::zeros(product([rows, padded(columns, block)]));
    for (row, values) in values.chunks_exact(columns).enumerate() {
        for (column, value) in values.iter().enumerate() {
            panels[place(row, column, rows, block)] = *value;
        }
    }
    panels
}

/// The first `count` rows of `columns` columns, in row order.
pub(super) fn unpack<T: Real>(
    panels: &[T],
    (count, columns): (usize, usize),
    rows: usize,
    block: usize,
) -> Vec<T> {
    (0..count)
        .flat_map(|row| (0..columns).map(move |column| place(row, column, rows, block)))
        .map(|place| panels[place])
        .collect()
}

/// The transpose of a matrix in row order.
pub(super) fn transposed<T: Real>(values: &[T], columns: usize) -> Vec<T> {
    (0..columns)
        .flat_map(|column| values.iter().skip(column).step_by(columns).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let values: Vec<f64> = (0..15).map(f64::from).collect();
        let panels = pack(&values, 5, 4, 2);
        assert_eq!(panels.len(), 4 * 6);
        assert_eq!(panels[..8], [0.0, 1.0, 5.0, 6.0, 10.0, 11.0, 0.0, 0.0]);
        assert_eq!(panels[16..22], [4.0, 0.0, 9.0, 0.0, 14.0, 0.0]);
        assert_eq!(unpack(&panels, (3, 5), 4, 2), values);
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0], 2), [1.0, 3.0, 2.0, 4.0]);
    }
}
