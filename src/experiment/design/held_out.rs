use layerprobe_generators::StimulusSet;

use super::stimuli::Version;

/// The held-out values of one feature, and which rows of activations have
/// them.
#[derive(Debug)]
pub struct HeldOut {
    /// The feature.
    pub feature: String,
    /// Its held-out values.
    pub values: Vec<String>,
    /// For each row the place of its value among them; none if it is kept.
    pub of_row: Vec<Option<usize>>,
}

impl HeldOut {
    /// The held-out values of every feature of the set.
    pub fn of_version(set: &dyn StimulusSet, version: &Version, stimuli: &[usize]) -> Vec<Self> {
        let features = set.features().iter().enumerate();
        features
            .map(|(number, feature)| {
                let held = version.hold_outs.held(number);
                let place = |index: &usize| {
                    let value = set.labels(*index).get(number).copied();
                    value.and_then(|value| held.iter().position(|h| *h == value))
                };
                Self {
                    feature: feature.name.to_owned(),
                    values: held
                        .iter()
                        .filter_map(|&value| feature.values.get(value).cloned())
                        .collect(),
                    of_row: stimuli.iter().map(place).collect(),
                }
            })
            .collect()
    }

    /// Whether a row has held-out value number `value`.
    pub fn has(&self, row: usize, value: usize) -> bool {
        self.of_row.get(row) == Some(&Some(value))
    }
}
