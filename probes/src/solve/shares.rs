//! Who may keep factors: their memory would else grow with the number of fits.

use super::lane::{Factor, Lane};
use super::space::Space;

/// Bytes that systems over rows occupy at a time.
const FACTORED: usize = 200_000_000;

/// Systems of so many unknowns that are kept at a time, at least one.
pub(crate) fn most_systems(size: usize) -> usize {
    (FACTORED / (4 * size * size).max(1)).max(1)
}

/// Lets lanes rest that want factors while others have as many as there may be:
/// one whole Hessian, and so many systems over rows. Whoever has one works, and
/// gives it back at the end.
pub(crate) fn share(space: &Space<'_>, lanes: &mut [Lane<'_>]) {
    let most = |factor: Factor| match factor {
        Factor::Whole => 1,
        Factor::Rows => most_systems(space.size()),
    };
    let held = |lanes: &[Lane<'_>], factor: Factor| {
        let holders = lanes.iter().filter(|lane| lane.holds() == Some(factor));
        holders.count()
    };
    let mut taken = [Factor::Whole, Factor::Rows].map(|factor| (factor, held(lanes, factor)));
    for lane in lanes {
        let wanted = lane.wants(space);
        lane.rests = false;
        for (factor, taken) in &mut taken {
            if wanted == Some(*factor) {
                lane.rests = *taken >= most(*factor);
                *taken += usize::from(!lane.rests);
            }
        }
    }
}
