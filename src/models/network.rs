use layerprobe_streams::StreamKey;

use super::layer::{Layer, LayerKind};
use super::{Arch, ImageBatch, ModelError, Parameter, Workspace, cnn4};
use crate::nn::init::uniform_fan_in;
use crate::nn::layout::ImageLayout;

/// A network: its layers and its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    arch: Arch,
    image_size: usize,
    classes: usize,
    layers: Vec<Layer>,
    /// Weight and bias of each layer, in the layers' order.
    parameters: Vec<Parameter>,
}

/// What a named layer gave for a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRows {
    /// The layer.
    pub name: String,
    /// Numbers an image has.
    pub dim: usize,
    /// `n * dim` numbers, image after image; images flattened in the order
    /// channel, row, column, as PyTorch's `flatten(1)`.
    pub values: Vec<f32>,
}

impl Network {
    /// A network with initial weights: PyTorch's default, uniform within
    /// `1 / sqrt(fan_in)`. Each tensor draws from its own stream,
    /// `init.derive("init/<tensor>")`, so that the same layer starts the same
    /// whatever else a network has.
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
        let layers = build(arch, image_size, classes)?;
        let mut parameters = Vec::with_capacity(2 * layers.len());
        for layer in &layers {
            for (name, shape) in layer.parameter_shapes() {
                let mut values = vec![0.0; shape.iter().product()];
                let key = init.derive(&format!("init/{name}"));
                uniform_fan_in(&mut values, layer.fan_in(), key);
                parameters.push(Parameter {
                    name,
                    shape,
                    values,
                });
            }
        }
        Ok(Self {
            arch,
            image_size,
            classes,
            layers,
            parameters,
        })
    }

    /// A network with given weights, in any order.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if a tensor is missing, is one too many, or
    /// has another shape.
    pub fn with_parameters(
        arch: Arch,
        image_size: usize,
        classes: usize,
        weights: Vec<Parameter>,
    ) -> Result<Self, ModelError> {
        let layers = build(arch, image_size, classes)?;
        let wanted = layers.iter().flat_map(Layer::parameter_shapes);
        Ok(Self {
            arch,
            image_size,
            classes,
            parameters: in_order(wanted, weights)?,
            layers,
        })
    }

    /// The architecture.
    pub fn arch(&self) -> Arch {
        self.arch
    }

    /// Side of the images, in pixels.
    pub fn image_size(&self) -> usize {
        self.image_size
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Names of all layers that can be read, first to last.
    pub fn layer_names(&self) -> Vec<&str> {
        self.layers
            .iter()
            .map(|layer| layer.name.as_str())
            .collect()
    }

    /// The layer of a name and its place.
    pub(super) fn find(&self, name: &str) -> Result<(usize, &Layer), ModelError> {
        self.layers
            .iter()
            .enumerate()
            .find(|(_, layer)| layer.name == name)
            .ok_or_else(|| ModelError::UnknownLayer {
                arch: self.arch,
                name: name.to_owned(),
                known: self.layer_names().into_iter().map(str::to_owned).collect(),
            })
    }

    /// Numbers that the named layer gives for one image.
    ///
    /// # Errors
    /// If there is no such layer; the error lists those there are.
    pub fn layer_dim(&self, name: &str) -> Result<usize, ModelError> {
        Ok(self.find(name)?.1.dim())
    }

    /// How the first layer wants its images.
    pub fn input_layout(&self) -> ImageLayout {
        let border = match self.layers.first().map(|layer| &layer.kind) {
            Some(LayerKind::ConvBlock(block)) => block.spec().padding,
            _ => 0,
        };
        ImageLayout {
            height: self.image_size,
            width: self.image_size,
            channels: 3,
            border,
        }
    }

    /// All weights under PyTorch's names, in PyTorch's shapes.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub(crate) fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    /// Takes over weights from elsewhere, in any order.
    ///
    /// # Errors
    /// If a tensor is missing, is one too many, or has another shape; nothing
    /// is changed then.
    pub fn set_parameters(&mut self, weights: Vec<Parameter>) -> Result<(), ModelError> {
        let wanted = self.layers.iter().flat_map(Layer::parameter_shapes);
        self.parameters = in_order(wanted, weights)?;
        Ok(())
    }

    /// Reads several layers of one batch in one forward pass (eval mode), which
    /// ends after the deepest of them. The answer is in the order of `layers`.
    ///
    /// # Errors
    /// If a layer has no such name, or the images another size.
    pub fn read(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        layers: &[&str],
    ) -> Result<Vec<LayerRows>, ModelError> {
        let mut read = Vec::with_capacity(layers.len());
        for name in layers {
            let dim = self.layer_dim(name)?;
            read.push(LayerRows {
                name: (*name).to_owned(),
                dim,
                values: vec![0.0; batch.len() * dim],
            });
        }
        let mut rows: Vec<&mut [f32]> = read.iter_mut().map(|l| l.values.as_mut_slice()).collect();
        self.read_into(workspace, batch, layers, &mut rows)?;
        Ok(read)
    }

    /// As [`read`](Self::read), into buffers of `n * dim` numbers, one for each
    /// of `layers`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// If there is not a buffer for each layer, or one has another length.
    pub fn read_into(
        &self,
        workspace: &mut Workspace,
        batch: &ImageBatch,
        layers: &[&str],
        rows: &mut [&mut [f32]],
    ) -> Result<(), ModelError> {
        assert_eq!(layers.len(), rows.len(), "a buffer for each layer");
        self.check_batch(batch)?;
        let mut places = Vec::with_capacity(layers.len());
        for (name, rows) in layers.iter().zip(rows.iter()) {
            let (place, layer) = self.find(name)?;
            assert_eq!(rows.len(), batch.len() * layer.dim(), "rows of {name}");
            places.push(place);
        }
        let Some(&deepest) = places.iter().max() else {
            return Ok(());
        };
        self.forward(workspace, batch, deepest, false);
        for (place, rows) in places.into_iter().zip(rows) {
            self.write_rows(workspace, place, rows);
        }
        Ok(())
    }

    /// The logits of a batch, `n * classes` (eval mode).
    ///
    /// # Errors
    /// If the images have another size than the network's.
    pub fn logits<'w>(
        &self,
        workspace: &'w mut Workspace,
        batch: &ImageBatch,
    ) -> Result<&'w [f32], ModelError> {
        self.check_batch(batch)?;
        let last = self.layers.len() - 1;
        self.forward(workspace, batch, last, false);
        Ok(workspace.output(last, batch.len() * self.classes))
    }

    pub(crate) fn check_batch(&self, batch: &ImageBatch) -> Result<(), ModelError> {
        let (found, expected) = (batch.layout(), self.input_layout());
        if found == expected {
            return Ok(());
        }
        Err(ModelError::Batch {
            found: found.height,
            found_border: found.border,
            expected: expected.height,
            expected_border: expected.border,
        })
    }
}

/// The layers of an architecture.
fn build(arch: Arch, image_size: usize, classes: usize) -> Result<Vec<Layer>, ModelError> {
    if classes < 2 {
        return Err(ModelError::Classes { classes });
    }
    match arch {
        Arch::Cnn4 => cnn4::layers(image_size, classes),
    }
}

/// The weights in the order of `wanted`, all there and of the right shapes.
fn in_order(
    wanted: impl Iterator<Item = (String, Vec<usize>)>,
    mut weights: Vec<Parameter>,
) -> Result<Vec<Parameter>, ModelError> {
    let mut sorted = Vec::with_capacity(weights.len());
    for (name, shape) in wanted {
        let Some(place) = weights.iter().position(|given| given.name == name) else {
            return Err(ModelError::MissingTensor { name, shape });
        };
        let given = weights.swap_remove(place);
        if given.shape != shape || given.values.len() != shape.iter().product::<usize>() {
            return Err(ModelError::TensorShape {
                name,
                found: given.shape,
                expected: shape,
            });
        }
        sorted.push(given);
    }
    match weights.pop() {
        Some(extra) => Err(ModelError::ExtraTensor {
            name: extra.name,
            shape: extra.shape,
        }),
        None => Ok(sorted),
    }
}
