//! Small multilayer perceptrons trained on all their examples at once.
//!
//! A network of a few layers on a few hundred examples stays in a core's
//! caches, and what a step costs is what surrounds its products: allocations,
//! packing, calls. So a step here is one call without any: weights,
//! activations and slopes lie in panels as wide as two vectors, in the order
//! in which the products read them, and gradients never reach memory, since
//! each tile of them moves its weights as soon as it is summed.
//!
//! One thread computes one network; several networks take several threads.

mod batch;
mod head;
mod hidden;
mod panels;
mod spec;
mod step;
#[cfg(test)]
mod tests;

pub use batch::PerceptronBatch;
pub use spec::{PerceptronError, PerceptronSpec};

use head::Head;
use hidden::Hidden;

use super::Real;
use super::real::Processor;

/// A multilayer perceptron: linear layers with leaky ReLU between them, and
/// outputs that are each the log-odds of a binary target.
///
/// ```
/// use layerprobe::nn::{Perceptron, PerceptronBatch, PerceptronSpec};
///
/// // XOR of two bits
/// let spec = PerceptronSpec { inputs: 2, hidden: vec![16], outputs: 1, slope: 0.01 };
/// let parameters: Vec<Vec<f32>> = spec
///     .shapes()
///     .iter()
///     .map(|shape| (1..=shape.iter().product()).map(|i: usize| ((i * 37 % 23) as f32 - 11.0) / 11.0).collect())
///     .collect();
/// let mut network = Perceptron::new(&spec, &parameters)?;
/// let x = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
/// let mut batch = PerceptronBatch::new(&spec, &x, &[0.0, 1.0, 1.0, 0.0])?;
/// for _ in 0..2000 {
///     network.descend(&mut batch, 0.1);
/// }
/// network.forward(&mut batch);
/// assert!(batch.loss() < 0.1);
/// assert_eq!(batch.right(0), 4);
/// # Ok::<(), layerprobe::nn::PerceptronError>(())
/// ```
#[derive(Debug)]
pub struct Perceptron<T> {
    spec: PerceptronSpec,
    processor: Processor,
    hidden: Vec<Hidden<T>>,
    head: Head<T>,
}

impl<T: Real> Perceptron<T> {
    /// A network with these parameters: for each layer PyTorch's weight
    /// `[outputs, inputs]` in row order, then its bias.
    ///
    /// # Errors
    /// If the specification has no inputs or outputs, a layer of no width or a
    /// slope that is not above 0, or the parameters are not of its shapes.
    pub fn new(spec: &PerceptronSpec, parameters: &[Vec<T>]) -> Result<Self, PerceptronError> {
        Self::on(Processor::best(), spec, parameters)
    }

    /// As [`new`](Self::new), for a processor.
    pub(crate) fn on(
        processor: Processor,
        spec: &PerceptronSpec,
        parameters: &[Vec<T>],
    ) -> Result<Self, PerceptronError> {
        spec.check_parameters(parameters)?;
        let block = T::channel_block(processor);
        let mut given = parameters.chunks_exact(2);
        let mut inputs = spec.inputs;
        let mut hidden = Vec::with_capacity(spec.hidden.len());
        for (&width, pair) in spec.hidden.iter().zip(given.by_ref()) {
            if let [weight, bias] = pair {
                let first = hidden.is_empty();
                hidden.push(Hidden::new((inputs, width), weight, bias, block, first));
            }
            inputs = width;
        }
        let head = match given.next() {
            Some([weight, bias]) => Head::new((inputs, spec.outputs), weight, bias, block),
            _ => Head::new((inputs, spec.outputs), &[], &[], block),
        };
        Ok(Self {
            spec: spec.clone(),
            processor,
            hidden,
            head,
        })
    }

    /// What the network is.
    pub fn spec(&self) -> &PerceptronSpec {
        &self.spec
    }

    /// The parameters, as [`new`](Self::new) takes them.
    pub fn parameters(&self) -> Vec<Vec<T>> {
        let hidden = self.hidden.iter().flat_map(Hidden::parameters);
        hidden.chain(self.head.parameters()).collect()
    }

    /// The forward pass: fills the batch's hidden layers and logits.
    ///
    /// # Panics
    /// If the batch was made for another specification.
    pub fn forward(&self, batch: &mut PerceptronBatch<T>) {
        batch.check(&self.spec, self.processor);
        step::forward(self, batch);
    }

    /// One step of gradient descent along the whole batch: `p -= rate * dL/dp`
    /// with `L` the batch's [`loss`](PerceptronBatch::loss). Afterwards the
    /// batch holds what the forward pass gave before the step.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn descend(&mut self, batch: &mut PerceptronBatch<T>, rate: f64) {
        batch.check(&self.spec, self.processor);
        step::descend(self, batch, T::from_f64(rate));
    }
}
