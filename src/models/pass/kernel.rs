use crate::models::ModelError;
use crate::models::graph::{Node, Op};
use crate::nn::layout::ImageLayout;
use crate::nn::{AveragePool, BatchNorm, Conv, ConvBlock, Dropout, Linear, MaxPool, PoolSpec};

/// A node's operation for images of known layouts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kernel {
    ConvBlock(ConvBlock),
    Conv(Conv),
    BatchNorm(BatchNorm),
    MaxPool(MaxPool),
    AveragePool(AveragePool),
    /// From bordered images, channels last, to rows in the order channel, row,
    /// column.
    Flatten(ImageLayout),
    Dropout(Dropout),
    Linear(Linear),
}

impl Kernel {
    /// The kernel of a node whose input and output lie so in memory.
    pub(super) fn new(
        node: &Node,
        input: ImageLayout,
        output: ImageLayout,
    ) -> Result<Self, ModelError> {
        let border = output.border;
        let named = |source| ModelError::Layer {
            layer: node.name.clone(),
            source,
        };
        Ok(match node.op {
            Op::ConvBlock(spec) => {
                let block = ConvBlock::new::<f32>(spec, input.height, input.width, border);
                Self::ConvBlock(block.map_err(named)?)
            }
            Op::Conv {
                spec, activation, ..
            } => {
                let conv = Conv::new::<f32>(spec, input, border, activation);
                Self::Conv(conv.map_err(named)?)
            }
            Op::BatchNorm { activation } => {
                Self::BatchNorm(BatchNorm::new(input, border, activation))
            }
            Op::MaxPool {
                window,
                stride,
                padding,
            } => {
                let spec = PoolSpec {
                    window,
                    stride,
                    padding,
                };
                Self::MaxPool(MaxPool::new(spec, input, border).map_err(named)?)
            }
            Op::AveragePoolTo { side } => {
                let pool = AveragePool::adaptive(input, side, side, border);
                Self::AveragePool(pool.map_err(named)?)
            }
            Op::Flatten => Self::Flatten(input),
            Op::Dropout { rate } => {
                let dropout = Dropout::new(rate).map_err(|source| ModelError::Dropout {
                    layer: node.name.clone(),
                    source,
                });
                Self::Dropout(dropout?)
            }
            Op::Linear {
                inputs,
                outputs,
                activation,
            } => Self::Linear(Linear {
                inputs,
                outputs,
                activation,
            }),
        })
    }
}
