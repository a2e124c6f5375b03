use super::{Node, Op, Place, Shape, Value};
use crate::models::ModelError;
use crate::nn::{Activation, ConvSpec, ShapeError};

/// A network's nodes, in an order in which they can be computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Of each value.
    shapes: Vec<Shape>,
    /// What can be read, first to last.
    pub(crate) places: Vec<Place>,
}

impl Graph {
    /// A graph of nothing but its input: images of `size` x `size`.
    pub(crate) fn new(channels: usize, size: usize) -> Self {
        Self {
            nodes: Vec::new(),
            shapes: vec![Shape::Image {
                channels,
                height: size,
                width: size,
            }],
            places: Vec::new(),
        }
    }

    pub(crate) fn input(&self) -> Value {
        Value(0)
    }

    /// What the last node gives.
    pub(crate) fn output(&self) -> Value {
        Value(self.nodes.len())
    }

    pub(crate) fn shape(&self, value: Value) -> Shape {
        self.shapes[value.index()]
    }

    /// Channels of an image, numbers of a row.
    pub(crate) fn channels(&self, value: Value) -> usize {
        match self.shape(value) {
            Shape::Image { channels, .. } => channels,
            Shape::Row(dim) => dim,
        }
    }

    /// Makes a value readable under these names.
    pub(crate) fn readable(&mut self, names: &[impl AsRef<str>], value: Value) {
        self.places.push(Place {
            names: names.iter().map(|name| name.as_ref().to_owned()).collect(),
            value,
        });
    }

    fn push(&mut self, name: &str, op: Op, input: Value, shape: Shape) -> Value {
        self.nodes.push(Node {
            name: name.to_owned(),
            op,
            input,
            residual: None,
        });
        self.shapes.push(shape);
        self.output()
    }

    /// The image that windows leave of `input`; `after` gives a side.
    fn windowed(
        &self,
        name: &str,
        input: Value,
        channels: usize,
        after: impl Fn(usize) -> Option<usize>,
        error: impl Fn(usize, usize) -> ShapeError,
    ) -> Result<Shape, ModelError> {
        let (height, width) = match self.shape(input) {
            Shape::Image { height, width, .. } => (height, width),
            Shape::Row(_) => (1, 1),
        };
        match (after(height), after(width)) {
            (Some(height), Some(width)) => Ok(Shape::Image {
                channels,
                height,
                width,
            }),
            _ => Err(ModelError::Layer {
                layer: name.to_owned(),
                source: error(height, width),
            }),
        }
    }

    pub(crate) fn conv_block(
        &mut self,
        name: &str,
        input: Value,
        spec: ConvSpec,
    ) -> Result<Value, ModelError> {
        let after = |side| spec.out_side(side).map(|s| s / 2).filter(|s| *s > 0);
        let error = |height, width| ShapeError::TooSmall {
            what: "a convolution and a 2 x 2 pool",
            height,
            width,
            window: spec.reach(),
            stride: spec.stride,
            padding: spec.padding,
        };
        let shape = self.windowed(name, input, spec.out_channels, after, error)?;
        Ok(self.push(name, Op::ConvBlock(spec), input, shape))
    }

    pub(crate) fn conv(
        &mut self,
        name: &str,
        input: Value,
        spec: ConvSpec,
        bias: bool,
        activation: Activation,
    ) -> Result<Value, ModelError> {
        let error = |height, width| ShapeError::TooSmall {
            what: "a convolution",
            height,
            width,
            window: spec.reach(),
            stride: spec.stride,
            padding: spec.padding,
        };
        let after = |side| spec.out_side(side);
        let shape = self.windowed(name, input, spec.out_channels, after, error)?;
        let op = Op::Conv {
            spec,
            bias,
            activation,
        };
        Ok(self.push(name, op, input, shape))
    }

    pub(crate) fn batch_norm(
        &mut self,
        name: &str,
        input: Value,
        residual: Option<Value>,
        activation: Activation,
    ) -> Value {
        let shape = self.shape(input);
        let value = self.push(name, Op::BatchNorm { activation }, input, shape);
        if let Some(node) = self.nodes.last_mut() {
            node.residual = residual;
        }
        value
    }

    pub(crate) fn max_pool(
        &mut self,
        name: &str,
        input: Value,
        window: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Value, ModelError> {
        let after = |side: usize| {
            let room = (side + 2 * padding).checked_sub(window)?;
            Some(room / stride + 1)
        };
        let error = |height, width| ShapeError::TooSmall {
            what: "a max-pool",
            height,
            width,
            window,
            stride,
            padding,
        };
        let shape = self.windowed(name, input, self.channels(input), after, error)?;
        let op = Op::MaxPool {
            window,
            stride,
            padding,
        };
        Ok(self.push(name, op, input, shape))
    }

    /// The mean of each of `side` x `side` parts.
    pub(crate) fn average_pool_to(&mut self, name: &str, input: Value, side: usize) -> Value {
        let shape = Shape::Image {
            channels: self.channels(input),
            height: side,
            width: side,
        };
        self.push(name, Op::AveragePoolTo { side }, input, shape)
    }

    pub(crate) fn flatten(&mut self, input: Value) -> Value {
        let shape = Shape::Row(self.shape(input).dim());
        self.push("", Op::Flatten, input, shape)
    }

    pub(crate) fn dropout(&mut self, name: &str, input: Value, rate: f64) -> Value {
        self.push(name, Op::Dropout { rate }, input, self.shape(input))
    }

    pub(crate) fn linear(
        &mut self,
        name: &str,
        input: Value,
        outputs: usize,
        activation: Activation,
    ) -> Value {
        let op = Op::Linear {
            inputs: self.shape(input).dim(),
            outputs,
            activation,
        };
        self.push(name, op, input, Shape::Row(outputs))
    }
}
