//! The words that configurations have for choices of the crates.

use layerprobe_generators::TextureAngle;
use layerprobe_generators::binary::EasyRule;
use layerprobe_probes::{Scaling, Solver};
use serde::Serializer;

/// A choice that is one word in a configuration.
pub(super) trait Word: Copy + 'static {
    /// All that can be chosen, as messages list them.
    const CHOICES: &'static [Self];

    /// Its word.
    fn word(self) -> &'static str;
}

/// Writes a choice as its word.
pub(super) fn as_word<W: Word, S: Serializer>(
    choice: &W,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(choice.word())
}

impl Word for Scaling {
    const CHOICES: &'static [Self] = &[Self::Channel, Self::Standard, Self::None];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Solver {
    const CHOICES: &'static [Self] = &[Self::Batched, Self::Linfa];

    fn word(self) -> &'static str {
        match self {
            Self::Batched => "batched",
            Self::Linfa => "linfa",
        }
    }
}

impl Word for TextureAngle {
    const CHOICES: &'static [Self] = &[Self::Relative, Self::Absolute];

    fn word(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Absolute => "absolute",
        }
    }
}

impl Word for EasyRule {
    const CHOICES: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}
