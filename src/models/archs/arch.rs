use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The networks this toolkit can build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// Four blocks of 3 x 3 convolution, ReLU and 2 x 2 max-pool with 32, 64,
    /// 128 and 128 channels, a fully connected layer of 128, and the classes.
    Cnn4,
    /// Fully connected layers with leaky ReLU, of 256, 128, 64 and 64 unless
    /// told otherwise (Hermann & Lampinen 2020, appendix B.3), and the classes.
    Mlp,
    /// AlexNet as in torchvision (Krizhevsky 2014), its two hidden fully
    /// connected layers narrowed to `ceil(4096 classes / 1000)` unless told
    /// otherwise (Hermann & Lampinen 2020, appendix B.1).
    AlexNet,
    /// AlexNet for images of 64 pixels: its first convolution has a stride of 1
    /// and a padding of 5, so that `pool3` is 7 x 7 there. torchvision's own
    /// would leave one pixel, copied 36 times by its average pool.
    AlexNet64,
    /// ResNet-18 as in torchvision (He et al. 2015).
    ResNet18,
    /// ResNet-50 as in torchvision (He et al. 2015, with the stride in the
    /// 3 x 3 convolution).
    ResNet50,
}

/// A name that is no architecture's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown architecture `{0}`")]
pub struct UnknownArch(pub String);

impl Arch {
    /// All architectures.
    pub const ALL: [Self; 6] = [
        Self::Cnn4,
        Self::Mlp,
        Self::AlexNet,
        Self::AlexNet64,
        Self::ResNet18,
        Self::ResNet50,
    ];

    /// The name used in configs, files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cnn4 => "cnn4",
            Self::Mlp => "mlp",
            Self::AlexNet => "alexnet",
            Self::AlexNet64 => "alexnet64",
            Self::ResNet18 => "resnet18",
            Self::ResNet50 => "resnet50",
        }
    }
}

impl Arch {
    /// Whether it is AlexNet, at whatever image size.
    pub(super) fn is_alexnet(self) -> bool {
        matches!(self, Self::AlexNet | Self::AlexNet64)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Arch {
    type Err = UnknownArch;

    fn from_str(name: &str) -> Result<Self, UnknownArch> {
        Self::ALL
            .into_iter()
            .find(|arch| arch.name() == name)
            .ok_or_else(|| UnknownArch(name.to_owned()))
    }
}
