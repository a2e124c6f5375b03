use layerprobe_streams::StreamKey;

use crate::matching::Matching;
use crate::splits::{HoldOuts, Split};
use crate::{GeneratorError, StimulusSet};

/// A pair of features to correlate, and how strongly; not checked yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelationParams {
    /// Number of the first feature of the pair.
    pub first: usize,
    /// Number of the second feature of the pair.
    pub second: usize,
    /// The conditional probability p that one matches the other among all
    /// stimuli chosen: 1 is fully redundant, 1 / (number of values)
    /// uncorrelated.
    pub predictivity: f64,
    /// Where that probability holds.
    pub mode: PredictivityMode,
}

/// Where the probability that a pair matches is the one asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictivityMode {
    /// Among all stimuli chosen, before values are held out (the authors'
    /// scripts): with aligned hold-outs more than asked for in the train set,
    /// less in the validation sets.
    #[default]
    Nominal,
    /// In the train set and in each validation set, up to one stimulus.
    Effective,
}

impl CorrelationParams {
    /// Chooses the stimuli. [`PredictivityMode::Effective`] leaves the choice to
    /// [`Correlation::split`]; [`PredictivityMode::Nominal`] takes all `m` matched ones, and `m (1 - p) / p` drawn
    /// without replacement from the unmatched (rounded to the nearest). So a
    /// value that does not match is uniform over the others, and the remaining
    /// features stay balanced in expectation.
    ///
    /// With the same `key` the matching is the same for every `predictivity`,
    /// and a lower one adds stimuli to those of a higher one.
    ///
    /// # Errors
    /// If the features cannot be matched, or the set has too few unmatched
    /// stimuli for so low a predictivity, or it is above 1 or not a number.
    ///
    /// ```
    /// use layerprobe_generators::{TrifeatureParams, correlation::CorrelationParams};
    /// use layerprobe_streams::StreamKey;
    ///
    /// let key = StreamKey::from_seed(0);
    /// let set = TrifeatureParams { exemplars: 100, ..Default::default() }
    ///     .check(key.derive("data/render"))?;
    /// let shape_color = CorrelationParams {
    ///     first: 0,
    ///     second: 2,
    ///     predictivity: 0.9,
    ///     mode: Default::default(),
    /// };
    /// let correlation = shape_color.check(&set, key.derive("data/correlation"))?;
    /// assert_eq!(correlation.stimuli().len(), 10_000 + 1_111);
    /// # Ok::<(), layerprobe_generators::GeneratorError>(())
    /// ```
    pub fn check(
        self,
        set: &dyn StimulusSet,
        key: StreamKey,
    ) -> Result<Correlation, GeneratorError> {
        let matching = Matching::draw(
            set.features(),
            self.first,
            self.second,
            key.derive("matching"),
        )?;
        let (mut stimuli, mut unmatched): (Vec<usize>, Vec<usize>) =
            (0..set.len()).partition(|&index| matching.matches(&set.labels(index)));
        let least = stimuli.len() as f64 / set.len() as f64;
        let p = self.predictivity;
        let wanted = (stimuli.len() as f64 * (1.0 - p) / p).round();
        if !(p > 0.0 && p <= 1.0 && wanted <= unmatched.len() as f64) {
            return Err(GeneratorError::Predictivity {
                predictivity: p,
                least,
            });
        }
        if self.mode == PredictivityMode::Nominal {
            key.derive("unmatched").at(0).shuffle(&mut unmatched);
            unmatched.truncate(wanted as usize);
        }
        stimuli.append(&mut unmatched);
        stimuli.sort_unstable();
        Ok(Correlation {
            matching,
            asked: self,
            stimuli,
            key,
        })
    }
}

/// The predictivity asked for, and what became of it in a split; None where a
/// list is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictivity {
    /// As asked for; with [`PredictivityMode::Nominal`] among all the chosen
    /// stimuli.
    pub nominal: f64,
    /// In the train set.
    pub train: Option<f64>,
    /// In the validation set of each target feature.
    pub validation: Vec<Option<f64>>,
}

/// The stimuli of a dataset in which one feature predicts another.
#[derive(Clone, Debug)]
pub struct Correlation {
    matching: Matching,
    asked: CorrelationParams,
    stimuli: Vec<usize>,
    key: StreamKey,
}

impl Correlation {
    /// Which values go together.
    pub fn matching(&self) -> &Matching {
        &self.matching
    }

    /// The predictivity asked for.
    pub fn nominal(&self) -> f64 {
        self.asked.predictivity
    }

    /// Where that probability holds.
    pub fn mode(&self) -> PredictivityMode {
        self.asked.mode
    }

    /// Indices of the stimuli that splits are taken from, in rising order.
    pub fn stimuli(&self) -> &[usize] {
        &self.stimuli
    }

    /// The predictivity measured in a list of stimuli: the share of matches.
    /// None for an empty list.
    ///
    /// Holding values out changes it: with aligned hold-outs it rises in the
    /// train set to `p / (p + (1 - p) (k - 1) / (n - 1))` in expectation, for
    /// `k` kept of `n` values, and falls in the validation sets.
    ///
    /// # Panics
    /// If an index is not the set's.
    pub fn effective(&self, set: &dyn StimulusSet, stimuli: &[usize]) -> Option<f64> {
        let matched = stimuli
            .iter()
            .filter(|&&index| self.matching.matches(&set.labels(index)))
            .count();
        (!stimuli.is_empty()).then(|| matched as f64 / stimuli.len() as f64)
    }

    /// The predictivity asked for, beside those of a split.
    ///
    /// # Panics
    /// If an index is not the set's.
    pub fn measure(&self, set: &dyn StimulusSet, split: &Split) -> Predictivity {
        let validation = split.validation.iter();
        Predictivity {
            nominal: self.nominal(),
            train: self.effective(set, &split.train),
            validation: validation
                .map(|stimuli| self.effective(set, stimuli))
                .collect(),
        }
    }

    /// Splits the chosen stimuli, and cuts the train set to the size it has at
    /// p = 1, so that networks see equally many stimuli at every predictivity.
    /// What is cut is drawn at random for each hold-out version and counted
    /// among the discarded.
    ///
    /// With [`PredictivityMode::Effective`] the train set is drawn so that a
    /// share p of it matches, and each validation set keeps what matches and as
    /// many others as make that a share p; the rest is in no list.
    ///
    /// # Errors
    /// If the hold-outs or the matching were drawn for other features than the
    /// set's, or a validation set has too few unmatched stimuli.
    pub fn split(
        &self,
        set: &dyn StimulusSet,
        hold_outs: &HoldOuts,
        version: u32,
    ) -> Result<Split, GeneratorError> {
        self.matching.check(set.features())?;
        let mut split = Split::among(set, self.stimuli.iter().copied(), hold_outs)?;
        let matches = |index: &usize| self.matching.matches(&set.labels(*index));
        let cap = split.train.iter().filter(|index| matches(index)).count();
        let order = |of: &str, stimuli: &mut [usize]| {
            let key = self.key.derive(of);
            key.at(u64::from(version)).shuffle(stimuli);
        };
        let p = self.nominal();
        match self.asked.mode {
            PredictivityMode::Nominal => {
                order("train", &mut split.train);
                split.discarded.extend(split.train.drain(cap..));
            }
            PredictivityMode::Effective => {
                let (mut matched, mut unmatched): (Vec<usize>, Vec<usize>) =
                    split.train.drain(..).partition(matches);
                order("train/matched", &mut matched);
                order("train/unmatched", &mut unmatched);
                let share = (cap as f64 * p).round() as usize;
                split.discarded.extend(matched.drain(share..));
                split
                    .discarded
                    .extend(self.cut(&mut unmatched, cap - share)?);
                split.train.extend(matched.into_iter().chain(unmatched));
                for (target, stimuli) in split.validation.iter_mut().enumerate() {
                    let (matched, mut unmatched): (Vec<usize>, Vec<usize>) =
                        stimuli.drain(..).partition(matches);
                    order(&format!("validation/{target}"), &mut unmatched);
                    let others = (matched.len() as f64 * (1.0 - p) / p).round() as usize;
                    // a stimulus may serve another target's validation
                    self.cut(&mut unmatched, others)?;
                    stimuli.extend(matched.into_iter().chain(unmatched));
                    stimuli.sort_unstable();
                }
            }
        }
        split.train.sort_unstable();
        split.discarded.sort_unstable();
        Ok(split)
    }

    /// Keeps so many of them and returns the rest.
    fn cut(&self, stimuli: &mut Vec<usize>, kept: usize) -> Result<Vec<usize>, GeneratorError> {
        if kept > stimuli.len() {
            return Err(GeneratorError::Unmatched {
                predictivity: self.nominal(),
                needed: kept,
                found: stimuli.len(),
            });
        }
        Ok(stimuli.split_off(kept))
    }
}
