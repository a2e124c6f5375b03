//! Decoders of features and input bits from hidden layers.

use std::ops::ControlFlow;

use layerprobe_generators::binary::BinaryFeature;
use layerprobe_probes::{
    CheckedFullBatch, FullBatch, LayerData, ProbeError, ProbeTask, Selection, train_full_batch,
};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;
use ndarray::ArrayView2;

use crate::config::{BinaryConfig, BinaryTarget};
use crate::experiment::ExperimentError;
use crate::experiment::binary::rows::{PROTOCOL, row_of_share};
use crate::experiment::binary::stimuli::StimulusSet;
use crate::nn::Perceptron;

/// Stimuli that decoders are trained on, then those they are tested on.
pub(super) struct DecodedSet {
    stimuli: StimulusSet,
    train: Vec<usize>,
    test: Vec<usize>,
    groups: Vec<u32>,
    features: Vec<(String, Vec<u32>)>,
}

impl DecodedSet {
    /// Two draws, with the labels of both features and of these input bits.
    pub fn new(train: StimulusSet, test: StimulusSet, bits: &[usize]) -> Self {
        let n = train.len();
        let stimuli = train.and(test);
        let all = stimuli.len();
        let mut features: Vec<(String, Vec<u32>)> = FEATURES
            .iter()
            .map(|feature| (feature.name().to_owned(), stimuli.feature(*feature)))
            .collect();
        let bits = bits.iter();
        features.extend(bits.map(|&bit| (format!("bit{bit}"), stimuli.bit(bit))));
        Self {
            stimuli,
            train: (0..n).collect(),
            test: (n..all).collect(),
            groups: (0..all as u32).collect(),
            features,
        }
    }

    /// What a network makes of the stimuli: its hidden layers, one after the
    /// other, a row a stimulus.
    ///
    /// # Errors
    /// If the network has another number of inputs.
    pub fn hidden(&self, network: &Perceptron<f32>) -> Result<Vec<Vec<f32>>, ExperimentError> {
        let target = match network.spec().outputs {
            1 => BinaryTarget::Label,
            _ => BinaryTarget::Multi,
        };
        let mut batch = self.stimuli.batch(network.spec(), target)?;
        network.forward(&mut batch);
        let layers = 0..network.spec().hidden.len();
        Ok(layers.map(|layer| batch.hidden(layer)).collect())
    }

    /// A layer's activations, as probes take them.
    pub fn layer<'a>(&'a self, values: &'a [f32]) -> Result<LayerData<'a>, ExperimentError> {
        let rows = self.stimuli.len();
        let activations = ArrayView2::from_shape((rows, values.len() / rows), values);
        let activations = activations.map_err(|error| ExperimentError::Damaged {
            path: "activations".into(),
            problem: error.to_string(),
        })?;
        Ok(LayerData {
            activations,
            groups: &self.groups,
            selection: Selection::Drawn,
            channels: None,
        })
    }

    /// Number of stimuli.
    pub fn len(&self) -> usize {
        self.stimuli.len()
    }

    /// The rows trained on.
    pub fn train(&self) -> &[usize] {
        &self.train
    }

    /// The first so many of features and bits, to be decoded.
    pub fn tasks(&self, count: usize) -> Vec<ProbeTask<'_>> {
        let features = self.features.iter().take(count);
        features
            .map(|(feature, labels)| ProbeTask {
                feature,
                classes: 2,
                labels,
                test: &self.test,
            })
            .collect()
    }

    /// Number of features and bits.
    pub fn count(&self) -> usize {
        self.features.len()
    }
}

/// The features, in order.
pub(super) const FEATURES: [BinaryFeature; 2] = [BinaryFeature::Easy, BinaryFeature::Hard];

/// A decoder and what its rows say of it.
pub(super) struct Decoder {
    checked: CheckedFullBatch,
    epochs: usize,
    rate: f64,
    probe: &'static str,
    protocol: String,
}

impl Decoder {
    /// The linear one of a configuration.
    pub fn linear(config: &BinaryConfig) -> Result<Self, ExperimentError> {
        Self::new(config, false)
    }

    /// The one with a hidden layer, if there is one.
    pub fn nonlinear(config: &BinaryConfig) -> Result<Option<Self>, ExperimentError> {
        match config.decoding.nonlinear_epochs {
            0 => Ok(None),
            _ => Self::new(config, true).map(Some),
        }
    }

    fn new(config: &BinaryConfig, hidden: bool) -> Result<Self, ExperimentError> {
        let decoding = &config.decoding;
        let (epochs, probe) = match hidden {
            true => (decoding.nonlinear_epochs, "mlp64"),
            false => (decoding.epochs, "linear"),
        };
        let params = FullBatch {
            hidden,
            learning_rate: decoding.learning_rate,
            epochs,
        };
        Ok(Self {
            checked: params.check().map_err(ExperimentError::ProbeParams)?,
            epochs,
            rate: decoding.learning_rate,
            probe,
            protocol: protocol(config, "adam"),
        })
    }

    /// Decodes the tasks from a layer; nothing if `go_on` breaks. `here` says
    /// which layer of which network.
    pub fn rows(
        &self,
        here: &ResultRow,
        data: &LayerData<'_>,
        train: &[usize],
        tasks: &[ProbeTask<'_>],
        key: StreamKey,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), Vec<ResultRow>>, ProbeError> {
        let key = key.derive(self.probe);
        let decoder = &self.checked;
        let found = train_full_batch(&here.layer, data, train, tasks, decoder, key, go_on)?;
        let ControlFlow::Continue(found) = found else {
            return Ok(ControlFlow::Break(()));
        };
        let rows = found.into_iter().map(|decoded| {
            let row = ResultRow {
                feature: decoded.feature,
                probe: self.probe.to_owned(),
                protocol: self.protocol.clone(),
                n_train: Some(decoded.n_train as u64),
                iterations: Some(self.epochs as u64),
                status: "fixed_budget".to_owned(),
                learning_rate: Some(self.rate),
                weight_decay: Some(0.0),
                ..here.clone()
            };
            row_of_share(row, "accuracy", decoded.right as usize, decoded.n_test)
        });
        Ok(ControlFlow::Continue(rows.collect()))
    }
}

/// The name of a way to decode.
pub(in crate::experiment::binary) fn protocol(config: &BinaryConfig, how: &str) -> String {
    format!(
        "{PROTOCOL} {how} stimuli={}",
        config.decoding.stimuli.as_str()
    )
}
