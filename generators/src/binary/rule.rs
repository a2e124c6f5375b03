/// What the easy feature is of its 16 bits.
///
/// The paper says that the feature is linear, not which one it is; both of these
/// are read from the bits by one linear layer, and hold for half of all bit
/// vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EasyRule {
    /// The first bit.
    #[default]
    FirstBit,
    /// Whether most of the first 15 bits are 1: an odd number, so that there is
    /// no tie.
    Majority,
}

/// Bits that [`EasyRule::Majority`] counts.
const COUNTED: u32 = 15;

impl EasyRule {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::FirstBit, Self::Majority];

    /// The name in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstBit => "first_bit",
            Self::Majority => "majority",
        }
    }

    /// The feature of 16 bits, the first one lowest.
    pub(super) fn of(self, bits: u16) -> bool {
        match self {
            Self::FirstBit => bits & 1 == 1,
            Self::Majority => (bits & ((1 << COUNTED) - 1)).count_ones() > COUNTED / 2,
        }
    }
}

/// The hard feature of 16 bits: whether the first two differ.
pub(super) fn hard(bits: u16) -> bool {
    (bits ^ (bits >> 1)) & 1 == 1
}
