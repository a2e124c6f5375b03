use crate::nn::Aligned;
use crate::nn::layout::ImageLayout;

/// Normalized images as a network's first layer reads them: channels last,
/// each inside a border of zeros.
///
/// The buffer is kept when a batch is filled again, also with fewer images.
#[derive(Debug)]
pub struct ImageBatch {
    layout: ImageLayout,
    count: usize,
    pixels: Aligned<f32>,
}

impl ImageBatch {
    /// An empty batch for images of `layout` (a network's
    /// [`input_layout`](super::Network::input_layout)).
    pub fn new(layout: ImageLayout) -> Self {
        Self {
            layout,
            count: 0,
            pixels: Aligned::default(),
        }
    }

    /// A batch of normalized images in PyTorch's order, `[n, channels,
    /// height, width]`.
    ///
    /// # Panics
    /// If `images` does not hold whole images.
    pub fn from_chw(layout: ImageLayout, images: &[f32]) -> Self {
        let mut batch = Self::new(layout);
        batch.fill_from_chw(images);
        batch
    }

    /// Fills the batch again, with normalized images in PyTorch's order.
    ///
    /// # Panics
    /// If `images` does not hold whole images.
    pub fn fill_from_chw(&mut self, images: &[f32]) {
        let (layout, inner) = (self.layout, self.layout.inner_len());
        assert_eq!(images.len() % inner, 0, "whole images");
        self.set_len(images.len() / inner);
        for (image, chw) in self.images_mut().zip(images.chunks_exact(inner)) {
            layout.from_chw(chw, image);
        }
    }

    /// The images' size.
    pub fn layout(&self) -> ImageLayout {
        self.layout
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Makes room for `count` images, whose inner pixels the caller then
    /// writes all; borders are and stay zero.
    pub fn set_len(&mut self, count: usize) {
        let needed = count * self.layout.len();
        if self.pixels.len() < needed {
            self.pixels.set_len(needed);
        }
        self.count = count;
    }

    /// All bordered images, one after the other.
    pub fn pixels(&self) -> &[f32] {
        &self.pixels[..self.count * self.layout.len()]
    }

    /// The bordered images, to be written inside their borders.
    pub fn images_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.pixels
            .chunks_exact_mut(self.layout.len())
            .take(self.count)
    }
}
