use rayon::prelude::*;

use crate::standardize::Standardized;

/// Where batches come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Activations as they are, stimuli x dimensions.
    Plain { values: &'a [f32], dims: usize },
    /// Activations brought to one scale.
    Scaled(&'a Standardized<'a>),
}

impl<'a> Source<'a> {
    /// Numbers of a row, at least one.
    pub fn dims(&self) -> usize {
        match self {
            Self::Plain { dims, .. } => *dims,
            // where nothing varies, a 0 says so
            Self::Scaled(scaled) => scaled.scale.width().max(1),
        }
    }

    /// The rows where they lie, if they are neighbors and need no scaling.
    pub fn neighbors(&self, rows: &[usize]) -> Option<&'a [f32]> {
        match (self, rows.first()) {
            (Self::Plain { values, dims }, Some(first)) if is_run(rows) => {
                values.get(first * dims..(first + rows.len()) * dims)
            }
            _ => None,
        }
    }

    /// Copies rows after one another.
    pub fn gather(&self, rows: &[usize], out: &mut Vec<f32>) {
        let dims = self.dims();
        out.resize(rows.len() * dims, 0.0);
        out.par_chunks_exact_mut(dims)
            .zip(rows)
            .with_min_len(16)
            .for_each(|(out, &row)| match self {
                Self::Plain { values, .. } => out.copy_from_slice(&values[row * dims..][..dims]),
                Self::Scaled(scaled) => scaled.write_row(row, out),
            });
    }
}

fn is_run(rows: &[usize]) -> bool {
    rows.windows(2).all(|pair| pair[1] == pair[0] + 1)
}
