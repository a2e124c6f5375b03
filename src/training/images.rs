use super::TrainingError;

/// Square RGB images in memory, 8 bits a channel, as they were rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageStore {
    side: usize,
    pixels: Vec<u8>,
}

impl ImageStore {
    /// Images of `side` x `side` pixels, one after the other, each row after
    /// row of red, green, blue.
    ///
    /// # Errors
    /// If `side` is 0 or `pixels` is not a whole number of images.
    pub fn new(side: usize, pixels: Vec<u8>) -> Result<Self, TrainingError> {
        let image = side.checked_mul(side).and_then(|area| area.checked_mul(3));
        match image {
            Some(len) if len > 0 && pixels.len().is_multiple_of(len) => Ok(Self { side, pixels }),
            _ => Err(TrainingError::Pixels {
                bytes: pixels.len(),
                side,
            }),
        }
    }

    /// Side of the images, in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.image_len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// One image: rows of red, green, blue.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        let len = self.image_len();
        &self.pixels[index * len..(index + 1) * len]
    }

    fn image_len(&self) -> usize {
        3 * self.side * self.side
    }
}
