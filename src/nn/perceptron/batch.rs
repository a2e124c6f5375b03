use super::panels::{pack, padded, unpack};
use super::{PerceptronError, PerceptronSpec};
use crate::nn::real::Processor;
use crate::nn::sizes::product;
use crate::nn::{Aligned, Real};

/// Rows of panels come in groups of so many.
pub(super) const ROWS: usize = 8;

/// Examples with their targets, and the memory that passes over them work in.
#[derive(Debug)]
pub struct PerceptronBatch<T> {
    spec: PerceptronSpec,
    processor: Processor,
    examples: usize,
    /// Examples with padding.
    pub(super) rows: usize,
    pub(super) targets: Vec<T>,
    /// Inputs, then the outputs of each hidden layer, in panels.
    pub(super) layers: Vec<Aligned<T>>,
    pub(super) logits: Vec<T>,
    /// Slopes of the loss: by the logits, and by the sums of a layer and of
    /// the one below.
    pub(super) of_logits: Vec<T>,
    pub(super) slopes: [Aligned<T>; 2],
}

impl<T: Real> PerceptronBatch<T> {
    /// Examples in rows of inputs, each with a row of targets from 0 to 1.
    ///
    /// # Errors
    /// If the specification cannot be, the numbers are no whole rows, or a
    /// target lies outside 0 to 1.
    pub fn new(
        spec: &PerceptronSpec,
        inputs: &[T],
        targets: &[T],
    ) -> Result<Self, PerceptronError> {
        Self::on(Processor::best(), spec, inputs, targets)
    }

    /// As [`new`](Self::new), for a processor.
    pub(crate) fn on(
        processor: Processor,
        spec: &PerceptronSpec,
        inputs: &[T],
        targets: &[T],
    ) -> Result<Self, PerceptronError> {
        spec.check()?;
        let examples = inputs.len() / spec.inputs;
        let whole = examples > 0
            && inputs.len() == examples * spec.inputs
            && Some(targets.len()) == examples.checked_mul(spec.outputs);
        if !whole {
            return Err(PerceptronError::Examples {
                inputs: inputs.len(),
                targets: targets.len(),
                per_example: spec.inputs,
                outputs: spec.outputs,
            });
        }
        let bad = |target: &T| !(0.0..=1.0).contains(&target.to_f64());
        if let Some(place) = targets.iter().position(bad) {
            return Err(PerceptronError::Target {
                value: targets[place].to_f64(),
                place,
            });
        }
        let block = T::channel_block(processor);
        let rows = examples.next_multiple_of(ROWS);
        let mut layers = vec![pack(inputs, spec.inputs, rows, block)];
        let width = |width: &usize| padded(*width, block);
        let zeros = |width: usize| Aligned::zeros(product([rows, width]));
        layers.extend(spec.hidden.iter().map(|w| zeros(width(w))));
        let widest = spec.hidden.iter().map(width).max().unwrap_or(block);
        Ok(Self {
            spec: spec.clone(),
            processor,
            examples,
            rows,
            targets: targets.to_vec(),
            layers,
            logits: vec![T::ZERO; product([rows, spec.outputs])],
            of_logits: vec![T::ZERO; product([rows, spec.outputs])],
            slopes: [zeros(widest), zeros(widest)],
        })
    }

    pub(super) fn check(&self, spec: &PerceptronSpec, processor: Processor) {
        assert!(
            self.spec == *spec && self.processor == processor,
            "a batch of {:?} for a network of {spec:?}",
            self.spec
        );
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.examples
    }

    /// Whether there is none: never.
    pub fn is_empty(&self) -> bool {
        self.examples == 0
    }

    /// What the last pass gave for each example: a row of log-odds.
    pub fn logits(&self) -> &[T] {
        &self.logits[..self.examples * self.spec.outputs]
    }

    /// The activations of a hidden layer, counted from 0, in the last pass: a
    /// row an example.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn hidden(&self, layer: usize) -> Vec<T> {
        let shape = (self.examples, self.spec.hidden[layer]);
        let block = T::channel_block(self.processor);
        unpack(&self.layers[layer + 1], shape, self.rows, block)
    }

    /// The loss of the last pass, nats: binary cross-entropy, its mean over
    /// examples and its sum over outputs, so that each output learns as if it
    /// were alone.
    pub fn loss(&self) -> f64 {
        let terms = self.logits().iter().zip(&self.targets).map(|(z, y)| {
            let (z, y) = (z.to_f64(), y.to_f64());
            z.max(0.0) - y * z + (-z.abs()).exp().ln_1p()
        });
        terms.sum::<f64>() / self.examples as f64
    }

    /// How many examples the last pass put on the right side of even odds, by
    /// one of the outputs. Even odds count as 0.
    pub fn right(&self, output: usize) -> usize {
        let outputs = self.spec.outputs;
        let pairs = self.logits().iter().zip(&self.targets);
        let of_output = pairs.skip(output).step_by(outputs);
        let right = of_output.filter(|(z, y)| (z.to_f64() > 0.0) == (y.to_f64() > 0.5));
        right.count()
    }

    /// The slopes of [`loss`](Self::loss) by the logits: `(sigmoid(z) - y) /
    /// examples`.
    pub(super) fn slopes_of_loss(&mut self) {
        let share = T::from_f64(1.0 / self.examples as f64);
        let pairs = self.logits.iter().zip(&self.targets);
        for (slope, (&z, &y)) in self.of_logits.iter_mut().zip(pairs) {
            *slope = (T::ONE / (T::ONE + (-z).exp()) - y) * share;
        }
    }
}
