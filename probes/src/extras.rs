/// What is measured of a layer beside each feature's accuracy. Nothing by
/// default: each part costs further fits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// V-information in bits ([`crate::v_information`]) from a refit of its
    /// own at the penalty that cross-entropy chose, where accuracy chose
    /// another.
    pub by_cross_entropy: bool,
}
