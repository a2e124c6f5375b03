use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::{ImageStore, Normalization};
use crate::models::{ImageBatch, ModelError, Network};
use crate::nn::layout::ImageLayout;

/// Turns stored images into normalized batches, beside the computation.
#[derive(Debug)]
pub struct Batches<'a> {
    store: &'a ImageStore,
    table: Box<[[f32; 256]; 3]>,
    layout: ImageLayout,
}

impl<'a> Batches<'a> {
    /// Batches for `network`.
    ///
    /// # Errors
    /// If the stored images have another size than the network's, or its images no three
    /// channels.
    pub fn new(
        store: &'a ImageStore,
        normalization: &Normalization,
        network: &Network,
    ) -> Result<Self, ModelError> {
        let layout = ImageLayout {
            height: store.side(),
            width: store.side(),
            ..network.input_layout()
        };
        if layout.channels != 3 {
            return Err(ModelError::Channels {
                arch: network.arch(),
                channels: 3,
            });
        }
        network.check_batch(&ImageBatch::new(layout))?;
        Ok(Self {
            store,
            table: Box::new(normalization.table()),
            layout,
        })
    }

    /// Fills `batch` with the images of these indices.
    ///
    /// # Panics
    /// If an index is not an image's.
    pub fn fill(&self, indices: &[usize], batch: &mut ImageBatch) {
        let [red, green, blue] = &*self.table;
        let width = self.layout.width;
        batch.set_len(indices.len());
        for (image, &index) in batch.images_mut().zip(indices) {
            let rows = self.store.image(index).chunks_exact(3 * width);
            for (row, bytes) in rows.enumerate() {
                let start = self.layout.row_start(row);
                let values = &mut image[start..start + 3 * width];
                for (value, byte) in values.chunks_exact_mut(3).zip(bytes.chunks_exact(3)) {
                    value[0] = red[usize::from(byte[0])];
                    value[1] = green[usize::from(byte[1])];
                    value[2] = blue[usize::from(byte[2])];
                }
            }
        }
    }

    /// Calls `work` with one batch of `batch_size` images after the other (the
    /// last may be shorter) and the place of its first image in `indices`,
    /// while another thread prepares the next. Ends at the first error.
    ///
    /// # Errors
    /// What `work` returns.
    ///
    /// # Panics
    /// If `batch_size` is 0 or an index is not an image's.
    pub fn for_each<E>(
        &self,
        indices: &[usize],
        batch_size: usize,
        mut work: impl FnMut(&ImageBatch, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        assert!(batch_size > 0, "a batch has at least one image");
        if let Some(index) = indices.iter().find(|index| **index >= self.store.len()) {
            panic!("image {index} of {}", self.store.len());
        }
        thread::scope(|scope| {
            // two batches go round: one is computed on, one is filled
            let (filled, ready) = sync_channel(1);
            let (used, empty) = channel();
            for _ in 0..2 {
                // the receiver lives below: nothing can be lost
                let _ = used.send(ImageBatch::new(self.layout));
            }
            scope.spawn(move || self.prepare(indices, batch_size, &empty, &filled));
            for (i, batch) in ready.iter().enumerate() {
                work(&batch, i * batch_size)?;
                // after the last batch nobody waits for it
                let _ = used.send(batch);
            }
            Ok(())
        })
    }

    /// The preparing thread: ends with the indices, or when nobody listens.
    fn prepare(
        &self,
        indices: &[usize],
        batch_size: usize,
        empty: &Receiver<ImageBatch>,
        filled: &SyncSender<ImageBatch>,
    ) {
        for part in indices.chunks(batch_size) {
            let Ok(mut batch) = empty.recv() else { return };
            self.fill(part, &mut batch);
            if filled.send(batch).is_err() {
                return;
            }
        }
    }
}
