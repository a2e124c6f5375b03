use layerprobe_generators::{GeneratorError, NavonParams, StimulusSet, TrifeatureParams};
use layerprobe_streams::StreamKey;

use super::sections::Stimuli;

impl Stimuli {
    /// The set of stimuli described here, drawn under `key`.
    ///
    /// # Errors
    /// If the sizes cannot hold the object.
    pub fn generator(&self, key: StreamKey) -> Result<Box<dyn StimulusSet>, GeneratorError> {
        Ok(match self {
            Self::Trifeature {
                image_size,
                object_size,
                texture_period,
                exemplars,
            } => Box::new(
                TrifeatureParams {
                    image_size: *image_size,
                    object_size: *object_size,
                    texture_period: *texture_period,
                    exemplars: *exemplars,
                }
                .check(key)?,
            ),
            Self::Navon {
                image_size,
                large_letter,
                small_letter,
                texture_angle,
            } => Box::new(
                NavonParams {
                    image_size: *image_size,
                    large_size: *large_letter,
                    small_size: *small_letter,
                    texture_angle: *texture_angle,
                }
                .check(key)?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn names_are_those_of_the_generators() {
        for preset in ["quick", "navon-quick"] {
            let stimuli = Config::load(preset, &[]).unwrap().stimuli;
            let set = stimuli.generator(StreamKey::from_seed(0)).unwrap();
            assert_eq!(stimuli.property_names(), set.properties());
            let features: Vec<&str> = set.features().iter().map(|f| f.name).collect();
            assert_eq!(stimuli.feature_names(), features);
            for property in set.properties() {
                let turns = set.property_period(property).is_some();
                assert_eq!(turns, property.starts_with("phase"), "{property}");
            }
        }
    }
}
