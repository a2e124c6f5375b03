//! The stimuli, labels and streams of a hold-out version's probes.

use layerprobe_generators::StimulusSet;
use layerprobe_probes::ProbeKeys;

use super::{ProbeSet, ProbedFeature, ProbedProperty};
use crate::config::Probes;
use crate::experiment::design::held_out::HeldOut;
use crate::experiment::design::stimuli::Version;
use crate::experiment::design::streams::Streams;

/// The label of a stimulus that a probe never looks at.
const NO_CLASS: u32 = u32::MAX;

impl ProbeSet {
    /// The training stimuli and each feature's validation stimuli, each
    /// stimulus once.
    pub fn new(
        set: &dyn StimulusSet,
        version: &Version,
        probes: &Probes,
        streams: &Streams,
    ) -> Self {
        let features = &probes.features;
        let chosen: Vec<(usize, &String)> = features
            .iter()
            .filter_map(|name| Some((set.features().iter().position(|f| f.name == name)?, name)))
            .collect();
        let mut stimuli = version.split.train.clone();
        for (feature, _) in &chosen {
            stimuli.extend(version.split.validation.get(*feature).into_iter().flatten());
        }
        stimuli.sort_unstable();
        stimuli.dedup();
        let rows = |indices: &[usize]| -> Vec<usize> {
            indices
                .iter()
                .filter_map(|index| stimuli.binary_search(index).ok())
                .collect()
        };
        let train = rows(&version.split.train);
        Self {
            groups: stimuli
                .iter()
                .map(|index| set.combination(*index) as u32)
                .collect(),
            properties: probes
                .ridge
                .iter()
                .filter_map(|name| property(set, &stimuli, name))
                .collect(),
            tested: (0..stimuli.len())
                .filter(|row| train.binary_search(row).is_err())
                .collect(),
            train,
            features: chosen
                .iter()
                .map(|&(feature, name)| ProbedFeature {
                    name: name.clone(),
                    values: version
                        .hold_outs
                        .kept(feature)
                        .iter()
                        .filter_map(|&value| {
                            set.features().get(feature)?.values.get(value).cloned()
                        })
                        .collect(),
                    labels: stimuli
                        .iter()
                        .map(|index| {
                            let value = set.labels(*index).get(feature).copied();
                            value
                                .and_then(|value| version.class(feature, value))
                                .unwrap_or(NO_CLASS)
                        })
                        .collect(),
                    test: rows(
                        version
                            .split
                            .validation
                            .get(feature)
                            .map_or(&[][..], Vec::as_slice),
                    ),
                })
                .collect(),
            keys: ProbeKeys {
                selection: streams.selection(version.number),
                bootstrap: streams.bootstrap(version.number),
            },
            seen_values: streams.seen_values(version.number),
            instance: streams.instance(version.number),
            code: streams.code(version.number),
            permutations: streams.permutations(version.number),
            held_out: HeldOut::of_version(set, version, &stimuli),
            by_value: streams.by_value(version.number),
            nonlinear: streams.nonlinear(version.number),
            projection: streams.projection(),
            stimuli,
        }
    }
}

/// A property's values for stimuli, if the set has the property.
fn property(set: &dyn StimulusSet, stimuli: &[usize], name: &str) -> Option<ProbedProperty> {
    let place = set.properties().iter().position(|known| *known == name)?;
    let value = |index: &usize| set.property_values(*index).get(place).copied();
    Some(ProbedProperty {
        name: name.to_owned(),
        values: stimuli.iter().map(value).collect::<Option<_>>()?,
        period: set.property_period(name),
    })
}
