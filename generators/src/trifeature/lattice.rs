//! Coverage of periodic patterns, written so that a row of pixels compiles to
//! vector instructions: no branches, no calls.

/// Half a pixel: the reach of the box filter that turns distances into
/// coverage.
const HALF: f32 = 0.5;

/// 1.5 * 2^23: a float of this size has no fractional bits, so adding and
/// taking it off again rounds to the nearest whole number.
const ROUNDER: f32 = 12_582_912.0;

/// How far `t` is from the nearest multiple of `period`, with sign.
#[inline(always)]
pub fn from_nearest(t: f32, period: f32, per_period: f32) -> f32 {
    t - period * nearest(t * per_period)
}

/// The whole number nearest to `t`, for magnitudes below 2^22.
#[inline(always)]
pub fn nearest(t: f32) -> f32 {
    (t + ROUNDER) - ROUNDER
}

/// The whole number nearest to `t`, for `t` from -0.5 to 2^22: what the float
/// [`nearest`] has just before it takes off the rounder, read from its bits.
#[inline(always)]
pub fn whole(t: f32) -> u32 {
    (t + ROUNDER).to_bits() - ROUNDER.to_bits()
}

/// The share of a pixel inside of a region, `distance` pixels within its edge
/// (negative outside).
#[inline(always)]
pub fn inside(distance: f32) -> f32 {
    (distance + HALF).clamp(0.0, 1.0)
}

/// The share of a pixel inside of a line of half-width `half_width`, with the
/// pixel's middle `distance` from the line's: the overlap of two intervals, so
/// also right for lines thinner than a pixel.
#[inline(always)]
pub fn line(distance: f32, half_width: f32) -> f32 {
    let distance = distance.abs();
    ((distance + HALF).min(half_width) - (distance - HALF).max(-half_width)).max(0.0)
}

/// The share covered by either of two patterns with these shares.
#[inline(always)]
pub fn either(a: f32, b: f32) -> f32 {
    a + b - a * b
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thin_line_never_covers_more_than_its_width() {
        assert!((line(0.0, 0.3) - 0.6).abs() < 1e-6);
        assert!((line(0.5, 0.3) - 0.3).abs() < 1e-6);
        assert_eq!(line(0.9, 0.3), 0.0);
        assert_eq!(line(0.0, 2.0), 1.0);
    }

    #[test]
    fn whole_numbers_are_read_from_the_bits() {
        for (t, expected) in [(-0.5, 0), (-0.2, 0), (0.4, 0), (0.6, 1), (1234.7, 1235)] {
            assert_eq!(whole(t), expected);
            assert_eq!(nearest(t), expected as f32);
        }
    }

    proptest! {
        #[test]
        fn the_nearest_multiple_is_at_most_half_a_period_away(
            t in -3000.0..3000.0f32, period in 4.0..50.0f32
        ) {
            let offset = from_nearest(t, period, 1.0 / period);
            prop_assert!(offset.abs() <= 0.5 * period + 2e-3);
            let periods = (t - offset) / period;
            prop_assert!((periods - periods.round()).abs() < 1e-3);
        }
    }
}
