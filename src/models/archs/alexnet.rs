use super::{Arch, Design};
use crate::models::ModelError;
use crate::models::graph::Graph;
use crate::nn::{Activation, ConvSpec};

/// Places in torchvision's `features`: a convolution's own, channels, kernel,
/// stride, padding, and whether a 3 x 3 pool of stride 2 follows.
const FEATURES: [(usize, usize, usize, usize, usize, bool); 5] = [
    (0, 64, 11, 4, 2, true),
    (3, 192, 5, 1, 2, true),
    (6, 384, 3, 1, 1, false),
    (8, 256, 3, 1, 1, false),
    (10, 256, 3, 1, 1, true),
];

pub(super) fn graph(design: &Design) -> Result<Graph, ModelError> {
    let mut graph = Graph::new(design.channels, design.size);
    let (mut x, mut channels) = (graph.input(), design.channels);
    let mut pools = 0;
    for (i, (at, out_channels, kernel, stride, padding, pooled)) in FEATURES.into_iter().enumerate()
    {
        let (stride, padding) = match (design.arch, i) {
            (Arch::AlexNet64, 0) => (1, 5),
            _ => (stride, padding),
        };
        let spec = ConvSpec {
            stride,
            padding,
            ..ConvSpec::new(channels, out_channels, kernel)
        };
        x = graph.conv(&format!("features.{at}"), x, spec, true, Activation::Relu)?;
        let names = [format!("relu{}", i + 1), format!("features.{}", at + 1)];
        graph.readable(&names, x);
        if pooled {
            pools += 1;
            x = graph.max_pool(&format!("features.{}", at + 2), x, 3, 2, 0)?;
            graph.readable(&[format!("pool{pools}"), format!("features.{}", at + 2)], x);
        }
        channels = out_channels;
    }
    x = graph.average_pool_to("avgpool", x, 6);
    graph.readable(&["avgpool"], x);
    x = graph.flatten(x);
    let width = design.fc_width();
    let rate = design.options.dropout.unwrap_or(0.5);
    for (at, name) in [(1, "fc6"), (4, "fc7")] {
        x = graph.dropout(&format!("classifier.{}", at - 1), x, rate);
        x = graph.linear(&format!("classifier.{at}"), x, width, Activation::Relu);
        graph.readable(&[name.to_owned(), format!("classifier.{}", at + 1)], x);
    }
    x = graph.linear("classifier.6", x, design.classes, Activation::None);
    graph.readable(&["fc8", "classifier.6"], x);
    Ok(graph)
}
