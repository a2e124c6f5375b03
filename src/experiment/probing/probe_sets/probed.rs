//! A layer's activations, probed for every feature.

use std::ops::ControlFlow;

use layerprobe_probes::{
    ActivationBlocks, CheckedAdamGrid, CheckedProbeParams, Extras, FeatureCurves, LayerData,
    LayerOutcome, ProbeError, ProbeTask, RidgeTask, Selection, StreamedLayer, View, Viewed,
    measure_layer, measure_streamed, train_grid,
};
use layerprobe_streams::StreamKey;
use ndarray::ArrayView2;

use super::ProbeSet;

impl ProbeSet {
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
}
