use layerprobe_streams::StreamKey;

use crate::matching::Matching;
use crate::{Feature, GeneratorError};

/// How many versions of the hold-outs there are: the paper's five
/// cross-validation splits.
pub const VERSIONS: u32 = 5;

/// The values of each feature that training never sees.
///
/// ```
/// use layerprobe_generators::{StimulusSet, TrifeatureParams, splits::{HoldOuts, Split}};
/// use layerprobe_streams::StreamKey;
///
/// let key = StreamKey::from_seed(0);
/// let set = TrifeatureParams::default().check(key.derive("data/render"))?;
/// let hold_outs = HoldOuts::draw(set.features(), 3, 0, None, key.derive("data/split"))?;
/// assert_eq!(hold_outs.kept(0).len(), 7);
/// let split = Split::of(&set, &hold_outs)?;
/// assert_eq!(split.train.len(), 3430);
/// assert_eq!(split.validation[0].len(), 3570);
/// # Ok::<(), layerprobe_generators::GeneratorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOuts {
    features: Vec<Feature>,
    held: Vec<Vec<usize>>,
}

impl HoldOuts {
    /// Draws `held` values of each feature for one of the five versions.
    ///
    /// Without a matching every feature draws for itself. With `aligned`, for
    /// correlated sets, `held` places of the matched lists are drawn once and
    /// what stands there is held out of every feature, so that a matched pair
    /// is kept or held out together (the authors' default mode).
    ///
    /// # Errors
    /// If the version does not exist, nothing would be held out, fewer than two
    /// values of a feature would be kept, or the matching was drawn for other
    /// features.
    pub fn draw(
        features: &[Feature],
        held: usize,
        version: u32,
        aligned: Option<&Matching>,
        key: StreamKey,
    ) -> Result<Self, GeneratorError> {
        if version >= VERSIONS {
            return Err(GeneratorError::UnknownVersion {
                version,
                versions: VERSIONS,
            });
        }
        for feature in features {
            let values = feature.values.len();
            if held == 0 || held > values.saturating_sub(2) {
                return Err(GeneratorError::HoldOuts {
                    feature: feature.name,
                    held,
                    values,
                });
            }
        }
        let draw = |key: StreamKey, values: usize| {
            let mut drawn = key.at(u64::from(version)).permutation(values);
            drawn.truncate(held);
            drawn
        };
        let held = match aligned {
            None => features
                .iter()
                .map(|feature| draw(key.derive(feature.name), feature.values.len()))
                .collect(),
            Some(matching) => {
                matching.check(features)?;
                matching.values_at(&draw(key.derive("aligned"), matching.len()))
            }
        };
        Ok(Self::new(features, held))
    }

    fn new(features: &[Feature], mut held: Vec<Vec<usize>>) -> Self {
        for values in &mut held {
            values.sort_unstable();
        }
        Self {
            features: features.to_vec(),
            held,
        }
    }

    /// The features they were drawn for.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The values of a feature that are held out, in order.
    ///
    /// # Panics
    /// If there is no feature of this number.
    pub fn held(&self, feature: usize) -> &[usize] {
        &self.held[feature]
    }

    /// The values of a feature that are kept, in order.
    ///
    /// # Panics
    /// If there is no feature of this number.
    pub fn kept(&self, feature: usize) -> Vec<usize> {
        (0..self.features[feature].values.len())
            .filter(|&value| self.keeps(feature, value))
            .collect()
    }

    /// Whether a value of a feature is kept.
    ///
    /// # Panics
    /// If there is no feature of this number.
    pub fn keeps(&self, feature: usize, value: usize) -> bool {
        self.held[feature].binary_search(&value).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Vec<Feature> {
        vec![Feature::new("shape", 0..10), Feature::new("color", 0..10)]
    }

    fn key() -> StreamKey {
        StreamKey::from_seed(3).derive("data/split")
    }

    #[test]
    fn versions_and_features_hold_out_different_values() {
        let versions: Vec<HoldOuts> = (0..VERSIONS)
            .map(|version| HoldOuts::draw(&features(), 3, version, None, key()).unwrap())
            .collect();
        for (number, hold_outs) in versions.iter().enumerate() {
            for other in &versions[..number] {
                assert_ne!(hold_outs, other);
            }
            assert_eq!(hold_outs.kept(1).len(), 7);
            assert!(
                hold_outs
                    .kept(1)
                    .iter()
                    .all(|v| !hold_outs.held(1).contains(v))
            );
        }
        assert!(
            versions
                .iter()
                .any(|version| version.held(0) != version.held(1))
        );
    }

    #[test]
    fn hold_outs_that_leave_no_task_are_refused() {
        for held in [0, 9, 10, 11, usize::MAX - 1] {
            let error = HoldOuts::draw(&features(), held, 0, None, key()).unwrap_err();
            assert!(error.to_string().contains("shape"), "{error}");
        }
        assert!(HoldOuts::draw(&features(), 8, 0, None, key()).is_ok());
    }

    #[test]
    fn a_matching_of_other_features_is_refused() {
        let mut three = features();
        three.push(Feature::new("texture", 0..10));
        let fewer = vec![Feature::new("shape", 0..6), Feature::new("color", 0..6)];
        for (own, others) in [(features(), three.clone()), (three, features())] {
            let matching = Matching::draw(&own, 0, 1, key()).unwrap();
            assert!(HoldOuts::draw(&own, 3, 0, Some(&matching), key()).is_ok());
            for others in [others, fewer.clone()] {
                let error = HoldOuts::draw(&others, 3, 0, Some(&matching), key()).unwrap_err();
                assert!(
                    matches!(error, GeneratorError::OtherMatching { .. }),
                    "{error}"
                );
            }
        }
        let matching = Matching::draw(&features(), 0, 1, key()).unwrap();
        let error = HoldOuts::draw(&fewer, 3, 0, Some(&matching), key()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the matching is of features shape (10 values), color (10 values), but is used for \
             shape (6 values), color (6 values): draw it from the features of the same set"
        );
    }

    #[test]
    fn there_are_five_versions() {
        let error = HoldOuts::draw(&features(), 3, 5, None, key()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "hold-out version 5 does not exist: versions are 0 to 4"
        );
    }
}
