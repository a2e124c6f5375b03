//! What a network's weights tell of its design.

use super::{Arch, Design};
use crate::models::{ModelError, Parameter};

impl Design {
    /// The design that fits weights: class count and widths are those of their
    /// fully connected layers. `size` and `channels` are those of the images;
    /// the options that no weight tells are taken from `self`.
    ///
    /// # Errors
    /// If a tensor that tells is missing or is no matrix. Whether all fit is
    /// seen when the network is built.
    pub fn fitted_to(&self, weights: &[Parameter]) -> Result<Self, ModelError> {
        let rows = |name: &str| -> Result<usize, ModelError> {
            let found = weights.iter().find(|tensor| tensor.name == name);
            match found.map(|tensor| tensor.shape.as_slice()) {
                Some([rows, _]) => Ok(*rows),
                Some(shape) => Err(ModelError::NoMatrix {
                    name: name.to_owned(),
                    found: shape.to_vec(),
                }),
                None => Err(ModelError::NoTensor {
                    arch: self.arch,
                    name: name.to_owned(),
                }),
            }
        };
        let mut design = self.clone();
        match self.arch {
            Arch::Cnn4 => design.classes = rows("fc2.weight")?,
            Arch::AlexNet | Arch::AlexNet64 => {
                design.options.fc_width = Some(rows("classifier.1.weight")?);
                design.classes = rows("classifier.6.weight")?;
            }
            Arch::ResNet18 | Arch::ResNet50 => design.classes = rows("fc.weight")?,
            Arch::Mlp => {
                let mut widths = vec![rows("fc1.weight")?];
                while let Ok(width) = rows(&format!("fc{}.weight", widths.len() + 1)) {
                    widths.push(width);
                }
                design.classes = widths.pop().unwrap_or_default();
                design.options.widths = Some(widths);
            }
        }
        Ok(design)
    }
}
