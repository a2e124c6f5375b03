use super::kernel::Kernel;
use super::slots::{Lifetime, assign};
use crate::models::ModelError;
use crate::models::graph::{Graph, Node, Op, Shape, Value};
use crate::nn::Conv;
use crate::nn::layout::ImageLayout;

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
    /// The slot of each value; none where no step makes it.
    pub(super) slots: Vec<Option<usize>>,
    /// The slot of the gradient of each value; training only.
    pub(super) gradients: Vec<Option<usize>>,
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

/// Whether a step leaves its output where its input was, and so its input's
/// gradient where its output's was.
fn in_place(kernel: &Kernel) -> bool {
    matches!(kernel, Kernel::Dropout(_))
}

/// The same for gradients.
fn gradient_in_place(kernel: &Kernel) -> bool {
    matches!(kernel, Kernel::Dropout(_) | Kernel::BatchNorm(_))
}

/// Each node a step, each value its own memory.
fn training(graph: &Graph, layouts: &[ImageLayout]) -> Result<Program, ModelError> {
    let mut steps = Vec::with_capacity(graph.nodes.len());
    for i in 0..graph.nodes.len() {
        steps.push(step(graph, layouts, i)?);
    }
    let mut slots = vec![None; layouts.len()];
    for (i, step) in steps.iter().enumerate() {
        slots[step.output.index()] = match in_place(&step.kernel) {
            true => slots[step.input.index()],
            false => Some(i),
        };
    }

    // backward: the last reader of a value is the first to write its gradient
    let end = steps.len() - 1;
    let mut lives: Vec<Option<Lifetime>> = vec![None; layouts.len()];
    let born = |value: Value, step: usize| Lifetime {
        first: end - step,
        last: end - step,
        len: layouts[value.index()].inner_len(),
    };
    lives[graph.output().index()] = Some(born(graph.output(), end));
    // values whose gradients lie in the same place as another's
    let mut shared: Vec<usize> = (0..layouts.len()).collect();
    for i in (0..steps.len()).rev() {
        let step = &mut steps[i];
        let (input, output) = (step.input.index(), step.output.index());
        if let Some(life) = &mut lives[shared[output]] {
            life.last = end - i;
        }
        if gradient_in_place(&step.kernel) {
            shared[input] = shared[output];
        } else if step.input != graph.input() {
            step.adds_to_input = lives[input].is_some();
            lives[input].get_or_insert(born(step.input, i));
        }
        if let Some(residual) = step.residual {
            step.adds_to_residual = lives[residual.index()].is_some();
            lives[residual.index()].get_or_insert(born(residual, i));
        }
    }
    let mut gradients = slots_of(&lives);
    for value in 0..gradients.len() {
        gradients[value] = gradients[shared[value]];
    }
    Ok(Program {
        steps,
        slots,
        gradients,
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
    Ok(Program {
        slots: slots_of(&lives),
        gradients: Vec::new(),
        steps,
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
        && activation == crate::nn::Activation::None
        && graph.nodes.iter().map(reads).sum::<usize>() == 1
}

fn slots_of(lives: &[Option<Lifetime>]) -> Vec<Option<usize>> {
    let living: Vec<Lifetime> = lives.iter().flatten().copied().collect();
    let mut assigned = assign(&living).into_iter();
    let slot = |life: &Option<Lifetime>| life.and_then(|_| assigned.next());
    lives.iter().map(slot).collect()
}
