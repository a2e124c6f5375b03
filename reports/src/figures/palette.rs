use crate::ReportInput;
use crate::drawing::{Color, Marker};
use crate::evidence::{Evidence, in_order};

/// Okabe & Ito's colors for categories, told apart with any color vision;
/// without their yellow, too pale for lines on white.
const CATEGORIES: [Color; 7] = [
    Color(0, 114, 178),
    Color(213, 94, 0),
    Color(0, 158, 115),
    Color(204, 121, 167),
    Color(230, 159, 0),
    Color(86, 180, 233),
    Color(0, 0, 0),
];

/// Points of a scale from dark blue over magenta to orange whose lightness
/// rises evenly, so that order is seen with any color vision and in gray;
/// it ends before it gets too pale for lines on white.
const SCALE: [Color; 8] = [
    Color(13, 8, 135),
    Color(76, 2, 161),
    Color(126, 3, 168),
    Color(169, 35, 149),
    Color(204, 71, 120),
    Color(230, 108, 92),
    Color(244, 138, 72),
    Color(248, 160, 55),
];

/// One color a name through the whole report: a feature has the same one
/// where it is decoded and where it is a target.
#[derive(Clone, Debug)]
pub(crate) struct Palette {
    names: Vec<String>,
}

impl Palette {
    pub(crate) fn of(input: &ReportInput, evidence: &Evidence) -> Self {
        let families = || evidence.families.iter();
        let features = families().flat_map(|family| &family.features);
        let targets = families().flat_map(|family| &family.targets);
        let trained = input.training.iter().map(|curve| &curve.target);
        let found = input
            .targets
            .iter()
            .chain(features)
            .chain(targets)
            .chain(trained);
        Self {
            names: in_order(&input.features, found.map(String::as_str)),
        }
    }

    fn place(&self, name: &str) -> usize {
        self.names.iter().position(|n| n == name).unwrap_or(0)
    }

    /// The color of a feature or target.
    pub(crate) fn color(&self, name: &str) -> Color {
        category(self.place(name))
    }

    /// The marker of a feature or target.
    pub(crate) fn marker(&self, name: &str) -> Marker {
        Marker::nth(self.place(name))
    }
}

/// The color of category number `index`; after the last comes the first again.
pub(crate) fn category(index: usize) -> Color {
    let place = index % CATEGORIES.len();
    CATEGORIES.get(place).copied().unwrap_or(Color::INK)
}

/// The color of layer number `index` of `count`, from the first to the last.
pub(crate) fn layer_color(index: usize, count: usize) -> Color {
    let last = (SCALE.len() - 1) as f64;
    let place = match count {
        0 | 1 => 0.3 * last,
        _ => index.min(count - 1) as f64 / (count - 1) as f64 * last,
    };
    let low = SCALE.get(place.floor() as usize).copied();
    let high = SCALE.get(place.ceil() as usize).copied();
    let (Some(low), Some(high)) = (low, high) else {
        return Color::INK;
    };
    mixed(low, high, place.fract())
}

/// From 0 to 1, pale to dark with even steps of lightness.
const ABOVE: [Color; 5] = [
    Color(250, 250, 250),
    Color(250, 190, 110),
    Color(214, 90, 100),
    Color(126, 3, 148),
    Color(13, 8, 100),
];

/// From 0 to -1.
const BELOW: [Color; 3] = [Color(250, 250, 250), Color(90, 180, 160), Color(0, 80, 70)];

/// The color of a similarity, the same in every figure: from pale at 0 to dark
/// at 1, and green below 0.
pub(crate) fn similarity_color(value: f64) -> Color {
    let scale: &[Color] = if value < 0.0 { &BELOW } else { &ABOVE };
    let last = (scale.len() - 1) as f64;
    let place = value.abs().clamp(0.0, 1.0) * last;
    let low = scale.get(place.floor() as usize).copied();
    let high = scale.get(place.ceil() as usize).copied();
    match (low, high) {
        (Some(low), Some(high)) => mixed(low, high, place.fract()),
        _ => Color::INK,
    }
}

fn mixed(low: Color, high: Color, part: f64) -> Color {
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - part) + f64::from(b) * part).round() as u8;
    Color(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(color: Color) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }

    #[test]
    fn layers_get_lighter_with_depth_and_stay_visible_on_white() {
        for count in [2, 5, 10] {
            let light: Vec<f64> = (0..count)
                .map(|i| luminance(layer_color(i, count)))
                .collect();
            assert!(light.windows(2).all(|pair| pair[0] < pair[1]), "{light:?}");
            // a contrast of 1.05 / (0.47 + 0.05) = 2 with white
            assert!(light.iter().all(|l| *l < 0.47), "{light:?}");
        }
    }

    #[test]
    fn similarity_gets_darker_away_from_zero() {
        for sign in [1.0, -1.0] {
            let light: Vec<f64> = (0..=20)
                .map(|k| luminance(similarity_color(sign * f64::from(k) / 20.0)))
                .collect();
            assert!(light.windows(2).all(|pair| pair[0] > pair[1]), "{light:?}");
        }
        assert_eq!(similarity_color(1.2), similarity_color(1.0));
    }

    #[test]
    fn a_name_keeps_its_color_in_both_roles() {
        let input = ReportInput {
            features: vec!["shape".into(), "texture".into()],
            targets: vec!["texture".into(), "shape".into()],
            ..ReportInput::default()
        };
        let evidence = crate::evidence::gather(&input);
        let palette = Palette::of(&input, &evidence);
        assert_eq!(palette.color("shape"), CATEGORIES[0]);
        assert_eq!(palette.color("texture"), CATEGORIES[1]);
    }
}
