//! What the probes of one hold-out version see.

use std::ops::ControlFlow;

use layerprobe_generators::StimulusSet;
use layerprobe_probes::{
    ActivationBlocks, CheckedAdamGrid, CheckedProbeParams, Extras, FeatureCurves, Instance,
    LayerData, LayerOutcome, ProbeError, ProbeKeys, ProbeParams, ProbeTask, Repeats, RidgeTask,
    Selection, StreamedLayer, View, Viewed, measure_layer, measure_streamed, train_grid,
};
use layerprobe_streams::StreamKey;
use ndarray::ArrayView2;

use crate::config::{Config, Probes};

use crate::experiment::design::held_out::HeldOut;
use crate::experiment::design::stimuli::{Rendered, Version};
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;

/// The label of a stimulus that a probe never looks at.
const NO_CLASS: u32 = u32::MAX;

/// What the probes of one hold-out version see: the same stimuli for every
/// checkpoint and layer.
#[derive(Debug)]
pub struct ProbeSet {
    /// The stimulus behind each row of activations.
    pub stimuli: Vec<usize>,
    /// The held-out values of every feature, probed or not.
    pub held_out: Vec<HeldOut>,
    /// Resamples test stimuli that share a held-out value.
    pub by_value: StreamKey,
    groups: Vec<u32>,
    train: Vec<usize>,
    features: Vec<ProbedFeature>,
    properties: Vec<ProbedProperty>,
    /// All rows that some feature is tested on: those of every property.
    tested: Vec<usize>,
    keys: ProbeKeys,
    seen_values: StreamKey,
    instance: StreamKey,
    code: StreamKey,
    permutations: StreamKey,
    nonlinear: StreamKey,
    projection: StreamKey,
}

#[derive(Debug)]
struct ProbedFeature {
    name: String,
    /// The values behind the classes.
    values: Vec<String>,
    labels: Vec<u32>,
    test: Vec<usize>,
}

#[derive(Debug)]
struct ProbedProperty {
    name: String,
    values: Vec<f64>,
    period: Option<f64>,
}

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

    /// The probed features, each with the values behind its classes.
    pub fn features(&self) -> impl Iterator<Item = (&str, &[String])> {
        let features = self.features.iter();
        features.map(|feature| (feature.name.as_str(), feature.values.as_slice()))
    }

    /// The values behind a probed feature's classes.
    pub fn values(&self, feature: &str) -> &[String] {
        let found = self.features.iter().find(|f| f.name == feature);
        found.map_or(&[], |f| &f.values)
    }

    /// The combination that a row belongs to.
    pub fn group(&self, row: usize) -> u32 {
        self.groups.get(row).copied().unwrap_or_default()
    }

    /// Stimuli that train the probes.
    pub fn n_train(&self) -> usize {
        self.train.len()
    }

    /// Classes of each feature.
    pub fn classes(&self) -> Vec<usize> {
        self.features.iter().map(|f| f.values.len()).collect()
    }

    /// Where the stimuli's images are.
    pub fn positions(&self, images: &Rendered) -> Vec<usize> {
        let position = |stimulus: &usize| images.position(*stimulus);
        self.stimuli.iter().map(position).collect()
    }

    /// The same with its rows in another order: the training set first, then
    /// by the features they test, so that each feature's test is a few runs
    /// of neighbors.
    pub fn by_test(mut self) -> Self {
        let mut tested_by = vec![0usize; self.stimuli.len()];
        for (feature, number) in self.features.iter().zip(0..) {
            for &row in &feature.test {
                tested_by[row] |= 1 << number;
            }
        }
        // neighbors in Gray's order differ in one feature
        let place = |set: usize| (0..usize::BITS).fold(0, |place, bits| place ^ (set >> bits));
        let mut order: Vec<usize> = (0..self.stimuli.len()).collect();
        order.sort_by_key(|&row| place(tested_by[row]));
        let mut now = vec![0; order.len()];
        for (place, &row) in order.iter().enumerate() {
            now[row] = place;
        }
        let moved = |rows: &[usize]| -> Vec<usize> {
            let mut moved: Vec<usize> = rows.iter().map(|&row| now[row]).collect();
            moved.sort_unstable();
            moved
        };
        self.train = moved(&self.train);
        for feature in &mut self.features {
            feature.test = moved(&feature.test);
            feature.labels = order.iter().map(|&row| feature.labels[row]).collect();
        }
        self.tested = moved(&self.tested);
        for property in &mut self.properties {
            property.values = order.iter().map(|&row| property.values[row]).collect();
        }
        for held in &mut self.held_out {
            held.of_row = order.iter().map(|&row| held.of_row[row]).collect();
        }
        self.groups = order.iter().map(|&row| self.groups[row]).collect();
        self.stimuli = order.iter().map(|&row| self.stimuli[row]).collect();
        self
    }

    /// Trains the paper's grid on one layer's activations.
    ///
    /// # Errors
    /// If the activations or labels cannot be probed.
    pub fn train_grid<'a>(
        &'a self,
        layer: &str,
        activations: ArrayView2<'a, f32>,
        grid: &CheckedAdamGrid,
        key: StreamKey,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), Vec<FeatureCurves>>, ProbeError> {
        let data = self.data(activations, None);
        let (train, tasks) = (&self.train, self.tasks());
        train_grid(layer, &data, train, &tasks, grid, key, progress)
    }

    fn data<'a>(
        &'a self,
        activations: ArrayView2<'a, f32>,
        channels: Option<usize>,
    ) -> LayerData<'a> {
        LayerData {
            activations,
            groups: &self.groups,
            selection: Selection::Drawn,
            channels,
        }
    }

    fn tasks(&self) -> Vec<ProbeTask<'_>> {
        self.features
            .iter()
            .map(|feature| ProbeTask {
                feature: &feature.name,
                classes: feature.values.len(),
                labels: &feature.labels,
                test: &feature.test,
            })
            .collect()
    }

    /// The properties that ridge probes decode.
    pub fn properties(&self) -> Vec<RidgeTask<'_>> {
        self.properties
            .iter()
            .map(|property| RidgeTask {
                property: &property.name,
                values: &property.values,
                period: property.period,
                test: &self.tested,
            })
            .collect()
    }

    /// Probes a view of one layer's activations (a row for each stimulus) for
    /// every feature, with what `extras` asks for; returns the number of
    /// dimensions, too. Convolutional layers have channels.
    ///
    /// # Errors
    /// If the activations or labels cannot be probed.
    pub fn probe(
        &self,
        (layer, channels, view): (&str, Option<usize>, View),
        activations: ArrayView2<'_, f32>,
        params: &CheckedProbeParams,
        extras: &Extras<'_>,
    ) -> Result<(usize, LayerOutcome), ProbeError> {
        let (key, scaling) = (self.projection.derive(layer), params.scaling());
        match view.show(layer, activations, channels, &self.train, scaling, key)? {
            Viewed::Whole => self.measure((layer, channels), activations, params, extras),
            Viewed::Shown { values, scaling } => {
                let params = params.with_scaling(scaling);
                self.measure((layer, None), values.view(), &params, extras)
            }
        }
    }

    /// [`ProbeSet::probe`] of activations on disk.
    ///
    /// # Errors
    /// As [`ProbeSet::probe`].
    pub fn probe_streamed(
        &self,
        (layer, channels, view): (&str, Option<usize>, View),
        activations: &dyn ActivationBlocks,
        params: &CheckedProbeParams,
        extras: &Extras<'_>,
    ) -> Result<(usize, LayerOutcome), ProbeError> {
        let (train, keys) = (&self.train, &self.keys);
        let (key, scaling) = (self.projection.derive(layer), params.scaling());
        if let Viewed::Shown { values, scaling } =
            view.show_streamed(layer, activations, channels, train, scaling, key)?
        {
            let params = params.with_scaling(scaling);
            return self.measure((layer, None), values.view(), &params, extras);
        }
        let data = StreamedLayer {
            activations,
            groups: &self.groups,
            selection: Selection::Drawn,
            channels,
        };
        let found = measure_streamed(layer, &data, train, &self.tasks(), params, keys, extras)?;
        Ok((activations.shape().1, found))
    }

    fn measure(
        &self,
        (layer, channels): (&str, Option<usize>),
        activations: ArrayView2<'_, f32>,
        params: &CheckedProbeParams,
        extras: &Extras<'_>,
    ) -> Result<(usize, LayerOutcome), ProbeError> {
        let data = self.data(activations.reborrow(), channels);
        let (train, keys) = (&self.train, &self.keys);
        let found = measure_layer(layer, &data, train, &self.tasks(), params, keys, extras)?;
        Ok((activations.ncols(), found))
    }

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
