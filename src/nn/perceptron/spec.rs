use thiserror::Error;

use crate::nn::Real;

/// What a multilayer perceptron is.
#[derive(Clone, Debug, PartialEq)]
pub struct PerceptronSpec {
    /// Numbers of an example.
    pub inputs: usize,
    /// Widths of the hidden layers, from the input on; at least one.
    pub hidden: Vec<usize>,
    /// Binary targets.
    pub outputs: usize,
    /// What a hidden unit lets through below 0.
    pub slope: f64,
}

/// A perceptron that cannot be, or numbers that do not fit it.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PerceptronError {
    /// A width of 0, or no hidden layer.
    #[error("a perceptron needs {what}, each of a width above 0")]
    Width {
        /// What there is none of.
        what: &'static str,
    },
    /// A slope at which the sign of an activation is lost.
    #[error("a slope of {0} below 0; it must be above 0 and finite")]
    Slope(f64),
    /// Another number of tensors than the layers have.
    #[error("{found} tensors of parameters; {layers} layers have {}", 2 * layers)]
    Tensors {
        /// Tensors given.
        found: usize,
        /// Layers, the output counted.
        layers: usize,
    },
    /// A tensor of another length.
    #[error("tensor {number} of the parameters has {found} numbers; its shape is {shape:?}")]
    Shape {
        /// Its place, from 0.
        number: usize,
        /// Numbers given.
        found: usize,
        /// The shape it must have.
        shape: Vec<usize>,
    },
    /// Examples that are not rows of inputs, or not one row of targets each.
    #[error(
        "{inputs} inputs and {targets} targets; each example has {per_example} of the first and {outputs} of the second"
    )]
    Examples {
        /// Numbers of inputs given.
        inputs: usize,
        /// Numbers of targets given.
        targets: usize,
        /// Inputs of an example.
        per_example: usize,
        /// Targets of an example.
        outputs: usize,
    },
    /// A target outside 0 to 1.
    #[error("target {value} at place {place}; targets are from 0 to 1")]
    Target {
        /// The target.
        value: f64,
        /// Its place.
        place: usize,
    },
}

impl PerceptronSpec {
    /// Checks widths and slope.
    ///
    /// # Errors
    /// If there is nothing to compute, or activations would lose their sign.
    pub fn check(&self) -> Result<(), PerceptronError> {
        let counts = [
            (self.inputs, "inputs"),
            (self.outputs, "outputs"),
            (self.hidden.len(), "hidden layers"),
            (
                self.hidden.iter().copied().min().unwrap_or(0),
                "hidden layers",
            ),
        ];
        if let Some((_, what)) = counts.into_iter().find(|(count, _)| *count == 0) {
            return Err(PerceptronError::Width { what });
        }
        match self.slope > 0.0 && self.slope.is_finite() {
            true => Ok(()),
            false => Err(PerceptronError::Slope(self.slope)),
        }
    }

    /// The shapes of the parameters: weight `[outputs, inputs]` and bias of
    /// each layer, the output last.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        let ends = self.hidden.iter().chain([&self.outputs]);
        let starts = [&self.inputs].into_iter().chain(&self.hidden);
        ends.zip(starts)
            .flat_map(|(&outputs, &inputs)| [vec![outputs, inputs], vec![outputs]])
            .collect()
    }

    /// Multiply-adds, counted as two operations each, of one step on so many
    /// examples: forward, the gradient of every weight, and that of every
    /// layer's input but the first's.
    pub fn operations(&self, examples: usize) -> usize {
        let ends = self.hidden.iter().chain([&self.outputs]);
        let starts = [&self.inputs].into_iter().chain(&self.hidden);
        let layers = ends.zip(starts).map(|(outputs, inputs)| outputs * inputs);
        let first = self.inputs * self.hidden.first().unwrap_or(&0);
        2 * examples * (3 * layers.sum::<usize>() - first)
    }

    pub(super) fn check_parameters<T: Real>(
        &self,
        parameters: &[Vec<T>],
    ) -> Result<(), PerceptronError> {
        self.check()?;
        let shapes = self.shapes();
        if parameters.len() != shapes.len() {
            return Err(PerceptronError::Tensors {
                found: parameters.len(),
                layers: shapes.len() / 2,
            });
        }
        for (number, (values, shape)) in parameters.iter().zip(shapes).enumerate() {
            // a product that wraps is the length of no tensor
            let len = shape
                .iter()
                .try_fold(1, |len: usize, side| len.checked_mul(*side));
            if len != Some(values.len()) {
                return Err(PerceptronError::Shape {
                    number,
                    found: values.len(),
                    shape,
                });
            }
        }
        Ok(())
    }
}
