use super::HoldOuts;
use crate::stimulus::list;
use crate::{GeneratorError, StimulusSet};

/// Stimulus indices by their use, each list in rising order.
///
/// * `train`: every feature has a kept value; the same for all targets.
/// * `validation[f]`, for target feature `f`: `f` has a kept value, at least
///   one other feature a held-out one.
/// * `discarded`: every feature has a held-out value.
///
/// With more than two features the validation lists overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What networks are trained on, whatever their target.
    pub train: Vec<usize>,
    /// What validates them, a list for each target feature.
    pub validation: Vec<Vec<usize>>,
    /// What neither trains nor validates.
    pub discarded: Vec<usize>,
}

impl Split {
    /// Splits all stimuli of a set.
    ///
    /// # Errors
    /// If the hold-outs were drawn for other features than the set's.
    pub fn of(set: &dyn StimulusSet, hold_outs: &HoldOuts) -> Result<Self, GeneratorError> {
        Self::among(set, 0..set.len(), hold_outs)
    }

    /// Splits some stimuli of a set, given by index in rising order.
    ///
    /// # Errors
    /// If the hold-outs were drawn for other features than the set's.
    ///
    /// # Panics
    /// If the set has no stimulus of such an index.
    pub fn among(
        set: &dyn StimulusSet,
        stimuli: impl IntoIterator<Item = usize>,
        hold_outs: &HoldOuts,
    ) -> Result<Self, GeneratorError> {
        if set.features() != hold_outs.features() {
            return Err(GeneratorError::OtherFeatures {
                hold_outs: list(hold_outs.features()),
                set: list(set.features()),
            });
        }
        let features = set.features().len();
        let mut split = Self {
            train: Vec::new(),
            validation: vec![Vec::new(); features],
            discarded: Vec::new(),
        };
        for index in stimuli {
            let labels = set.labels(index);
            let kept: Vec<bool> = (0..features)
                .map(|feature| hold_outs.keeps(feature, labels[feature]))
                .collect();
            if kept.iter().all(|&kept| kept) {
                split.train.push(index);
            } else if kept.contains(&true) {
                for (validation, _) in split.validation.iter_mut().zip(&kept).filter(|(_, k)| **k) {
                    validation.push(index);
                }
            } else {
                split.discarded.push(index);
            }
        }
        Ok(split)
    }
}
