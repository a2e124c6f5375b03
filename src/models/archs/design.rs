use serde::{Deserialize, Serialize};

use super::{Arch, alexnet, cnn4, mlp, resnet};
use crate::models::ModelError;
use crate::models::graph::Graph;

/// Larger images are a mistake, and their sizes would not fit the arithmetic.
const MAX_SIZE: usize = 1 << 14;
/// As for images: wider layers and more channels or classes are a mistake.
pub(super) const MAX_WIDTH: usize = 1 << 20;

/// All that determines a network's shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// The architecture.
    pub arch: Arch,
    /// Channels of the images: 3, or for an `mlp` any number.
    pub channels: usize,
    /// Side of the images in pixels; 1 for an `mlp` that reads plain rows of
    /// `channels` numbers.
    pub size: usize,
    /// Number of classes.
    pub classes: usize,
    /// What may differ within the architecture.
    pub options: Options,
}

/// What may differ within an architecture; what is not given has a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// AlexNet: probability with which dropout leaves out a number [0.5].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// AlexNet: width of its two hidden fully connected layers
    /// [`ceil(4096 classes / 1000)`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fc_width: Option<usize>,
    /// MLP: slope of the leaky ReLU below 0 [0.01, PyTorch's default].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slope: Option<f64>,
    /// MLP: widths of its hidden layers [256, 128, 64, 64].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
}

impl Options {
    /// Whether nothing is given.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Design {
    /// An architecture for RGB images of `size` x `size`, all options at their
    /// defaults.
    pub fn new(arch: Arch, size: usize, classes: usize) -> Self {
        Self {
            arch,
            channels: 3,
            size,
            classes,
            options: Options::default(),
        }
    }

    /// Width of AlexNet's two hidden fully connected layers.
    pub(super) fn fc_width(&self) -> usize {
        let narrowed = (4096 * self.classes).div_ceil(1000);
        self.options.fc_width.unwrap_or(narrowed)
    }

    /// The graph of the network.
    ///
    /// # Errors
    /// If the architecture cannot take the images, classes or options.
    pub(crate) fn graph(&self) -> Result<Graph, ModelError> {
        self.check()?;
        match self.arch {
            Arch::Cnn4 => cnn4::graph(self),
            Arch::Mlp => mlp::graph(self),
            Arch::AlexNet | Arch::AlexNet64 => alexnet::graph(self),
            Arch::ResNet18 | Arch::ResNet50 => resnet::graph(self),
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        let classes = self.classes;
        if !(2..=MAX_WIDTH).contains(&classes) {
            return Err(ModelError::Classes { classes });
        }
        let (valid, needs) = match self.arch {
            Arch::Cnn4 => (
                self.size.is_multiple_of(16),
                "its four 2 x 2 pools need a side divisible by 16, at most 16384",
            ),
            Arch::AlexNet => (
                self.size >= 63,
                "its convolutions and pools leave nothing of a side below 63, and sides are at most 16384",
            ),
            Arch::AlexNet64 => (
                self.size >= 15,
                "its three pools leave nothing of a side below 15, and sides are at most 16384",
            ),
            _ => (true, "sides are 1 to 16384"),
        };
        if self.size == 0 || self.size > MAX_SIZE || !valid {
            return Err(ModelError::ImageSize {
                arch: self.arch,
                size: self.size,
                needs,
            });
        }
        let rgb = self.arch != Arch::Mlp;
        if self.channels == 0 || self.channels > MAX_WIDTH || (rgb && self.channels != 3) {
            return Err(ModelError::Channels {
                arch: self.arch,
                channels: self.channels,
            });
        }
        self.check_options()
    }

    fn check_options(&self) -> Result<(), ModelError> {
        let Options {
            dropout,
            fc_width,
            slope,
            widths,
        } = &self.options;
        let fits = |width: &usize| (1..=MAX_WIDTH).contains(width);
        let given = [
            (
                "dropout",
                Arch::AlexNet,
                dropout.map(|p| (0.0..1.0).contains(&p)),
                "the probability must be at least 0 and below 1",
            ),
            (
                "fc_width",
                Arch::AlexNet,
                fc_width.as_ref().map(fits),
                "the width must be from 1 to 1048576",
            ),
            (
                "slope",
                Arch::Mlp,
                slope.map(|slope| slope > 0.0 && slope <= 1.0),
                "the slope must be above 0 and at most 1",
            ),
            (
                "widths",
                Arch::Mlp,
                widths.as_ref().map(|widths| widths.iter().all(fits)),
                "each width must be from 1 to 1048576",
            ),
        ];
        for (option, owner, valid, needs) in given {
            let Some(valid) = valid else { continue };
            let owned = match owner {
                Arch::AlexNet => self.arch.is_alexnet(),
                _ => self.arch == owner,
            };
            if !valid || !owned {
                let problem = if !owned {
                    "it has no such option"
                } else {
                    needs
                };
                return Err(ModelError::Option {
                    arch: self.arch,
                    option,
                    problem,
                });
            }
        }
        Ok(())
    }
}
