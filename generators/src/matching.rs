//! Values of features that go together: what correlated sets are chosen by, and
//! aligned hold-outs drawn along.

use layerprobe_streams::StreamKey;

use crate::stimulus::list;
use crate::{Feature, GeneratorError};

/// Which value of one feature goes with which value of another.
///
/// Each feature's values are put in a random order, the first feature's in
/// their own; values at the same place of the lists match. One matching serves
/// all hold-out versions of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// The features it was drawn for.
    features: Vec<Feature>,
    pair: [usize; 2],
    /// For each feature, the value at each place.
    orders: Vec<Vec<usize>>,
}

impl Matching {
    /// Draws a matching of features `first` and `second`.
    ///
    /// # Errors
    /// If one of the features does not exist, both are the same, or the
    /// features do not all have equally many values.
    pub fn draw(
        features: &[Feature],
        first: usize,
        second: usize,
        key: StreamKey,
    ) -> Result<Self, GeneratorError> {
        let known = |feature: usize| {
            features.get(feature).ok_or(GeneratorError::UnknownFeature {
                feature,
                features: features.len(),
            })
        };
        let unmatchable = |a: &Feature, b: &Feature| GeneratorError::Unmatchable {
            first: a.name,
            first_values: a.values.len(),
            second: b.name,
            second_values: b.values.len(),
        };
        let (a, b) = (known(first)?, known(second)?);
        if first == second {
            return Err(unmatchable(a, b));
        }
        if let Some(other) = features.iter().find(|f| f.values.len() != a.values.len()) {
            return Err(unmatchable(a, other));
        }
        let orders = features
            .iter()
            .enumerate()
            .map(|(number, feature)| {
                let values = feature.values.len();
                if number == first {
                    (0..values).collect()
                } else {
                    key.derive(feature.name).at(0).permutation(values)
                }
            })
            .collect();
        Ok(Self {
            features: features.to_vec(),
            pair: [first, second],
            orders,
        })
    }

    /// The numbers of the two correlated features.
    pub fn pair(&self) -> [usize; 2] {
        self.pair
    }

    /// How many pairs of values match.
    pub fn len(&self) -> usize {
        self.orders[self.pair[0]].len()
    }

    /// Whether there are no pairs; a drawn matching always has some.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of the second feature that goes with each of the first's.
    pub fn partners(&self) -> &[usize] {
        // The first feature's values stand in their own order.
        &self.orders[self.pair[1]]
    }

    /// Whether a stimulus with these labels is a match.
    ///
    /// # Panics
    /// If the labels are of other features.
    pub fn matches(&self, labels: &[usize]) -> bool {
        let [first, second] = self.pair;
        self.partners()[labels[first]] == labels[second]
    }

    /// Refuses other features than those it was drawn for.
    pub(crate) fn check(&self, features: &[Feature]) -> Result<(), GeneratorError> {
        if self.features == features {
            return Ok(());
        }
        Err(GeneratorError::OtherMatching {
            matching: list(&self.features),
            features: list(features),
        })
    }

    /// For each feature, its values at some places of the lists.
    pub(crate) fn values_at(&self, places: &[usize]) -> Vec<Vec<usize>> {
        self.orders
            .iter()
            .map(|order| places.iter().map(|&place| order[place]).collect())
            .collect()
    }
}
