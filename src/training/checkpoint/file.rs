use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CheckpointError, CheckpointHeader};
use crate::models::{Network, Parameter};

/// The one metadata key.
const KEY: &str = "layerprobe";

/// Weights at one step, and what they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What the file says of itself.
    pub header: CheckpointHeader,
    /// The weights.
    pub network: Network,
}

/// Named tensors to be written.
pub(crate) type Tensors<'a> = Vec<(String, &'a [usize], &'a [f32])>;

impl Checkpoint {
    /// Reads a checkpoint and checks it: header, names, shapes.
    ///
    /// # Errors
    /// If the file cannot be read, is cut short, is not a checkpoint, or does
    /// not fit the network it names; the error names file, tensor and shapes.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes, path)
    }

    /// As [`read`](Self::read), of a file's content; `path` is for messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, CheckpointError> {
        let (header, weights): (CheckpointHeader, _) = parse(bytes, path)?;
        let network = Network::with_parameters(header.design(), weights);
        let network = network.map_err(|source| CheckpointError::Network {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { header, network })
    }

    /// Writes a checkpoint: to a sibling file, flushed, then renamed. Returns
    /// the file's blake3.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(
        path: &Path,
        header: &CheckpointHeader,
        network: &Network,
    ) -> Result<String, CheckpointError> {
        let tensors = network
            .tensors()
            .map(|p| (p.name.clone(), p.shape.as_slice(), p.values.as_slice()))
            .collect();
        let bytes = serialize(path, header, tensors)?;
        layerprobe_durable::write(path, &bytes).map_err(|source| CheckpointError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(blake3::hash(&bytes).to_hex().to_string())
    }
}

/// A tensor as safetensors wants to see it: little-endian on every machine.
struct Stored<'a> {
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes.as_slice().into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A safetensors file with `header` as its only metadata.
pub(crate) fn serialize(
    path: &Path,
    header: &impl Serialize,
    tensors: Tensors<'_>,
) -> Result<Vec<u8>, CheckpointError> {
    let header = serde_json::to_string(header).map_err(|source| CheckpointError::Header {
        path: path.to_owned(),
        source,
    })?;
    let views = tensors.into_iter().map(|(name, shape, values)| {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        (name, Stored { shape, bytes })
    });
    let metadata = HashMap::from([(KEY.to_owned(), header)]);
    safetensors::serialize(views, Some(metadata)).map_err(|source| CheckpointError::Format {
        path: path.to_owned(),
        source,
    })
}

/// The bytes of a file; none where there is no such file.
pub(crate) fn bytes_if_there(path: &Path) -> Result<Option<Vec<u8>>, CheckpointError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CheckpointError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Takes a safetensors file with our metadata apart.
pub(crate) fn parse<H: DeserializeOwned>(
    bytes: &[u8],
    path: &Path,
) -> Result<(H, Vec<Parameter>), CheckpointError> {
    Ok((header_of(bytes, path)?, tensors_of(bytes, path)?))
}

/// What a safetensors file with our metadata says of itself.
pub(crate) fn header_of<H: DeserializeOwned>(
    bytes: &[u8],
    path: &Path,
) -> Result<H, CheckpointError> {
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|source| CheckpointError::Format {
            path: path.to_owned(),
            source,
        })?;
    let header = metadata
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(KEY))
        .ok_or_else(|| CheckpointError::Foreign {
            path: path.to_owned(),
        })?;
    serde_json::from_str(header).map_err(|source| CheckpointError::Header {
        path: path.to_owned(),
        source,
    })
}

/// The tensors of a safetensors file. How many batches a batch norm has seen,
/// which PyTorch counts in whole numbers, is left out.
pub(crate) fn tensors_of(bytes: &[u8], path: &Path) -> Result<Vec<Parameter>, CheckpointError> {
    let file = SafeTensors::deserialize(bytes).map_err(|source| CheckpointError::Format {
        path: path.to_owned(),
        source,
    })?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        if view.dtype() == Dtype::I64 && name.ends_with(".num_batches_tracked") {
            continue;
        }
        if view.dtype() != Dtype::F32 {
            return Err(CheckpointError::Type {
                path: path.to_owned(),
                tensor: name.to_owned(),
                found: format!("{:?}", view.dtype()),
            });
        }
        let values = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        tensors.push(Parameter {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            values,
        });
    }
    Ok(tensors)
}
