use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::models::{ModelError, Parameter};
use crate::nn::{Perceptron, PerceptronSpec};
use crate::training::Role;
use crate::training::checkpoint::{CheckpointError, Tensors, parse, serialize};

/// What a checkpoint of a perceptron says of itself. Fields are in the order
/// of their names, and so is the JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DescentHeader {
    /// Always `mlp`.
    pub arch: String,
    /// Hash of the configuration that made it.
    pub config_hash: String,
    /// Steps taken.
    pub epoch: u64,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Numbers of an example.
    pub inputs: usize,
    /// Binary targets.
    pub outputs: usize,
    /// Why it was kept.
    pub role: Role,
    /// What a hidden unit lets through below 0.
    pub slope: f64,
}

impl DescentHeader {
    pub(super) fn new(spec: &PerceptronSpec, config_hash: &str, epoch: u64, role: Role) -> Self {
        Self {
            arch: "mlp".to_owned(),
            config_hash: config_hash.to_owned(),
            epoch,
            hidden: spec.hidden.clone(),
            inputs: spec.inputs,
            outputs: spec.outputs,
            role,
            slope: spec.slope,
        }
    }

    /// The network it heads.
    pub fn spec(&self) -> PerceptronSpec {
        PerceptronSpec {
            inputs: self.inputs,
            hidden: self.hidden.clone(),
            outputs: self.outputs,
            slope: self.slope,
        }
    }
}

/// A perceptron at one epoch: a safetensors file with tensors `fc1.weight`,
/// `fc1.bias` and so on, in PyTorch's shapes.
#[derive(Debug)]
pub struct DescentCheckpoint {
    /// What the file says of itself.
    pub header: DescentHeader,
    /// The weights.
    pub network: Perceptron<f32>,
}

impl DescentCheckpoint {
    /// Reads a checkpoint and checks it: header, names, shapes.
    ///
    /// # Errors
    /// If the file cannot be read, is cut short, is no checkpoint, or does not
    /// fit the network it heads.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        })?;
        let (header, tensors): (DescentHeader, _) = parse(&bytes, path)?;
        let network = network_of(&header.spec(), tensors, path)?;
        Ok(Self { header, network })
    }
}

/// Writes parameters under a header, and returns the file's blake3.
pub(super) fn write(
    path: &Path,
    header: &impl Serialize,
    network: &Perceptron<f32>,
) -> Result<String, CheckpointError> {
    let (shapes, parameters) = (network.spec().shapes(), network.parameters());
    let bytes = serialize(path, header, named(&shapes, &parameters))?;
    layerprobe_durable::write(path, &bytes).map_err(|source| CheckpointError::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

/// Parameters by their names in a file.
pub(super) fn named<'a>(shapes: &'a [Vec<usize>], parameters: &'a [Vec<f32>]) -> Tensors<'a> {
    names(shapes.len())
        .zip(shapes.iter().zip(parameters))
        .map(|(name, (shape, values))| (name, shape.as_slice(), values.as_slice()))
        .collect()
}

/// The network of a specification with the tensors of a file.
pub(super) fn network_of(
    spec: &PerceptronSpec,
    mut tensors: Vec<Parameter>,
    path: &Path,
) -> Result<Perceptron<f32>, CheckpointError> {
    let misfit = |source: ModelError| CheckpointError::Network {
        path: path.to_owned(),
        source,
    };
    let shapes = spec.shapes();
    let mut parameters = Vec::with_capacity(shapes.len());
    for (name, shape) in names(shapes.len()).zip(shapes) {
        let Some(place) = tensors.iter().position(|tensor| tensor.name == name) else {
            return Err(misfit(ModelError::MissingTensor { name, shape }));
        };
        let tensor = tensors.swap_remove(place);
        if tensor.shape != shape {
            return Err(misfit(ModelError::TensorShape {
                name,
                found: tensor.shape,
                expected: shape,
            }));
        }
        parameters.push(tensor.values);
    }
    if let Some(extra) = tensors.into_iter().next() {
        return Err(misfit(ModelError::ExtraTensor {
            name: extra.name,
            shape: extra.shape,
        }));
    }
    Perceptron::new(spec, &parameters).map_err(|source| CheckpointError::Perceptron {
        path: path.to_owned(),
        source,
    })
}

fn names(tensors: usize) -> impl Iterator<Item = String> {
    (0..tensors).map(|number| {
        let kind = if number % 2 == 0 { "weight" } else { "bias" };
        format!("fc{}.{kind}", number / 2 + 1)
    })
}
