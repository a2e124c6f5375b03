use super::{Graph, Node, Op};

/// A tensor that a node keeps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TensorSpec {
    /// PyTorch's name.
    pub(crate) name: String,
    /// PyTorch's shape.
    pub(crate) shape: Vec<usize>,
    pub(crate) initial: Initial,
}

/// Where a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Initial {
    /// Uniform within `1 / sqrt(fan_in)`: PyTorch's default.
    UniformFanIn(usize),
    /// Normal with a variance of `2 / fan_out`: torchvision's for ResNet.
    NormalFanOut(usize),
    /// The same number everywhere.
    Constant(f32),
}

impl TensorSpec {
    /// How many numbers.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Node {
    fn tensor(&self, part: &str, shape: Vec<usize>, initial: Initial) -> TensorSpec {
        TensorSpec {
            name: format!("{}.{part}", self.name),
            shape,
            initial,
        }
    }
}

impl Graph {
    /// What a node learns: weight, then bias.
    pub(crate) fn parameters_of(&self, node: &Node) -> Vec<TensorSpec> {
        let pair = |shape: Vec<usize>, outputs: usize, fan_in: usize| {
            vec![
                node.tensor("weight", shape, Initial::UniformFanIn(fan_in)),
                node.tensor("bias", vec![outputs], Initial::UniformFanIn(fan_in)),
            ]
        };
        match node.op {
            Op::ConvBlock(spec) | Op::Conv { spec, .. } => {
                let shape = vec![spec.out_channels, spec.in_group(), spec.kernel, spec.kernel];
                // torchvision's networks have a bias, or batch norm and the
                // other initialization
                match node.op {
                    Op::Conv { bias: false, .. } => {
                        let fan_out = spec.out_channels * spec.kernel * spec.kernel;
                        vec![node.tensor("weight", shape, Initial::NormalFanOut(fan_out))]
                    }
                    _ => pair(shape, spec.out_channels, spec.fan_in()),
                }
            }
            Op::BatchNorm { .. } => {
                let channels = vec![self.channels(node.input)];
                vec![
                    node.tensor("weight", channels.clone(), Initial::Constant(1.0)),
                    node.tensor("bias", channels, Initial::Constant(0.0)),
                ]
            }
            Op::Linear {
                inputs, outputs, ..
            } => pair(vec![outputs, inputs], outputs, inputs),
            Op::MaxPool { .. } | Op::AveragePoolTo { .. } | Op::Flatten | Op::Dropout { .. } => {
                Vec::new()
            }
        }
    }

    /// What a node keeps beside what it learns: running mean, then variance.
    pub(crate) fn statistics_of(&self, node: &Node) -> Vec<TensorSpec> {
        match node.op {
            Op::BatchNorm { .. } => {
                let channels = vec![self.channels(node.input)];
                vec![
                    node.tensor("running_mean", channels.clone(), Initial::Constant(0.0)),
                    node.tensor("running_var", channels, Initial::Constant(1.0)),
                ]
            }
            _ => Vec::new(),
        }
    }
}
