//! The stimuli that a network is measured on.

use super::decoding::{DecodedSet, FEATURES};
use super::feature_use::UseSets;
use crate::experiment::ExperimentError;
use crate::experiment::binary::plan::BinaryCondition;
use crate::experiment::binary::stimuli::Stimuli;

/// The stimuli that one network is measured on.
pub(super) struct Sets {
    pub used: UseSets,
    pub decoded: DecodedSet,
    /// For nonlinear decoders.
    pub many: Option<DecodedSet>,
}

impl Sets {
    /// Those of a network.
    ///
    /// # Errors
    /// If they cannot be drawn.
    pub fn of(stimuli: &Stimuli<'_>, condition: &BinaryCondition) -> Result<Self, ExperimentError> {
        let config = stimuli.config;
        let of_feature = |feature| Ok((feature, stimuli.use_of(feature, condition)?));
        let [easy, hard] = FEATURES;
        let decoding = |part: &str, count| stimuli.decoding(part, count, condition);
        let (bits, test) = (&config.decoding.bits, config.stimuli.test);
        let decoded = DecodedSet::new(
            decoding("decoding_train", test)?,
            decoding("decoding_test", test)?,
            bits,
        );
        let nonlinear =
            config.decoding.nonlinear_epochs > 0 && condition.run < config.decoding.nonlinear_runs;
        let many = match nonlinear {
            false => None,
            true => Some(DecodedSet::new(
                decoding("nonlinear_train", config.decoding.nonlinear_train)?,
                decoding("decoding_test", test)?,
                &[],
            )),
        };
        Ok(Self {
            used: UseSets {
                evaluation: stimuli.evaluation(condition)?,
                of_feature: [
                    of_feature(easy).map_err(ExperimentError::Generator)?,
                    of_feature(hard).map_err(ExperimentError::Generator)?,
                ],
            },
            decoded,
            many,
        })
    }
}
