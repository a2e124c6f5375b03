use super::{Arch, Design};
use crate::models::ModelError;
use crate::models::graph::{Graph, Value};
use crate::nn::{Activation, ConvSpec};

/// Channels inside the blocks of each of the four layers.
const CHANNELS: [usize; 4] = [64, 128, 256, 512];

/// What a block is made of.
#[derive(Clone, Copy)]
enum Block {
    /// Two 3 x 3 convolutions.
    Basic,
    /// 1 x 1, 3 x 3, and 1 x 1 to four times the channels.
    Bottleneck,
}

pub(super) fn graph(design: &Design) -> Result<Graph, ModelError> {
    let (block, counts) = match design.arch {
        Arch::ResNet50 => (Block::Bottleneck, [3, 4, 6, 3]),
        _ => (Block::Basic, [2, 2, 2, 2]),
    };
    let mut graph = Graph::new(design.channels, design.size);
    let stem = ConvSpec {
        stride: 2,
        padding: 3,
        ..ConvSpec::new(design.channels, CHANNELS[0], 7)
    };
    let mut x = graph.input();
    x = graph.conv("conv1", x, stem, false, Activation::None)?;
    x = graph.batch_norm("bn1", x, None, Activation::Relu);
    graph.readable(&["relu"], x);
    x = graph.max_pool("maxpool", x, 3, 2, 1)?;
    graph.readable(&["maxpool"], x);
    for (i, (channels, count)) in CHANNELS.into_iter().zip(counts).enumerate() {
        for at in 0..count {
            let name = format!("layer{}.{at}", i + 1);
            let stride = if i > 0 && at == 0 { 2 } else { 1 };
            x = add_block(&mut graph, block, &name, x, channels, stride)?;
            let mut names = vec![name];
            if at + 1 == count {
                names.push(format!("layer{}", i + 1));
                if i + 1 == CHANNELS.len() {
                    names.push("pre_pool".to_owned());
                }
            }
            graph.readable(&names, x);
        }
    }
    x = graph.average_pool_to("avgpool", x, 1);
    x = graph.flatten(x);
    graph.readable(&["avgpool", "post_pool"], x);
    x = graph.linear("fc", x, design.classes, Activation::None);
    graph.readable(&["fc"], x);
    Ok(graph)
}

/// A residual block: its convolutions, each with batch norm, and the way
/// around them, through a 1 x 1 convolution where shapes differ.
fn add_block(
    graph: &mut Graph,
    block: Block,
    name: &str,
    x: Value,
    channels: usize,
    stride: usize,
) -> Result<Value, ModelError> {
    let (kernels, strided, out_channels): (&[usize], _, _) = match block {
        Block::Basic => (&[3, 3], 0, channels),
        Block::Bottleneck => (&[1, 3, 1], 1, 4 * channels),
    };
    let in_channels = graph.channels(x);
    let around = if stride == 1 && in_channels == out_channels {
        x
    } else {
        let spec = ConvSpec {
            stride,
            ..ConvSpec::new(in_channels, out_channels, 1)
        };
        let (conv, norm) = (
            format!("{name}.downsample.0"),
            format!("{name}.downsample.1"),
        );
        let around = graph.conv(&conv, x, spec, false, Activation::None)?;
        graph.batch_norm(&norm, around, None, Activation::None)
    };
    let (mut y, mut width) = (x, in_channels);
    for (i, &kernel) in kernels.iter().enumerate() {
        let last = i + 1 == kernels.len();
        let next = if last { out_channels } else { channels };
        let spec = ConvSpec {
            stride: if i == strided { stride } else { 1 },
            padding: kernel / 2,
            ..ConvSpec::new(width, next, kernel)
        };
        let (conv, norm) = (
            format!("{name}.conv{}", i + 1),
            format!("{name}.bn{}", i + 1),
        );
        y = graph.conv(&conv, y, spec, false, Activation::None)?;
        y = graph.batch_norm(&norm, y, last.then_some(around), Activation::Relu);
        width = next;
    }
    Ok(y)
}
