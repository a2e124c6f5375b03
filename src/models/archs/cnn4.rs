use super::Design;
use crate::models::ModelError;
use crate::models::graph::Graph;
use crate::nn::{Activation, ConvSpec};

/// Output channels of the four blocks.
const CHANNELS: [usize; 4] = [32, 64, 128, 128];
/// Width of the fully connected layer.
const WIDTH: usize = 128;

pub(super) fn graph(design: &Design) -> Result<Graph, ModelError> {
    let mut graph = Graph::new(design.channels, design.size);
    let (mut x, mut channels) = (graph.input(), design.channels);
    for (i, out_channels) in CHANNELS.into_iter().enumerate() {
        let spec = ConvSpec::same3(channels, out_channels);
        x = graph.conv_block(&format!("conv{}", i + 1), x, spec)?;
        graph.readable(&[&format!("pool{}", i + 1)], x);
        channels = out_channels;
    }
    x = graph.flatten(x);
    for (name, width, activation) in [
        ("fc1", WIDTH, Activation::Relu),
        ("fc2", design.classes, Activation::None),
    ] {
        x = graph.linear(name, x, width, activation);
        graph.readable(&[name], x);
    }
    Ok(graph)
}
