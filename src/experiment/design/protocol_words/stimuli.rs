//! In words: stimuli, and which of them are held out.

use layerprobe_generators::TextureAngle;

use crate::config::{Config, PMode, Stimuli};

/// The stimuli, and what is correlated in them.
pub fn stimuli(config: &Config) -> String {
    let mut text = match &config.stimuli {
        Stimuli::Trifeature {
            image_size,
            object_size,
            texture_period,
            exemplars,
        } => format!(
            "Trifeature (Hermann & Lampinen 2020, section 3.1): 10 shapes x 10 textures x 10 colors, \
             {exemplars} exemplars a combination, {image_size} x {image_size} pixels, object {object_size} pixels, \
             texture period {texture_period} pixels. Shape and texture are rotated independently by up to 45 \
             degrees either way; the object lies wholly inside the frame at a random position."
        ),
        Stimuli::Navon {
            image_size,
            large_letter,
            small_letter,
            texture_angle,
        } => format!(
            "Navon (Hermann & Lampinen 2020, section 3.1): 26 large letters (shape) made of 26 small letters \
             (texture), 5 positions each, without the pairs of a letter with itself; {image_size} x {image_size} \
             pixels, letters of {large_letter} and {small_letter} pixels, Liberation Sans Bold. The texture angle is {}.",
            match texture_angle {
                TextureAngle::Absolute => "drawn independently of the large letter's",
                TextureAngle::Relative =>
                    "drawn relative to the large letter's, as the authors' script does",
            }
        ),
    };
    if let Some(correlation) = &config.correlation {
        text += &format!(
            " In the training set {} and {} are correlated: the matched value has probability {} {}. \
             Probes use an uncorrelated set with the same held-out values.",
            correlation.pair[0],
            correlation.pair[1],
            correlation.predictivity,
            match correlation.p_mode {
                PMode::Nominal => "in the pool of all values",
                PMode::Effective => "in the training set and in each validation set",
            }
        );
    }
    text
}

/// What is held out, and what is left.
pub fn hold_outs(config: &Config) -> String {
    format!(
        "Each hold-out version holds {} values of every feature out ({} remain, chance 1/{}). The training set \
         is every stimulus whose values are all kept, the same for all targets. The validation set of a feature \
         is every stimulus that keeps that feature's value and has a held-out value of another feature. Versions \
         here: {}.",
        config.split.held_out,
        config.classes(),
        config.classes(),
        config
            .split
            .versions
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predictivity_is_said_to_hold_where_it_does() {
        let said = |p_mode: &str| {
            let set = format!("correlation.p_mode={p_mode:?}");
            stimuli(&Config::load("hl2020-quick-shape-color", &[set]).unwrap())
        };
        assert!(said("nominal").contains(" 0.5 in the pool of all values. "));
        let each = " 0.5 in the training set and in each validation set. ";
        assert!(said("effective").contains(each));
    }
}
