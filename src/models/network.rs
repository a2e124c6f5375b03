use std::sync::Arc;

use layerprobe_streams::StreamKey;

use super::graph::{Graph, Node, Op, Place, TensorSpec};
use super::parameter::{none_left, take_in_order};
use super::pass::Plan;
use super::{Arch, Design, ModelError, Parameter, Shape};
use crate::nn::layout::ImageLayout;

/// A network: its design and its weights.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) design: Design,
    pub(super) plan: Arc<Plan>,
    /// What is learned, node by node.
    pub(super) parameters: Vec<Parameter>,
    /// What is kept beside it: running means and variances.
    pub(super) statistics: Vec<Parameter>,
}

/// A named place of a network, whose output can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The name under which it is listed.
    pub name: String,
    /// Other names of the same place, torchvision's among them.
    pub aliases: Vec<String>,
    /// Shape of its output for one image.
    pub shape: Shape,
    /// Numbers learned between the layer before and this one.
    pub parameters: usize,
}

impl Layer {
    /// Whether this is one of its names.
    ///
    /// ```
    /// use layerprobe::models::{Arch, Design};
    ///
    /// let layers = Design::new(Arch::AlexNet, 224, 7).layers()?;
    /// let pool3 = layers.iter().find(|layer| layer.is_called("features.12"));
    /// assert!(pool3.is_some_and(|layer| layer.is_called("pool3")));
    /// # Ok::<(), layerprobe::models::ModelError>(())
    /// ```
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }
}

/// The design, weights and statistics are the same.
impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        self.design == other.design
            && self.parameters == other.parameters
            && self.statistics == other.statistics
    }
}

impl Network {
    /// A network for RGB images of `image_size` x `image_size` with its
    /// options at their defaults, at its start: as
    /// [`from_design`](Self::from_design).
    ///
    /// # Errors
    /// If the architecture cannot take the image size, or there are fewer than
    /// two classes.
    pub fn new(
        arch: Arch,
        image_size: usize,
        classes: usize,
        init: StreamKey,
    ) -> Result<Self, ModelError> {
        Self::from_design(Design::new(arch, image_size, classes), init)
    }

    /// A network with initial weights, torchvision's choice: uniform within
    /// `1 / sqrt(fan_in)`; convolutions of a ResNet normal with a variance of
    /// `2 / fan_out`; batch norms at scale 1 and shift 0. Each tensor draws
    /// from its own stream, `init.derive("init/<tensor>")`, so that the same
    /// layer starts the same whatever else a network has.
    ///
    /// # Errors
    /// If the design cannot be built.
    pub fn from_design(design: Design, init: StreamKey) -> Result<Self, ModelError> {
        let plan = Plan::new(design.graph()?)?;
        let at_start = |specs: Vec<TensorSpec>| -> Vec<Parameter> {
            let specs = specs.into_iter();
            specs.map(|spec| Parameter::initial(spec, init)).collect()
        };
        Ok(Self {
            parameters: at_start(parameter_specs(&plan.graph)),
            statistics: at_start(statistic_specs(&plan.graph)),
            plan: Arc::new(plan),
            design,
        })
    }

    /// A network with given weights and statistics, in any order.
    ///
    /// # Errors
    /// If the design cannot be built, or a tensor is missing, is one too many,
    /// or has another shape. PyTorch's `num_batches_tracked` may be there.
    pub fn with_parameters(design: Design, weights: Vec<Parameter>) -> Result<Self, ModelError> {
        let plan = Plan::new(design.graph()?)?;
        let (parameters, statistics) = in_order(&plan.graph, weights)?;
        Ok(Self {
            design,
            plan: Arc::new(plan),
            parameters,
            statistics,
        })
    }

    /// The design.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// The architecture.
    pub fn arch(&self) -> Arch {
        self.design.arch
    }

    /// Side of the images, in pixels.
    pub fn image_size(&self) -> usize {
        self.design.size
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.design.classes
    }

    /// The layers that can be read, first to last.
    pub fn layers(&self) -> Vec<Layer> {
        layers(&self.plan.graph)
    }

    /// The first batch norm over maps of one pixel. In training a batch of one image gives
    /// it one number a channel, which has no variance.
    pub fn norm_of_one_pixel(&self) -> Option<&str> {
        norm_of_one_pixel(&self.plan.graph)
    }

    /// Names of all layers that can be read, first to last, each by its first
    /// name.
    pub fn layer_names(&self) -> Vec<&str> {
        let places = self.plan.graph.places.iter();
        places
            .filter_map(|place| place.names.first())
            .map(String::as_str)
            .collect()
    }

    /// The place of a name.
    pub(super) fn find(&self, name: &str) -> Result<&Place, ModelError> {
        let mut places = self.plan.graph.places.iter();
        places
            .find(|place| place.names.iter().any(|known| known == name))
            .ok_or_else(|| ModelError::UnknownLayer {
                arch: self.arch(),
                name: name.to_owned(),
                known: self.layer_names().into_iter().map(str::to_owned).collect(),
            })
    }

    /// Numbers that the named layer gives for one image.
    ///
    /// # Errors
    /// If there is no such layer; the error lists those there are.
    pub fn layer_dim(&self, name: &str) -> Result<usize, ModelError> {
        Ok(self.plan.graph.shape(self.find(name)?.value).dim())
    }

    /// Channels of a layer whose output is an image; none for a vector.
    ///
    /// # Errors
    /// If there is no such layer; the error lists those there are.
    pub fn layer_channels(&self, name: &str) -> Result<Option<usize>, ModelError> {
        let shape = self.plan.graph.shape(self.find(name)?.value);
        Ok(match shape {
            Shape::Image { channels, .. } => Some(channels),
            Shape::Row(_) => None,
        })
    }

    /// How the first layer wants its images.
    pub fn input_layout(&self) -> ImageLayout {
        self.plan.input_layout()
    }

    /// All weights under PyTorch's names, in PyTorch's shapes.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub(crate) fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    /// What is kept beside the weights: running means and variances of batch
    /// norms, under PyTorch's names.
    pub fn statistics(&self) -> &[Parameter] {
        &self.statistics
    }

    /// Weights and statistics: all that a checkpoint holds.
    pub fn tensors(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().chain(&self.statistics)
    }

    /// Takes over weights and statistics from elsewhere, in any order.
    ///
    /// # Errors
    /// If a tensor is missing, is one too many, or has another shape; nothing
    /// is changed then.
    pub fn set_parameters(&mut self, weights: Vec<Parameter>) -> Result<(), ModelError> {
        (self.parameters, self.statistics) = in_order(&self.plan.graph, weights)?;
        Ok(())
    }

    /// Values kept for each weight, as an optimizer's, given by the weights'
    /// names in any order, in the order of [`parameters`](Self::parameters).
    ///
    /// # Errors
    /// As [`set_parameters`](Self::set_parameters).
    pub(crate) fn like_parameters(
        &self,
        mut given: Vec<Parameter>,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let specs = parameter_specs(&self.plan.graph).into_iter();
        let taken = take_in_order(specs, &mut given)?;
        none_left(given)?;
        Ok(taken.into_iter().map(|tensor| tensor.values).collect())
    }
}

impl Design {
    /// The layers that can be read, first to last.
    ///
    /// # Errors
    /// If the design cannot be built.
    ///
    /// ```
    /// use layerprobe::models::{Arch, Design};
    ///
    /// let layers = Design::new(Arch::AlexNet, 224, 7).layers()?;
    /// let pool3 = layers.iter().find(|layer| layer.name == "pool3").unwrap();
    /// assert_eq!(pool3.aliases, ["features.12"]);
    /// assert_eq!(pool3.shape.dims(), [256, 6, 6]);
    /// # Ok::<(), layerprobe::models::ModelError>(())
    /// ```
    pub fn layers(&self) -> Result<Vec<Layer>, ModelError> {
        Ok(layers(&self.graph()?))
    }

    /// As [`Network::norm_of_one_pixel`], of the network that it describes.
    ///
    /// # Errors
    /// If the architecture cannot take the images, classes or options.
    pub fn norm_of_one_pixel(&self) -> Result<Option<String>, ModelError> {
        Ok(norm_of_one_pixel(&self.graph()?).map(str::to_owned))
    }
}

fn norm_of_one_pixel(graph: &Graph) -> Option<&str> {
    let mut norms = graph
        .nodes
        .iter()
        .filter(|node| matches!(node.op, Op::BatchNorm { .. }));
    let is_of_one = |node: &&Node| match graph.shape(node.input) {
        Shape::Image { height, width, .. } => height * width == 1,
        Shape::Row(_) => true,
    };
    norms.find(is_of_one).map(|node| node.name.as_str())
}

fn layers(graph: &Graph) -> Vec<Layer> {
    let mut from = 0;
    let layer = |place: &Place| {
        let until = place.value.node().map_or(0, |node| node + 1);
        // a value may be listed out of the nodes' order by no design so far
        let nodes = graph.nodes.get(from..until).unwrap_or_default();
        from = until;
        let specs = nodes.iter().flat_map(|node| graph.parameters_of(node));
        let (name, aliases) = place.names.split_first()?;
        Some(Layer {
            name: name.clone(),
            aliases: aliases.to_vec(),
            shape: graph.shape(place.value),
            parameters: specs.map(|spec| spec.len()).sum(),
        })
    };
    graph.places.iter().filter_map(layer).collect()
}

fn parameter_specs(graph: &Graph) -> Vec<TensorSpec> {
    let nodes = graph.nodes.iter();
    nodes.flat_map(|node| graph.parameters_of(node)).collect()
}

fn statistic_specs(graph: &Graph) -> Vec<TensorSpec> {
    let nodes = graph.nodes.iter();
    nodes.flat_map(|node| graph.statistics_of(node)).collect()
}

/// Parameters and statistics in the graph's order, all there and of the right
/// shapes.
fn in_order(
    graph: &Graph,
    mut given: Vec<Parameter>,
) -> Result<(Vec<Parameter>, Vec<Parameter>), ModelError> {
    let parameters = take_in_order(parameter_specs(graph).into_iter(), &mut given)?;
    let statistics = take_in_order(statistic_specs(graph).into_iter(), &mut given)?;
    none_left(given)?;
    Ok((parameters, statistics))
}
