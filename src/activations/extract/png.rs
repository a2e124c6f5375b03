use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use rayon::prelude::*;

use super::ExtractError;
use crate::training::Normalization;

/// The PNG images of a folder, in the order of their names.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    names: Vec<String>,
    size: usize,
    table: Box<[[f32; 256]; 3]>,
    next: usize,
}

impl Folder {
    pub(super) fn open(path: &Path, normalization: &Normalization) -> Result<Self, ExtractError> {
        let unreadable = |source| ExtractError::Read {
            path: path.to_owned(),
            source,
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let name = name.to_string_lossy().into_owned();
            if name.to_ascii_lowercase().ends_with(".png") {
                names.push(name);
            }
        }
        names.sort_unstable();
        let Some(first) = names.first() else {
            return Err(ExtractError::images(path, "no file here ends with .png"));
        };
        let image = decode(&path.join(first))?;
        if image.width() != image.height() {
            let problem = format!(
                "{first} is {} x {} pixels; networks take square images",
                image.width(),
                image.height()
            );
            return Err(ExtractError::images(path, problem));
        }
        Ok(Self {
            path: path.to_owned(),
            size: image.width() as usize,
            names,
            table: Box::new(normalization.table()),
            next: 0,
        })
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Decodes and normalizes the images that follow, as many as there is room
    /// for.
    pub(super) fn read(&mut self, chw: &mut [f32]) -> Result<(), ExtractError> {
        let area = self.size * self.size;
        let names = &self.names[self.next..];
        chw.par_chunks_exact_mut(3 * area)
            .zip(names)
            .try_for_each(|(chw, name)| {
                let image = decode(&self.path.join(name))?;
                if (image.width() as usize, image.height() as usize) != (self.size, self.size) {
                    let problem = format!(
                        "{name} is {} x {} pixels, the first image {2} x {2}",
                        image.width(),
                        image.height(),
                        self.size
                    );
                    return Err(ExtractError::images(&self.path, problem));
                }
                for (at, pixel) in image.pixels().enumerate() {
                    for channel in 0..3 {
                        let byte = usize::from(pixel.0[channel]);
                        chw[channel * area + at] = self.table[channel][byte];
                    }
                }
                Ok(())
            })?;
        self.next += chw.len() / (3 * area);
        Ok(())
    }
}

/// An image as red, green and blue, 8 bits each; what is see-through is taken
/// as it is colored.
fn decode(path: &Path) -> Result<RgbImage, ExtractError> {
    let bytes = fs::read(path).map_err(|source| ExtractError::Read {
        path: path.to_owned(),
        source,
    })?;
    let image = image::load_from_memory_with_format(&bytes, ImageFormat::Png);
    let image = image.map_err(|source| ExtractError::Decode {
        path: path.to_owned(),
        source,
    })?;
    Ok(image.to_rgb8())
}
