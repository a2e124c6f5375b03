use std::fs;
use std::path::{Path, PathBuf};

use super::{ExtractError, Images};
use crate::models::{Arch, Design, Network, Parameter};
use crate::training::checkpoint::{CheckpointHeader, header_of, tensors_of};
use crate::training::{CheckpointError, Normalization};

/// The tensors of a weights file.
#[derive(Clone, Debug)]
pub struct Weights {
    path: PathBuf,
    tensors: Vec<Parameter>,
    /// What the file says of itself, if this program wrote it.
    header: Option<CheckpointHeader>,
}

impl Weights {
    /// Reads a safetensors file: a `state_dict`, or one of our checkpoints.
    ///
    /// # Errors
    /// If it cannot be read, is cut short, or holds a tensor of another type
    /// than `f32` (PyTorch's `num_batches_tracked` may be there).
    pub fn read(path: &Path) -> Result<Self, ExtractError> {
        let bytes = fs::read(path).map_err(|source| ExtractError::Read {
            path: path.to_owned(),
            source,
        })?;
        let header = match header_of(&bytes, path) {
            Err(CheckpointError::Foreign { .. }) => None,
            header => Some(header?),
        };
        Ok(Self {
            path: path.to_owned(),
            tensors: tensors_of(&bytes, path)?,
            header,
        })
    }

    /// What the network's images were normalized by, if the file tells.
    pub fn normalization(&self) -> Option<Normalization> {
        self.header.as_ref().map(|header| header.normalization)
    }

    /// The network these weights are of, for images of this size. Class count
    /// and widths are those of the weights.
    ///
    /// # Errors
    /// If a tensor is missing, is one too many or has another shape, or the
    /// network cannot take the images.
    pub fn network(self, arch: Arch, images: &Images) -> Result<Network, ExtractError> {
        let trained = self.header.as_ref().map(|header| header.image_size);
        let mut design = Design {
            channels: images.channels(),
            ..Design::new(arch, images.size(), 2)
        };
        if let Some(header) = self.header {
            if header.arch != arch {
                return Err(ExtractError::OtherArch {
                    path: self.path,
                    found: header.arch,
                    expected: arch,
                });
            }
            design.options = header.options;
        }
        let misfit = |source| {
            let path = self.path.clone();
            let found = images.size();
            match trained.filter(|trained| *trained != found) {
                Some(trained) => ExtractError::ImageSize {
                    path,
                    trained,
                    found,
                    source,
                },
                None => ExtractError::Misfit { path, source },
            }
        };
        let design = design.fitted_to(&self.tensors).map_err(misfit)?;
        // what the images cannot be is no fault of the weights
        design.layers()?;
        Network::with_parameters(design, self.tensors).map_err(misfit)
    }
}
