//! Where activations are read from: memory, or blocks of dimensions.

use std::ops::Range;

use ndarray::ArrayView2;

/// Activations of a layer that is not in memory as a whole, in blocks of
/// dimensions: block `i` has the dimensions from `i * block_dims()` on, of all
/// stimuli.
///
/// Every number that probes take from blocks is, bit for bit, the one they take
/// from the same activations in memory, whatever the size of a block.
pub trait ActivationBlocks: Sync {
    /// Stimuli and dimensions.
    fn shape(&self) -> (usize, usize);

    /// Dimensions of every block but the last, which may have fewer; at least 1.
    fn block_dims(&self) -> usize;

    /// A block, stimulus after stimulus.
    fn block(&self, number: usize) -> &[f32];

    /// A block will not be read for a while: memory it occupies may be given
    /// back. It may be read again, and by others at this moment.
    fn release(&self, number: usize);
}

/// A matrix of activations, stimuli x dimensions.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Row-major.
    Rows {
        values: &'a [f32],
        dims: usize,
    },
    Blocks(&'a dyn ActivationBlocks),
}

impl<'a> From<ArrayView2<'a, f32>> for Source<'a> {
    /// The view must be in standard layout.
    fn from(view: ArrayView2<'a, f32>) -> Self {
        Self::Rows {
            dims: view.ncols(),
            values: view.to_slice().unwrap_or(&[]),
        }
    }
}

impl<'a> Source<'a> {
    /// Numbers a stimulus has.
    pub fn dims(&self) -> usize {
        match self {
            Self::Rows { dims, .. } => *dims,
            Self::Blocks(blocks) => blocks.shape().1,
        }
    }

    /// Where the piece ends that holds a dimension.
    pub fn piece_end(&self, dim: usize) -> usize {
        match self {
            Self::Rows { dims, .. } => *dims,
            Self::Blocks(blocks) => {
                let each = blocks.block_dims().max(1);
                (dim / each + 1) * each
            }
        }
    }

    /// What holds these dimensions, from left to right: the whole matrix, or
    /// the blocks that they lie in.
    pub fn open(&self, dims: Range<usize>) -> Vec<Piece<'a>> {
        match *self {
            Self::Rows { values, dims } => vec![Piece {
                values,
                width: dims,
                dims: 0..dims,
                block: None,
            }],
            Self::Blocks(blocks) => self
                .numbers(dims)
                .map(|number| Piece::block(blocks, number))
                .collect(),
        }
    }

    /// The pieces of the whole matrix, each opened when it is come to.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'a>> {
        let source = *self;
        let count = match self {
            Self::Rows { .. } => 1,
            Self::Blocks(_) => self.numbers(0..self.dims()).len(),
        };
        (0..count).flat_map(move |number| match source {
            Self::Rows { dims, .. } => source.open(0..dims),
            Self::Blocks(blocks) => vec![Piece::block(blocks, number)],
        })
    }

    /// Blocks that dimensions lie in.
    fn numbers(&self, dims: Range<usize>) -> Range<usize> {
        match self {
            Self::Blocks(blocks) if !dims.is_empty() => {
                let each = blocks.block_dims().max(1);
                dims.start / each..dims.end.div_ceil(each)
            }
            _ => 0..0,
        }
    }
}

/// Some dimensions of all stimuli, in memory while this is held.
pub(crate) struct Piece<'a> {
    values: &'a [f32],
    /// Numbers from one stimulus to the next.
    width: usize,
    dims: Range<usize>,
    block: Option<(&'a dyn ActivationBlocks, usize)>,
}

impl<'a> Piece<'a> {
    fn block(blocks: &'a dyn ActivationBlocks, number: usize) -> Self {
        let each = blocks.block_dims().max(1);
        let dims = number * each..((number + 1) * each).min(blocks.shape().1);
        Self {
            values: blocks.block(number),
            width: dims.len(),
            dims,
            block: Some((blocks, number)),
        }
    }

    /// The dimensions it has.
    pub fn dims(&self) -> Range<usize> {
        self.dims.clone()
    }

    /// A stimulus's numbers in these dimensions.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        if let Some((blocks, number)) = self.block {
            blocks.release(number);
        }
    }
}
