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
}

/// A name that is no architecture's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown architecture `{0}`")]
pub struct UnknownArch(pub String);

impl Arch {
    /// All architectures.
    pub const ALL: [Self; 1] = [Self::Cnn4];

    /// The name used in configs, files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cnn4 => "cnn4",
        }
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
