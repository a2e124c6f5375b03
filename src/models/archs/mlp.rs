use super::Design;
use crate::models::ModelError;
use crate::models::graph::Graph;
use crate::nn::Activation;

/// Widths of the hidden layers (Hermann & Lampinen 2020, appendix B.3).
const WIDTHS: [usize; 4] = [256, 128, 64, 64];
/// PyTorch's default; the paper does not state its own.
const SLOPE: f64 = 0.01;

pub(super) fn graph(design: &Design) -> Result<Graph, ModelError> {
    let widths = design.options.widths.as_deref().unwrap_or(&WIDTHS);
    let hidden = Activation::LeakyRelu(design.options.slope.unwrap_or(SLOPE));
    let mut graph = Graph::new(design.channels, design.size);
    let mut x = graph.flatten(graph.input());
    let hidden = widths.iter().map(|width| (*width, hidden));
    let layers = hidden.chain([(design.classes, Activation::None)]);
    for (i, (width, activation)) in layers.enumerate() {
        let name = format!("fc{}", i + 1);
        x = graph.linear(&name, x, width, activation);
        graph.readable(&[&name], x);
    }
    Ok(graph)
}
