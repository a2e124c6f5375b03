use layerprobe_generators::GeneratorError;
use layerprobe_generators::binary::{BITS, Binary, BinaryFeature, BinaryParams, BinaryStimulus};

use super::plan::BinaryCondition;
use crate::config::{BinaryConfig, BinaryTarget, DecodedStimuli};
use crate::experiment::Streams;
use crate::nn::{PerceptronBatch, PerceptronError, PerceptronSpec};

/// A set of stimuli.
#[derive(Debug)]
pub(super) struct StimulusSet(Vec<BinaryStimulus>);

impl StimulusSet {
    fn of(set: &Binary) -> Self {
        Self(set.stimuli().collect())
    }

    /// Number of stimuli.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// These stimuli and then others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The labels of a feature.
    pub fn feature(&self, feature: BinaryFeature) -> Vec<u32> {
        let of = |stimulus: &BinaryStimulus| match feature {
            BinaryFeature::Easy => stimulus.easy,
            BinaryFeature::Hard => stimulus.hard,
        };
        self.0.iter().map(|s| u32::from(of(s))).collect()
    }

    /// An input bit, counted from 1.
    pub fn bit(&self, bit: usize) -> Vec<u32> {
        let of = |s: &BinaryStimulus| s.bits.get(bit.wrapping_sub(1)).copied();
        let bits = self.0.iter().filter_map(of);
        bits.map(u32::from).collect()
    }

    /// How often a feature is the label.
    pub fn predictivity(&self, feature: BinaryFeature) -> f64 {
        let labels = self.0.iter().map(|s| u32::from(s.label));
        let agree = labels.zip(self.feature(feature)).filter(|(a, b)| a == b);
        agree.count() as f64 / self.len() as f64
    }

    /// The stimuli as a network reads them, with what it is to say.
    ///
    /// # Errors
    /// If the network has another number of inputs or outputs.
    pub fn batch(
        &self,
        spec: &PerceptronSpec,
        target: BinaryTarget,
    ) -> Result<PerceptronBatch<f32>, PerceptronError> {
        let (mut inputs, mut targets) = (Vec::with_capacity(self.len() * BITS), Vec::new());
        for stimulus in &self.0 {
            inputs.extend(stimulus.bits.map(f32::from));
            match target {
                BinaryTarget::Label => targets.push(f32::from(stimulus.label)),
                BinaryTarget::Multi => {
                    targets.extend([stimulus.easy, stimulus.hard].map(f32::from));
                }
            }
        }
        PerceptronBatch::new(spec, &inputs, &targets)
    }
}

/// Draws the stimuli of an experiment.
pub(super) struct Stimuli<'a> {
    pub config: &'a BinaryConfig,
    pub streams: &'a Streams,
}

impl Stimuli<'_> {
    fn params(&self, easy: f64) -> BinaryParams {
        BinaryParams {
            easy_rule: self.config.stimuli.easy_rule,
            easy_predictivity: easy,
            hard_predictivity: self.config.stimuli.hard_predictivity,
        }
    }

    /// Neither feature tells anything of the label.
    fn independent(&self) -> BinaryParams {
        self.params(0.5).unpredictive(BinaryFeature::Hard)
    }

    fn draw(
        &self,
        params: BinaryParams,
        count: usize,
        part: &str,
        run: u32,
    ) -> Result<StimulusSet, GeneratorError> {
        let set = params.check(count, self.streams.binary_of_run(part, run))?;
        Ok(StimulusSet::of(&set))
    }

    /// What a network is trained on.
    pub fn train(&self, condition: &BinaryCondition) -> Result<StimulusSet, GeneratorError> {
        let (params, count) = (self.params(condition.easy), self.config.stimuli.train);
        self.draw(params, count, "train", condition.run)
    }

    /// Others like them.
    pub fn evaluation(&self, condition: &BinaryCondition) -> Result<StimulusSet, GeneratorError> {
        let (params, count) = (self.params(condition.easy), self.config.stimuli.test);
        self.draw(params, count, "evaluation", condition.run)
    }

    /// Stimuli in which the other feature tells nothing of the label.
    pub fn use_of(
        &self,
        feature: BinaryFeature,
        condition: &BinaryCondition,
    ) -> Result<StimulusSet, GeneratorError> {
        let params = self.params(condition.easy).unpredictive(feature.other());
        let part = format!("use_{}", feature.name());
        self.draw(params, self.config.stimuli.test, &part, condition.run)
    }

    /// So many stimuli that decoders see; sets of different parts are
    /// independent draws.
    pub fn decoding(
        &self,
        part: &str,
        count: usize,
        condition: &BinaryCondition,
    ) -> Result<StimulusSet, GeneratorError> {
        let params = match self.config.decoding.stimuli {
            DecodedStimuli::Independent => self.independent(),
            DecodedStimuli::AsTrained => self.params(condition.easy),
        };
        self.draw(params, count, part, condition.run)
    }

    /// The one sample of so many on which all networks are compared.
    pub fn similarity(&self, count: usize) -> Result<StimulusSet, GeneratorError> {
        let key = self.streams.similarity_stimuli();
        let set = self.independent().check(count, key)?;
        Ok(StimulusSet::of(&set))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::experiment::binary::plan::conditions;
    use crate::experiment::binary::run::streams;

    /// Looks at stimuli of networks of an easy predictivity of 0.8; the hard one is
    /// 0.9.
    fn draw(decoded: &str, look: impl FnOnce(&Stimuli<'_>, &[BinaryCondition])) {
        let settings = [
            "stimuli.easy_predictivity=[0.8]",
            "stimuli.test=512",
            decoded,
        ];
        let settings = settings.map(str::to_owned);
        let config = BinaryConfig::load("binary-smoke", &settings).unwrap();
        let streams = streams(&config);
        let stimuli = Stimuli {
            config: &config,
            streams: &streams,
        };
        look(&stimuli, &conditions(&config));
    }

    fn assert_near(set: &StimulusSet, easy: f64, hard: f64) {
        for (feature, expected) in [(BinaryFeature::Easy, easy), (BinaryFeature::Hard, hard)] {
            let found = set.predictivity(feature);
            // four standard deviations or more
            assert!((found - expected).abs() < 0.1, "{feature:?} {found}");
        }
    }

    #[test]
    fn only_the_other_feature_stops_predicting_where_the_use_of_one_is_measured() {
        draw("decoding.stimuli=independent", |stimuli, networks| {
            let network = &networks[0];
            assert_eq!((network.target, network.easy), (BinaryTarget::Label, 0.8));
            let use_of = |feature| stimuli.use_of(feature, network).unwrap();
            assert_near(&use_of(BinaryFeature::Easy), 0.8, 0.5);
            assert_near(&use_of(BinaryFeature::Hard), 0.5, 0.9);
            assert_near(&stimuli.train(network).unwrap(), 0.8, 0.9);
            assert_near(&stimuli.evaluation(network).unwrap(), 0.8, 0.9);
        });
    }

    #[test]
    fn decoders_see_independent_features_or_those_trained_on() {
        draw("decoding.stimuli=independent", |stimuli, networks| {
            let decoded = stimuli.decoding("decoding_train", 512, &networks[0]);
            assert_near(&decoded.unwrap(), 0.5, 0.5);
            assert_near(&stimuli.similarity(512).unwrap(), 0.5, 0.5);
        });
        draw("decoding.stimuli=as_trained", |stimuli, networks| {
            let decoded = stimuli.decoding("decoding_train", 512, &networks[0]);
            assert_near(&decoded.unwrap(), 0.8, 0.9);
        });
    }

    #[test]
    fn sets_of_different_parts_and_runs_are_different_draws() {
        let mut drawn: Vec<[bool; BITS]> = Vec::new();
        draw("decoding.stimuli=independent", |stimuli, networks| {
            let (first, second) = (&networks[0], &networks[2]);
            assert_eq!((first.run, second.run), (0, 1));
            for network in [first, second] {
                for set in [
                    stimuli.train(network),
                    stimuli.evaluation(network),
                    stimuli.use_of(BinaryFeature::Easy, network),
                    stimuli.use_of(BinaryFeature::Hard, network),
                    stimuli.decoding("decoding_train", 512, network),
                    stimuli.decoding("decoding_test", 512, network),
                ] {
                    drawn.extend(set.unwrap().0.iter().map(|stimulus| stimulus.bits));
                }
            }
        });
        assert_eq!(drawn.len(), 2 * (256 + 5 * 512));
        // there are 2^32 stimuli: none is drawn twice
        let distinct: HashSet<&[bool; BITS]> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
    }

    #[test]
    fn bits_are_counted_from_1() {
        // each stimulus has one bit, the first the first
        let of_one = |number: usize| BinaryStimulus {
            label: false,
            easy: false,
            hard: false,
            bits: std::array::from_fn(|bit| bit == number),
        };
        let set = StimulusSet((0..BITS).map(of_one).collect());
        for bit in 1..=BITS {
            let has = |number: usize| u32::from(number == bit);
            let expected: Vec<u32> = (1..=BITS).map(has).collect();
            assert_eq!(set.bit(bit), expected, "{bit}");
        }
        assert!(set.bit(0).is_empty() && set.bit(BITS + 1).is_empty());
    }
}
