//! What a configuration asks of the probes.

use layerprobe_probes::{CheckedProbeParams, Extras, Instance, ProbeParams, Repeats, RidgeTask};

use super::ProbeSet;
use crate::config::{Config, Probes};
use crate::experiment::error::ExperimentError;

impl ProbeSet {
    /// What is measured beside each accuracy of a checkpoint; the costly parts
    /// at either end of training only. `ridge` are the [`Self::properties`].
    pub fn extras<'a>(
        &self,
        config: &Config,
        at_an_end: bool,
        ridge: &'a [RidgeTask<'_>],
    ) -> Extras<'a> {
        let Probes {
            v_information,
            seen_values,
            controls,
            code_orders,
            permutations,
            nonlinear_seeds,
            ..
        } = &config.probes;
        Extras {
            log_probabilities: config.probes.predictions.at(at_an_end),
            by_cross_entropy: v_information.at(at_an_end),
            seen_values: seen_values.then_some(self.seen_values),
            instance: (*controls > 0).then_some(Instance {
                key: self.instance,
                labelings: *controls,
            }),
            code: at_an_end.then_some(Repeats {
                key: self.code,
                count: *code_orders,
            }),
            permutations: at_an_end.then_some(Repeats {
                key: self.permutations,
                count: *permutations,
            }),
            strata: None,
            nonlinear: at_an_end.then_some(Repeats {
                key: self.nonlinear,
                count: *nonlinear_seeds,
            }),
            ridge,
        }
    }
}

/// The probe crate's parameters from a configuration.
///
/// # Errors
/// If a value cannot be worked with.
pub fn params(config: &Config) -> Result<CheckedProbeParams, ExperimentError> {
    let Probes {
        penalties,
        scaling,
        selection_fraction,
        solver,
        max_iterations,
        resamples,
        ..
    } = &config.probes;
    let params = ProbeParams {
        penalties: penalties.clone(),
        scaling: *scaling,
        selection_fraction: *selection_fraction,
        solver: *solver,
        max_iterations: *max_iterations,
        resamples: *resamples,
        ..ProbeParams::default()
    };
    params.check().map_err(ExperimentError::ProbeParams)
}
