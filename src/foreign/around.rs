use layerprobe_probes::{Extras, Instance, Repeats};
use layerprobe_streams::StreamKey;

use super::Strata;

/// What is measured beside each accuracy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Labelings of a control task for each feature; 0 for none.
    pub controls: usize,
    /// Permutations of the labels; 0 for none.
    pub permutations: usize,
    /// V-information in bits.
    pub v_information: bool,
    /// Orders in which labels are coded; 0 for none.
    pub code_orders: usize,
}

impl Around {
    /// The same for the probes crate, with the draws of a seed. With
    /// `log_probabilities` predictions keep those of all classes; permutations stay
    /// within `strata`.
    pub fn extras<'a>(
        &self,
        key: StreamKey,
        log_probabilities: bool,
        strata: Option<&'a Strata>,
    ) -> Extras<'a> {
        let repeats = |name: &str, count: usize| {
            let key = key.derive(name);
            (count > 0).then_some(Repeats { key, count })
        };
        Extras {
            log_probabilities,
            by_cross_entropy: self.v_information,
            instance: (self.controls > 0).then_some(Instance {
                key: key.derive("probe/instance"),
                labelings: self.controls,
            }),
            code: repeats("probe/code", self.code_orders),
            permutations: repeats("probe/permutations", self.permutations),
            strata: strata.map(|strata| strata.of.as_slice()),
            ..Extras::default()
        }
    }
}
