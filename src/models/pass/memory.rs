use super::compile::Program;
use crate::models::Design;
use crate::nn::layout::ImageLayout;
use crate::nn::{Aligned, ConvBlockBuffers, ConvBuffers, NormBuffers};

/// Memory in which a network's passes run, kept from batch to batch. It adapts
/// to whatever network and batch it is used with.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The design the buffers were made for, and whether for training.
    made_for: Option<(Design, bool)>,
    /// Values and gradients.
    pub(super) arena: Aligned<f32>,
    /// Number of images of the last batch.
    images: usize,
    /// What each step keeps for itself.
    pub(super) own: Vec<Own>,
    /// Where convolutions work, one after the other.
    pub(super) conv: ConvBuffers<f32>,
    /// A convolution's weight and bias with a batch norm folded in.
    pub(super) folded: (Vec<f32>, Vec<f32>),
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
    /// For how many images the output's border is zero and stays so.
    pub(super) clean: usize,
}

impl Workspace {
    /// Gets ready for passes of a program over `n` images.
    pub(super) fn prepare(&mut self, design: &Design, program: &Program, training: bool, n: usize) {
        let same = |(made_for, for_training): &(Design, bool)| {
            made_for == design && *for_training == training
        };
        if !self.made_for.as_ref().is_some_and(same) {
            *self = Self {
                made_for: Some((design.clone(), training)),
                ..Self::default()
            };
            self.own.resize_with(program.steps.len(), Own::default);
        }
        // another number of images moves all regions
        if self.images != n {
            self.images = n;
            for own in &mut self.own {
                own.clean = 0;
            }
        }
        if self.arena.len() < n * program.len {
            // the old memory goes before the new comes
            self.arena = Aligned::default();
            self.arena.set_len(n * program.len);
        }
    }
}

/// Writes zeros around an image.
pub(super) fn clear_border(layout: ImageLayout, image: &mut [f32]) {
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
        // nothing in it is needed any more: not copied into the new memory,
        // and that is zero without being touched
        *buffer = Vec::new();
        *buffer = vec![T::default(); len];
    }
}
