use layerprobe_streams::StreamKey;

use super::EasyRule;
use super::rule::hard;
use crate::GeneratorError;

/// Bits of a stimulus.
pub const BITS: usize = 32;

/// Bits of each feature's domain: the first 16 carry the easy feature, the
/// others the hard one.
pub const DOMAIN: usize = 16;

/// Which of the two features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryFeature {
    /// Of the first domain; one linear layer reads it.
    Easy,
    /// Of the second domain: XOR of its first two bits, not correlated with any
    /// bit.
    Hard,
}

impl BinaryFeature {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Hard => "hard",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Easy => Self::Hard,
            Self::Hard => Self::Easy,
        }
    }
}

/// The binary-features data of Hermann & Lampinen 2020, appendix B.3, not checked
/// yet: 32 bits, and two features that predict a label, each with its own
/// probability.
///
/// ```
/// use layerprobe_generators::binary::{BinaryFeature, BinaryParams};
/// use layerprobe_streams::StreamKey;
///
/// let key = StreamKey::from_seed(0).derive("data/binary");
/// let params = BinaryParams { easy_predictivity: 0.65, ..BinaryParams::default() };
/// let train = params.check(256, key.derive("train"))?;
/// let stimulus = train.stimulus(17);
/// assert_eq!(stimulus.easy, stimulus.bits[0]);
/// assert_eq!(stimulus.hard, stimulus.bits[16] != stimulus.bits[17]);
///
/// // does a network use the hard feature? The easy one tells nothing here:
/// let without_easy = params.unpredictive(BinaryFeature::Easy);
/// assert_eq!(without_easy.easy_predictivity, 0.5);
/// let test = without_easy.check(512, key.derive("use/hard"))?;
/// assert_eq!(test.len(), 512);
/// # Ok::<(), layerprobe_generators::GeneratorError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryParams {
    /// What the easy feature is of its bits.
    pub easy_rule: EasyRule,
    /// The probability that the easy feature equals the label, from 0.5 (it tells
    /// nothing) to 1.
    pub easy_predictivity: f64,
    /// The same of the hard feature.
    pub hard_predictivity: f64,
}

impl Default for BinaryParams {
    fn default() -> Self {
        Self {
            easy_rule: EasyRule::default(),
            easy_predictivity: 0.5,
            hard_predictivity: 0.9,
        }
    }
}

impl BinaryParams {
    /// The same with a feature that tells nothing of the label: what a network
    /// still gets right uses the other feature.
    pub fn unpredictive(mut self, feature: BinaryFeature) -> Self {
        match feature {
            BinaryFeature::Easy => self.easy_predictivity = 0.5,
            BinaryFeature::Hard => self.hard_predictivity = 0.5,
        }
        self
    }

    /// `count` stimuli drawn from `key`; independent sets want keys of their own.
    ///
    /// # Errors
    /// If a predictivity is not between 0.5 and 1, or there are no stimuli.
    pub fn check(self, count: usize, key: StreamKey) -> Result<Binary, GeneratorError> {
        for (what, value) in [
            ("easy_predictivity", self.easy_predictivity),
            ("hard_predictivity", self.hard_predictivity),
        ] {
            if !(0.5..=1.0).contains(&value) {
                return Err(GeneratorError::LabelPredictivity { what, value });
            }
        }
        if count == 0 {
            return Err(GeneratorError::OutOfRange {
                what: "count",
                value: 0,
                least: 1,
                most: usize::MAX,
                why: "a set without stimuli shows nothing",
            });
        }
        Ok(Binary {
            params: self,
            count,
            easy: Domain::new(key, BinaryFeature::Easy),
            hard: Domain::new(key, BinaryFeature::Hard),
        })
    }
}

/// One stimulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinaryStimulus {
    /// What a network is trained to say.
    pub label: bool,
    /// The easy feature.
    pub easy: bool,
    /// The hard feature.
    pub hard: bool,
    /// The input: the easy domain, then the hard one.
    pub bits: [bool; BITS],
}

/// A checked set; stimuli are made when they are asked for.
///
/// Every second stimulus has the label 1. In each domain the feature is the
/// label, flipped with probability `1 - predictivity`, and the 16 bits are
/// uniform among those with that feature. A stimulus depends on rule,
/// predictivities, key and its number alone, not on how many there are.
#[derive(Clone, Copy, Debug)]
pub struct Binary {
    params: BinaryParams,
    count: usize,
    easy: Domain,
    hard: Domain,
}

/// The streams of one domain.
#[derive(Clone, Copy, Debug)]
struct Domain {
    flips: StreamKey,
    bits: StreamKey,
}

impl Domain {
    fn new(key: StreamKey, feature: BinaryFeature) -> Self {
        let of_domain = key.derive(feature.name());
        Self {
            flips: of_domain.derive("flip"),
            bits: of_domain.derive("bits"),
        }
    }

    /// The feature and the bits of a stimulus.
    fn draw(
        &self,
        index: u64,
        label: bool,
        predictivity: f64,
        rule: impl Fn(u16) -> bool,
    ) -> (bool, u16) {
        let flipped = self.flips.at(index).bernoulli(1.0 - predictivity);
        let feature = label != flipped;
        let mut stream = self.bits.at(index);
        loop {
            // uniform among those with the feature: others are drawn again
            let bits = stream.below(1 << DOMAIN) as u16;
            if rule(bits) == feature {
                return (feature, bits);
            }
        }
    }
}

impl Binary {
    /// What was asked for.
    pub fn params(&self) -> &BinaryParams {
        &self.params
    }

    /// The number of stimuli.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none: never.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The stimulus of a number.
    pub fn stimulus(&self, index: usize) -> BinaryStimulus {
        let label = !index.is_multiple_of(2);
        let number = index as u64;
        let params = &self.params;
        let easy_rule = |bits| params.easy_rule.of(bits);
        let easy = self
            .easy
            .draw(number, label, params.easy_predictivity, easy_rule);
        let hard = self
            .hard
            .draw(number, label, params.hard_predictivity, hard);
        let all = u32::from(easy.1) | u32::from(hard.1) << DOMAIN;
        let mut bits = [false; BITS];
        for (place, bit) in bits.iter_mut().enumerate() {
            *bit = all >> place & 1 == 1;
        }
        BinaryStimulus {
            label,
            easy: easy.0,
            hard: hard.0,
            bits,
        }
    }

    /// All stimuli, in order.
    pub fn stimuli(&self) -> impl ExactSizeIterator<Item = BinaryStimulus> + '_ {
        (0..self.count).map(|index| self.stimulus(index))
    }
}
