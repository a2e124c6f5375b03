use super::trainer::count_correct;
use super::{Batches, Examples, TrainingError};
use crate::models::{Network, Workspace};
use crate::nn::cross_entropy;

/// How well a network does on some examples, in eval mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// Fraction classified right.
    pub accuracy: f64,
}

/// Measures loss and accuracy.
///
/// # Errors
/// If the images have another size than the network's.
///
/// # Panics
/// If an example's label is not below the network's number of classes, or
/// `batch_size` is 0.
pub fn evaluate(
    network: &Network,
    workspace: &mut Workspace,
    batches: &Batches<'_>,
    examples: &Examples,
    batch_size: usize,
) -> Result<Evaluation, TrainingError> {
    let classes = network.classes();
    let (mut loss, mut correct) = (0.0, 0);
    let mut slopes = Vec::new();
    batches.for_each(examples.indices(), batch_size, |batch, start| {
        let labels = &examples.labels()[start..start + batch.len()];
        let logits = network.logits(workspace, batch)?;
        slopes.resize(logits.len(), 0.0);
        loss += cross_entropy(logits, labels, classes, &mut slopes) * labels.len() as f64;
        correct += count_correct(logits, labels, classes);
        Ok::<(), TrainingError>(())
    })?;
    let n = examples.len() as f64;
    Ok(Evaluation {
        loss: loss / n,
        accuracy: correct as f64 / n,
    })
}
