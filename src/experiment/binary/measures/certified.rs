//! The crate's own logistic probe beside the decoders trained by Adam.

use layerprobe_probes::{
    CheckedProbeParams, ProbeError, ProbeKeys, ProbeParams, Scaling, probe_layer,
};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;

use super::decoding::{DecodedSet, FEATURES, protocol};
use crate::config::BinaryConfig;
use crate::experiment::ExperimentError;
use crate::results::rows_of_outcome;

/// Probes whose penalty is chosen on a fifth of the training stimuli and whose
/// every fit is proven.
pub(super) struct Certified {
    params: CheckedProbeParams,
    protocol: String,
}

impl Certified {
    /// With the clean protocol's usual parameters, but for the scaling: every unit
    /// is divided by its deviation.
    pub fn new(config: &BinaryConfig) -> Result<Self, ExperimentError> {
        let params = ProbeParams {
            scaling: Scaling::Standard,
            ..ProbeParams::default()
        };
        let params = params.check();
        Ok(Self {
            params: params.map_err(ExperimentError::ProbeParams)?,
            protocol: protocol(config, "logistic"),
        })
    }

    /// Probes of both features on a layer.
    pub fn rows(
        &self,
        here: &ResultRow,
        set: &DecodedSet,
        values: &[f32],
        key: StreamKey,
    ) -> Result<Vec<ResultRow>, ExperimentError> {
        let here = ResultRow {
            protocol: self.protocol.clone(),
            ..here.clone()
        };
        let keys = ProbeKeys {
            selection: key.derive("selection"),
            bootstrap: key.derive("bootstrap"),
        };
        let (data, tasks) = (set.layer(values)?, set.tasks(FEATURES.len()));
        let found = probe_layer(&here.layer, &data, set.train(), &tasks, &self.params, &keys)
            .map_err(|source| failed(&here, source))?;
        Ok(found
            .iter()
            .flat_map(|outcome| rows_of_outcome(&here, outcome))
            .collect())
    }
}

/// A probe that could not be fitted.
pub(super) fn failed(here: &ResultRow, source: ProbeError) -> ExperimentError {
    ExperimentError::Probe {
        condition: here.condition.clone(),
        step: here.step.unwrap_or_default(),
        source,
    }
}
