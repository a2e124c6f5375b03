use std::path::{Path, PathBuf};

use super::ExtractError;
use super::png::Folder;
use super::tensors::TensorFile;
use crate::training::Normalization;

/// Images that are read batch by batch.
#[derive(Debug)]
pub struct Images {
    path: PathBuf,
    channels: usize,
    size: usize,
    count: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Tensor(TensorFile),
    Folder(Folder),
}

impl Images {
    /// Opens a safetensors file or a folder of PNG images.
    ///
    /// The file holds a tensor `images`, `[n, channels, size, size]` or, of
    /// plain rows, `[n, numbers]`, in `f32`, normalized already. The images of
    /// a folder are taken in the order of their names, and normalized here.
    ///
    /// # Errors
    /// If nothing can be read there, or it is not what it should be.
    pub fn open(path: &Path, normalization: &Normalization) -> Result<Self, ExtractError> {
        if path.is_dir() {
            let folder = Folder::open(path, normalization)?;
            return Ok(Self {
                path: path.to_owned(),
                channels: 3,
                size: folder.size(),
                count: folder.names().len(),
                source: Source::Folder(folder),
            });
        }
        let tensor = TensorFile::open(path, "images")?;
        let (count, channels, size) = match *tensor.shape() {
            [n, channels, height, width] if height == width => (n, channels, height),
            [n, numbers] => (n, numbers, 1),
            _ => {
                let problem = format!(
                    "`images` has shape {:?}; wanted [n, 3, size, size] or [n, numbers]",
                    tensor.shape()
                );
                return Err(ExtractError::images(path, problem));
            }
        };
        if count == 0 {
            return Err(ExtractError::images(path, "`images` holds no image"));
        }
        Ok(Self {
            path: path.to_owned(),
            channels,
            size,
            count,
            source: Source::Tensor(tensor),
        })
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Channels of an image, or numbers of a row.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Side of an image; 1 for rows.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Never true: there is at least one image.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Names of the files, where the images are files.
    pub fn names(&self) -> Option<&[String]> {
        match &self.source {
            Source::Tensor(_) => None,
            Source::Folder(folder) => Some(folder.names()),
        }
    }

    /// Reads the next `count` images in PyTorch's order; `chw` is overwritten.
    pub(super) fn read(&mut self, count: usize, chw: &mut Vec<f32>) -> Result<(), ExtractError> {
        let image = self.channels * self.size * self.size;
        chw.resize(count * image, 0.0);
        match &mut self.source {
            Source::Tensor(tensor) => tensor.read(chw),
            Source::Folder(folder) => folder.read(chw),
        }
    }
}
