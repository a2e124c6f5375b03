use layerprobe_streams::StreamKey;

use crate::models::{ImageBatch, Mode, ModelError, Network, Workspace};
use crate::nn::optimizers::{CheckedOptimizerParams, LearningRate, Optimizer};
use crate::nn::{argmax, cross_entropy};

/// Takes training steps: an optimizer and the memory it works in.
#[derive(Debug)]
pub struct Trainer {
    pub(crate) optimizer: Optimizer,
    rate: LearningRate,
    dropout: StreamKey,
    gradients: Vec<Vec<f32>>,
    workspace: Workspace,
}

/// What a step saw before it changed the weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// Mean cross-entropy of the batch, in nats.
    pub loss: f64,
    /// How many images were classified right.
    pub correct: usize,
}

impl Trainer {
    /// A trainer at its start. What dropout leaves out at step `t` is drawn
    /// from `dropout.derive(t)`.
    pub fn new(
        network: &Network,
        optimizer: CheckedOptimizerParams,
        rate: LearningRate,
        dropout: StreamKey,
    ) -> Self {
        let gradients: Vec<Vec<f32>> = network
            .parameters()
            .iter()
            .map(|parameter| vec![0.0; parameter.values.len()])
            .collect();
        Self {
            optimizer: Optimizer::new(optimizer, gradients.iter().map(Vec::len)),
            rate,
            dropout,
            gradients,
            workspace: Workspace::default(),
        }
    }

    /// One step: forward, loss, backward, optimizer.
    ///
    /// # Errors
    /// If the images have another size than the network's.
    ///
    /// # Panics
    /// If there is not one label for each image, each below the number of
    /// classes, or `network` is another than the trainer's.
    pub fn step(
        &mut self,
        network: &mut Network,
        batch: &ImageBatch,
        labels: &[u32],
    ) -> Result<StepResult, ModelError> {
        let result = self.gradients(network, batch, labels)?;
        network.keep_statistics(&self.workspace);
        let parameters = network
            .parameters_mut()
            .iter_mut()
            .map(|parameter| parameter.values.as_mut_slice());
        let rate = self.rate.at(self.optimizer.steps());
        self.optimizer.step(parameters, &self.gradients, rate);
        Ok(result)
    }

    /// Forward, loss, backward.
    fn gradients(
        &mut self,
        network: &Network,
        batch: &ImageBatch,
        labels: &[u32],
    ) -> Result<StepResult, ModelError> {
        network.check_batch(batch)?;
        assert_eq!(labels.len(), batch.len(), "a label for each image");
        let classes = network.classes();
        let dropout = self.dropout.derive(&self.optimizer.steps().to_string());
        network.forward(&mut self.workspace, batch, Mode::Training(dropout));
        let (logits, slopes) = network.logits_and_gradient(&mut self.workspace, batch.len());
        let loss = cross_entropy(logits, labels, classes, slopes);
        let correct = count_correct(logits, labels, classes);
        network.backward(&mut self.workspace, batch, &mut self.gradients);
        Ok(StepResult { loss, correct })
    }

    /// The mean loss of a batch and its gradient, a tensor for each parameter,
    /// without changing the network.
    ///
    /// # Errors
    /// If the images have another size than the network's.
    ///
    /// # Panics
    /// As [`step`](Self::step).
    pub fn loss_and_gradients(
        &mut self,
        network: &Network,
        batch: &ImageBatch,
        labels: &[u32],
    ) -> Result<(f64, &[Vec<f32>]), ModelError> {
        let result = self.gradients(network, batch, labels)?;
        Ok((result.loss, &self.gradients))
    }
}

/// How many rows have their largest logit at their label.
pub(super) fn count_correct(logits: &[f32], labels: &[u32], classes: usize) -> usize {
    logits
        .chunks_exact(classes)
        .zip(labels)
        .filter(|(row, label)| argmax(row) == **label as usize)
        .count()
}
