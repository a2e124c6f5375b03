use std::mem::take;

use super::compile::Program;
use crate::models::Design;
use crate::nn::layout::ImageLayout;
use crate::nn::{ConvBlockBuffers, ConvBuffers, NormBuffers};

/// Memory in which a network's passes run, kept from batch to batch. It adapts
/// to whatever network and batch it is used with.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The design the buffers were made for, and whether for training.
    made_for: Option<(Design, bool)>,
    pub(super) values: Vec<Slot>,
    pub(super) gradients: Vec<Vec<f32>>,
    /// What each step keeps for itself.
    pub(super) own: Vec<Own>,
    /// Where convolutions work, one after the other.
    pub(super) conv: ConvBuffers<f32>,
    /// A convolution's weight and bias with a batch norm folded in.
    pub(super) folded: (Vec<f32>, Vec<f32>),
    /// The slot of the logits.
    pub(super) logits: usize,
}

/// Memory for values, one after the other.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) values: Vec<f32>,
    /// The layout whose borders are zero, and for how many images.
    clean: Option<(ImageLayout, usize)>,
}

/// What one step keeps for itself. Lengths grow to the largest batch seen.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Winners of a pool's windows, or what dropout kept.
    pub(super) marks: Vec<u8>,
    pub(super) block: ConvBlockBuffers<f32>,
    pub(super) norm: NormBuffers<f32>,
    /// A batch norm's running mean and variance after this batch.
    pub(super) running: (Vec<f32>, Vec<f32>),
}

impl Workspace {
    /// Gets ready for passes of a program.
    pub(super) fn prepare(&mut self, design: &Design, program: &Program, training: bool) {
        let same = |(made_for, for_training): &(Design, bool)| {
            made_for == design && *for_training == training
        };
        if !self.made_for.as_ref().is_some_and(same) {
            let count =
                |slots: &[Option<usize>]| slots.iter().flatten().max().map_or(0, |last| last + 1);
            *self = Self {
                made_for: Some((design.clone(), training)),
                ..Self::default()
            };
            self.values
                .resize_with(count(&program.slots), Slot::default);
            self.gradients
                .resize_with(count(&program.gradients), Vec::new);
            self.own.resize_with(program.steps.len(), Own::default);
            self.logits = program.slots.last().copied().flatten().unwrap_or(0);
        }
    }

    /// The logits of the last pass.
    pub(crate) fn logits(&self, len: usize) -> &[f32] {
        &self.values[self.logits].values[..len]
    }

    /// Takes a gradient's memory out, `len` numbers long at least.
    pub(super) fn take_gradient(&mut self, slot: usize, len: usize) -> Vec<f32> {
        let mut gradient = take(&mut self.gradients[slot]);
        grow(&mut gradient, len);
        gradient
    }
}

impl Slot {
    /// Makes room for `n` images of this layout, with borders of zeros.
    pub(super) fn make_room(&mut self, layout: ImageLayout, n: usize) {
        let clean = self
            .clean
            .filter(|(of, images)| *of == layout && *images >= n);
        grow(&mut self.values, n * layout.len());
        if clean.is_none() {
            for image in self.values.chunks_exact_mut(layout.len()).take(n) {
                clear_border(layout, image);
            }
            self.clean = Some((layout, n));
        }
    }
}

/// Writes zeros around an image.
fn clear_border(layout: ImageLayout, image: &mut [f32]) {
    if layout.border == 0 {
        return;
    }
    let inner = layout.width * layout.channels;
    let mut from = 0;
    for row in 0..layout.height {
        let start = layout.row_start(row);
        image[from..start].fill(0.0);
        from = start + inner;
    }
    image[from..].fill(0.0);
}

/// Lengthens a buffer, if needed, with zeros.
pub(super) fn grow<T: Default + Clone>(buffer: &mut Vec<T>, len: usize) {
    if buffer.len() < len {
        // nothing in it is needed any more: not copied into the new memory
        if buffer.capacity() < len {
            *buffer = Vec::new();
        }
        buffer.resize(len, T::default());
    }
}
