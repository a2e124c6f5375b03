use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use layerprobe_durable::Pending;
use serde_json::{Map, Value, json};

use super::{ExtractError, Images};
use crate::models::Network;

/// A safetensors file of activations under way: each layer's rows follow each
/// other at the layer's place.
pub(super) struct Output {
    path: PathBuf,
    file: Pending,
    /// Where each layer's next rows go, in bytes.
    next: Vec<u64>,
    bytes: Vec<u8>,
}

impl Output {
    /// Starts a file for all images.
    pub(super) fn create(
        path: &Path,
        network: &Network,
        layers: &[&str],
        images: &Images,
    ) -> Result<Self, ExtractError> {
        let known = network.layers();
        let mut tensors = Map::new();
        let mut begin = 0;
        let mut starts = Vec::with_capacity(layers.len());
        for name in layers {
            let dim = network.layer_dim(name)?;
            let layer = known.iter().find(|layer| layer.is_called(name));
            let dims = layer.map_or_else(|| vec![dim], |layer| layer.shape.dims());
            let shape: Vec<usize> = [images.len()].into_iter().chain(dims).collect();
            let end = begin + 4 * dim as u64 * images.len() as u64;
            let info = json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, end]});
            if tensors.insert((*name).to_owned(), info).is_some() {
                return Err(ExtractError::Twice {
                    name: (*name).to_owned(),
                });
            }
            starts.push(begin);
            begin = end;
        }
        let header = header(network, layers, images, tensors);
        let next = starts.iter().map(|start| header.len() as u64 + start);
        let mut output = Self {
            path: path.to_owned(),
            file: Pending::create(path).map_err(|source| ExtractError::Write {
                path: path.to_owned(),
                source,
            })?,
            next: next.collect(),
            bytes: Vec::new(),
        };
        output.write_at(0, &header)?;
        Ok(output)
    }

    /// Writes the next rows of a layer.
    pub(super) fn write(&mut self, layer: usize, rows: &[f32]) -> Result<(), ExtractError> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.extend(rows.iter().flat_map(|value| value.to_le_bytes()));
        let place = self.next[layer];
        self.next[layer] += bytes.len() as u64;
        self.write_at(place, &bytes)?;
        self.bytes = bytes;
        Ok(())
    }

    fn write_at(&mut self, place: u64, bytes: &[u8]) -> Result<(), ExtractError> {
        let file = &mut self.file;
        file.seek(SeekFrom::Start(place))
            .and_then(|_| file.write_all(bytes))
            .map_err(|source| ExtractError::Write {
                path: self.path.clone(),
                source,
            })
    }

    /// Puts the whole file in its place.
    pub(super) fn finish(self) -> Result<(), ExtractError> {
        self.file.commit().map_err(|source| ExtractError::Write {
            path: self.path,
            source,
        })
    }
}

/// Length and header of a safetensors file; one metadata key, a JSON text with
/// sorted keys.
fn header(
    network: &Network,
    layers: &[&str],
    images: &Images,
    mut tensors: Map<String, Value>,
) -> Vec<u8> {
    let mut about = json!({
        "arch": network.arch(),
        "classes": network.classes(),
        "image_size": network.image_size(),
        "images": images.len(),
        "layers": layers,
    });
    if let Some(names) = images.names() {
        about["files"] = json!(names);
    }
    let metadata = json!({"layerprobe": about.to_string()});
    tensors.insert("__metadata__".to_owned(), metadata);
    let mut text = Value::Object(tensors).to_string().into_bytes();
    // numbers begin at a multiple of eight bytes
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text);
    header
}
