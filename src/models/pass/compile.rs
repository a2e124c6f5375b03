use super::arena::{Lifetime, Region, place};
use super::kernel::Kernel;
use crate::models::ModelError;
use crate::models::graph::{Graph, Node, Op, Shape, Value};
use crate::nn::layout::ImageLayout;
use crate::nn::{Activation, Conv};

/// A graph with its two programs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) graph: Graph,
    /// How each value lies in memory.
    pub(super) layouts: Vec<ImageLayout>,
    /// Where each node's tensors begin among the parameters.
    pub(super) parameters: Vec<usize>,
    /// Where each node's tensors begin among the statistics.
    pub(super) statistics: Vec<usize>,
    pub(super) training: Program,
    pub(super) reading: Program,
}

/// Steps, and the memory they share.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Where each value lies; none where no step makes it.
    pub(super) values: Vec<Option<Region>>,
    /// Where the gradient of each value lies; training only.
    pub(super) gradients: Vec<Option<Region>>,
    /// Numbers the arena needs for each image.
    pub(super) len: usize,
}

/// One kernel at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) kernel: Kernel,
    /// The node whose weights it has.
    pub(super) node: usize,
    /// The batch norm that is folded into it.
    pub(super) norm: Option<usize>,
    pub(super) input: Value,
    pub(super) residual: Option<Value>,
    pub(super) output: Value,
    /// Whether the gradient of the input is added to what is there.
    pub(super) adds_to_input: bool,
    /// Whether that of the residual is.
    pub(super) adds_to_residual: bool,
}

impl Plan {
    /// Compiles a graph.
    pub(crate) fn new(graph: Graph) -> Result<Self, ModelError> {
        let layouts = layouts(&graph);
        let offsets = |count: &dyn Fn(&Node) -> usize| {
            let mut at = 0;
            let starts = graph.nodes.iter().map(|node| {
                let start = at;
                at += count(node);
                start
            });
            starts.collect()
        };
        Ok(Self {
            parameters: offsets(&|node| graph.parameters_of(node).len()),
            statistics: offsets(&|node| graph.statistics_of(node).len()),
            training: training(&graph, &layouts)?,
            reading: reading(&graph, &layouts)?,
            layouts,
            graph,
        })
    }

    pub(crate) fn input_layout(&self) -> ImageLayout {
        self.layout(self.graph.input())
    }

    pub(super) fn layout(&self, value: Value) -> ImageLayout {
        self.layouts[value.index()]
    }
}

/// Every value inside the border that its readers want; rows are images of one
/// pixel.
fn layouts(graph: &Graph) -> Vec<ImageLayout> {
    let mut borders = vec![0; graph.nodes.len() + 1];
    for node in &graph.nodes {
        if let Op::ConvBlock(spec) | Op::Conv { spec, .. } = node.op {
            let border = &mut borders[node.input.index()];
            *border = spec.padding.max(*border);
        }
    }
    let values = [graph.input()].into_iter();
    let values = values.chain((0..graph.nodes.len()).map(Value::of_node));
    let layout = |(value, border)| match graph.shape(value) {
        Shape::Image {
            channels,
            height,
            width,
        } => ImageLayout {
            height,
            width,
            channels,
            border,
        },
        Shape::Row(dim) => ImageLayout {
            height: 1,
            width: 1,
            channels: dim,
            border: 0,
        },
    };
    values.zip(borders).map(layout).collect()
}

fn step(graph: &Graph, layouts: &[ImageLayout], i: usize) -> Result<Step, ModelError> {
    let (node, output) = (&graph.nodes[i], Value::of_node(i));
    let (before, after) = (layouts[node.input.index()], layouts[output.index()]);
    Ok(Step {
        kernel: Kernel::new(node, before, after)?,
        node: i,
        norm: None,
        input: node.input,
        residual: node.residual,
        output,
        adds_to_input: false,
        adds_to_residual: false,
    })
}

/// Whether a step leaves its output where its input was.
fn in_place(kernel: &Kernel) -> bool {
    matches!(kernel, Kernel::Dropout(_))
}

/// Whether a step leaves its input's gradient where its output's was.
fn gradient_in_place(kernel: &Kernel) -> bool {
    matches!(kernel, Kernel::Dropout(_) | Kernel::BatchNorm(_))
}

/// Whether the backward pass reads what a step read.
pub(super) fn needs_input(kernel: &Kernel) -> bool {
    match kernel {
        Kernel::ConvBlock(_) | Kernel::Conv(_) | Kernel::BatchNorm(_) | Kernel::Linear(_) => true,
        Kernel::MaxPool(_) | Kernel::AveragePool(_) | Kernel::Flatten(_) | Kernel::Dropout(_) => {
            false
        }
    }
}

/// Whether the backward pass reads what a step gave.
pub(super) fn needs_output(kernel: &Kernel) -> bool {
    match kernel {
        Kernel::Conv(conv) => conv.activation() != Activation::None,
        Kernel::BatchNorm(norm) => norm.activation != Activation::None,
        Kernel::Linear(_) => true,
        _ => false,
    }
}

/// Each node a step. Step `i` of `s` runs forward at time `i` and backward at
/// time `2 s - 1 - i`; values and gradients share memory over all of it.
fn training(graph: &Graph, layouts: &[ImageLayout]) -> Result<Program, ModelError> {
    let mut steps = Vec::with_capacity(graph.nodes.len());
    for i in 0..graph.nodes.len() {
        steps.push(step(graph, layouts, i)?);
    }
    let count = layouts.len();
    let backward = |i: usize| 2 * steps.len() - 1 - i;
    let live = |first, len| Lifetime {
        first,
        last: first,
        len,
    };

    // values: made by their step, kept for their readers there and back
    let mut values: Vec<Option<Lifetime>> = vec![None; count];
    // which value lies in the same place
    let mut places: Vec<usize> = (0..count).collect();
    let extend = |life: &mut Option<Lifetime>, until: usize| {
        if let Some(life) = life {
            life.last = life.last.max(until);
        }
    };
    for (i, step) in steps.iter().enumerate() {
        let (input, output) = (step.input.index(), step.output.index());
        if in_place(&step.kernel) {
            places[output] = places[input];
        } else {
            values[output] = Some(live(i, layouts[output].len()));
        }
        let until = if needs_input(&step.kernel) {
            backward(i)
        } else {
            i
        };
        extend(&mut values[places[input]], until);
        if let Some(residual) = step.residual {
            extend(&mut values[places[residual.index()]], i);
        }
        if needs_output(&step.kernel) {
            extend(&mut values[places[output]], backward(i));
        }
    }
    let output = graph.output().index();
    extend(&mut values[places[output]], steps.len());

    // gradients: the last reader of a value is the first to write its gradient
    let mut gradients: Vec<Option<Lifetime>> = vec![None; count];
    gradients[output] = Some(live(steps.len(), layouts[output].inner_len()));
    let mut shared: Vec<usize> = (0..count).collect();
    let mut adds = vec![(false, false); steps.len()];
    for (i, step) in steps.iter().enumerate().rev() {
        let (input, output) = (step.input.index(), step.output.index());
        extend(&mut gradients[shared[output]], backward(i));
        let mut written = |value: usize| {
            let there = gradients[value].is_some();
            gradients[value].get_or_insert(live(backward(i), layouts[value].inner_len()));
            there
        };
        if gradient_in_place(&step.kernel) {
            shared[input] = shared[output];
        } else if step.input != graph.input() {
            adds[i].0 = written(input);
        }
        if let Some(residual) = step.residual {
            adds[i].1 = written(residual.index());
        }
    }
    for (step, adds) in steps.iter_mut().zip(adds) {
        (step.adds_to_input, step.adds_to_residual) = adds;
    }

    let all: Vec<Option<Lifetime>> = values.into_iter().chain(gradients).collect();
    let (mut values, len) = regions(&all);
    let mut gradients = values.split_off(count);
    for value in 0..count {
        values[value] = values[places[value]];
        gradients[value] = gradients[shared[value]];
    }
    Ok(Program {
        steps,
        values,
        gradients,
        len,
    })
}

/// Batch norms folded, dropout left out, memory shared.
fn reading(graph: &Graph, layouts: &[ImageLayout]) -> Result<Program, ModelError> {
    let mut steps: Vec<Step> = Vec::with_capacity(graph.nodes.len());
    // what takes the place of a value that is not made
    let mut made: Vec<Value> = (0..=graph.nodes.len())
        .map(|i| i.checked_sub(1).map_or(graph.input(), Value::of_node))
        .collect();
    for i in 0..graph.nodes.len() {
        let mut step = step(graph, layouts, i)?;
        step.input = made[step.input.index()];
        step.residual = step.residual.map(|residual| made[residual.index()]);
        match step.kernel {
            Kernel::Dropout(_) => made[step.output.index()] = step.input,
            Kernel::BatchNorm(norm) => {
                let place = steps
                    .iter()
                    .position(|before| foldable(graph, before, &step));
                let folded = place.map(|place| steps.remove(place));
                match folded.map(|before| (before, before.kernel)) {
                    Some((before, Kernel::Conv(conv))) => {
                        let border = norm.out_border;
                        let conv = Conv::new::<f32>(
                            *conv.spec(),
                            conv.in_layout(),
                            border,
                            norm.activation,
                        );
                        let conv = conv.map_err(|source| ModelError::Layer {
                            layer: graph.nodes[before.node].name.clone(),
                            source,
                        })?;
                        steps.push(Step {
                            kernel: Kernel::Conv(conv),
                            norm: Some(i),
                            output: step.output,
                            residual: step.residual,
                            ..before
                        });
                    }
                    _ => steps.push(step),
                }
            }
            _ => steps.push(step),
        }
    }
    let mut lives: Vec<Option<Lifetime>> = vec![None; layouts.len()];
    for (i, step) in steps.iter().enumerate() {
        lives[step.output.index()] = Some(Lifetime {
            first: i,
            last: i,
            len: layouts[step.output.index()].len(),
        });
        for read in [Some(step.input), step.residual].into_iter().flatten() {
            if let Some(life) = &mut lives[read.index()] {
                life.last = i;
            }
        }
    }
    let (values, len) = regions(&lives);
    Ok(Program {
        steps,
        values,
        gradients: Vec::new(),
        len,
    })
}

/// Whether `norm` can be folded into `before`: a convolution without an
/// activation whose output nobody else reads.
fn foldable(graph: &Graph, before: &Step, norm: &Step) -> bool {
    let Op::Conv { activation, .. } = graph.nodes[before.node].op else {
        return false;
    };
    let reads = |node: &Node| node.inputs().filter(|v| *v == before.output).count();
    before.output == norm.input
        && before.norm.is_none()
        && activation == Activation::None
        && graph.nodes.iter().map(reads).sum::<usize>() == 1
}

/// The regions of what lives at all, and the arena's length.
fn regions(lives: &[Option<Lifetime>]) -> (Vec<Option<Region>>, usize) {
    let living: Vec<Lifetime> = lives.iter().flatten().copied().collect();
    let (placed, len) = place(&living);
    let mut placed = placed.into_iter();
    let region = |life: &Option<Lifetime>| life.and_then(|_| placed.next());
    (lives.iter().map(region).collect(), len)
}
