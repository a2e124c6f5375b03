//! Reading named layers of a batch.

use super::{ImageBatch, ModelError, Network, Workspace};
use crate::models::pass::Mode;

/// What a named layer gave for a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRows {
    /// The layer, by the name that was asked for.
    pub name: String,
    /// Numbers an image has.
    pub dim: usize,
    /// `n * dim` numbers, image after image; images flattened in the order
    /// channel, row, column, as PyTorch's `flatten(1)`.
    pub values: Vec<f32>,
}

impl Network {
    /// Reads several layers of one batch in one forward pass (eval mode), which
    /// ends after the deepest of them. The answer is in the order of `layers`.
    ///
    /// # Errors
    /// If a layer has no such name, or the images another size.
    pub fn read(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        layers: &[&str],
    ) -> Result<Vec<LayerRows>, ModelError> {
        let mut read = Vec::with_capacity(layers.len());
        for name in layers {
            let dim = self.layer_dim(name)?;
            read.push(LayerRows {
                name: (*name).to_owned(),
                dim,
                values: vec![0.0; batch.len() * dim],
            });
        }
        let mut rows: Vec<&mut [f32]> = read.iter_mut().map(|l| l.values.as_mut_slice()).collect();
        self.read_into(workspace, batch, layers, &mut rows)?;
        Ok(read)
    }

    /// As [`read`](Self::read), into buffers of `n * dim` numbers, one for each
    /// of `layers`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// If there is not a buffer for each layer, or one has another length.
    pub fn read_into(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        layers: &[&str],
        rows: &mut [&mut [f32]],
    ) -> Result<(), ModelError> {
        assert_eq!(layers.len(), rows.len(), "a buffer for each layer");
        self.check_batch(batch)?;
        let mut wanted = Vec::with_capacity(layers.len());
        for (name, rows) in layers.iter().zip(rows.iter_mut()) {
            let value = self.find(name)?.value;
            let dim = self.plan.graph.shape(value).dim();
            assert_eq!(rows.len(), batch.len() * dim, "rows of {name}");
            wanted.push((value, &mut **rows));
        }
        self.forward(workspace, batch, Mode::Reading(&mut wanted));
        Ok(())
    }

    /// The logits of a batch, `n * classes` (eval mode).
    ///
    /// # Errors
    /// If the images have another size than the network's.
    pub fn logits<'w>(
        &self,
        workspace: &'w mut Workspace,
        batch: &ImageBatch,
    ) -> Result<&'w [f32], ModelError> {
        self.check_batch(batch)?;
        self.forward(workspace, batch, Mode::Logits);
        Ok(self.last_logits(workspace, batch.len()))
    }

    pub(crate) fn check_batch(&self, batch: &ImageBatch) -> Result<(), ModelError> {
        let (found, expected) = (batch.layout(), self.input_layout());
        if found == expected {
            return Ok(());
        }
        Err(ModelError::Batch {
            found: found.height,
            found_border: found.border,
            expected: expected.height,
            expected_border: expected.border,
        })
    }
}
