//! Activations on disk, in blocks of dimensions.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use layerprobe_probes::ActivationBlocks;

use super::mapped::Mapped;

/// Bytes of a block, about: enough to be read at the disk's speed.
const BLOCK: usize = 16 << 20;
/// Dimensions of the smallest and of the largest block.
const FEWEST: usize = 16;
const MOST: usize = 2048;
/// Blocks start at multiples of the largest pages in use.
const PAGE: usize = 64 << 10;

/// Where what lies in the file.
#[derive(Clone, Copy, Debug)]
struct Layout {
    rows: usize,
    dims: usize,
    block_dims: usize,
}

impl Layout {
    fn of(rows: usize, dims: usize) -> Self {
        let fitting = BLOCK / (4 * rows.max(1));
        Self {
            rows,
            dims,
            block_dims: fitting.clamp(FEWEST, MOST),
        }
    }

    fn blocks(&self) -> usize {
        self.dims.div_ceil(self.block_dims)
    }

    fn dims_of(&self, block: usize) -> Range<usize> {
        block * self.block_dims..((block + 1) * self.block_dims).min(self.dims)
    }

    /// The block's bytes.
    fn bytes(&self, block: usize) -> Range<usize> {
        let start = block * (4 * self.rows * self.block_dims).next_multiple_of(PAGE);
        start..start + 4 * self.rows * self.dims_of(block).len()
    }
}

/// A layer's activations on their way to the disk, row after row.
///
/// The file has no name: it is gone when its last user is, however that ends.
///
/// ```
/// use layerprobe::activations::BlockWriter;
/// use layerprobe_probes::ActivationBlocks;
///
/// let folder = tempfile::tempdir()?;
/// let mut writer = BlockWriter::create(folder.path(), 3, 2)?;
/// writer.append(&[1.0, 2.0])?;
/// writer.append(&[3.0, 4.0, 5.0, 6.0])?;
/// let store = writer.finish()?;
/// assert_eq!(store.block(0), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct BlockWriter {
    file: File,
    layout: Layout,
    hashes: Vec<blake3::Hasher>,
    written: usize,
    part: Vec<f32>,
}

impl BlockWriter {
    /// Starts a file in `folder` (which is made if needed), for `rows` rows of `dims` numbers.
    ///
    /// # Errors
    /// Of the file system.
    pub fn create(folder: &Path, rows: usize, dims: usize) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = tempfile::tempfile_in(folder)?;
        let layout = Layout::of(rows, dims);
        let end = layout
            .blocks()
            .checked_sub(1)
            .map(|last| layout.bytes(last).end);
        file.set_len(end.unwrap_or(0) as u64)?;
        Ok(Self {
            file,
            hashes: vec![blake3::Hasher::new(); layout.blocks()],
            layout,
            written: 0,
            part: Vec::new(),
        })
    }

    /// Writes the rows that follow, one or more whole ones.
    ///
    /// # Errors
    /// Of the file system; if the numbers are not whole rows, or more than
    /// there were to be.
    pub fn append(&mut self, values: &[f32]) -> io::Result<()> {
        let Layout { rows, dims, .. } = self.layout;
        let count = values.len() / dims.max(1);
        if count * dims != values.len() || self.written + count > rows {
            let problem = format!(
                "{} numbers after {} rows of {rows} x {dims}",
                values.len(),
                self.written
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        for (block, hash) in self.hashes.iter_mut().enumerate() {
            let own = self.layout.dims_of(block);
            self.part.clear();
            for row in values.chunks_exact(dims) {
                self.part.extend_from_slice(&row[own.clone()]);
            }
            let bytes: &[u8] = bytemuck::cast_slice(&self.part);
            let place = self.layout.bytes(block).start + 4 * self.written * own.len();
            self.file.seek(SeekFrom::Start(place as u64))?;
            self.file.write_all(bytes)?;
            hash.update(bytes);
        }
        self.written += count;
        Ok(())
    }

    /// Ends writing, and checks that the disk gives back what was written.
    ///
    /// # Errors
    /// If rows are missing, the file cannot be mapped, or a block's hash is not
    /// that of what was written.
    pub fn finish(self) -> io::Result<BlockStore> {
        let Layout { rows, dims, .. } = self.layout;
        if self.written != rows {
            let problem = format!("{} rows of {rows} x {dims} were written", self.written);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let store = BlockStore {
            map: Mapped::new(&self.file)?,
            layout: self.layout,
        };
        for (block, hash) in self.hashes.iter().enumerate() {
            let read = blake3::hash(bytemuck::cast_slice(store.block(block)));
            store.release(block);
            if read != hash.finalize() {
                let problem = format!(
                    "activations on disk are not what was written there (block {block} of {})",
                    self.hashes.len()
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
        Ok(store)
    }
}

/// A layer's activations on disk, read through a memory map.
#[derive(Debug)]
pub struct BlockStore {
    map: Mapped,
    layout: Layout,
}

impl ActivationBlocks for BlockStore {
    fn shape(&self) -> (usize, usize) {
        (self.layout.rows, self.layout.dims)
    }

    fn block_dims(&self) -> usize {
        self.layout.block_dims
    }

    fn block(&self, number: usize) -> &[f32] {
        self.map.numbers(self.layout.bytes(number))
    }

    fn release(&self, number: usize) {
        self.map.release(self.layout.bytes(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_dimensions_of_every_row() {
        let folder = tempfile::tempdir().unwrap();
        // several blocks, the last one narrower, rows in batches
        let (rows, dims) = (6000, 1500);
        let value = |row: usize, dim: usize| (row * 7 + dim * 13) as f32;
        let mut writer = BlockWriter::create(folder.path(), rows, dims).unwrap();
        for start in (0..rows).step_by(128) {
            let batch = start..(start + 128).min(rows);
            let numbers = batch.flat_map(|row| (0..dims).map(move |dim| value(row, dim)));
            writer.append(&numbers.collect::<Vec<_>>()).unwrap();
        }
        let store = writer.finish().unwrap();
        assert_eq!(fs_entries(folder.path()), 0, "the file has no name");
        let each = store.block_dims();
        assert!(dims > each && !dims.is_multiple_of(each));
        for start in (0..dims).step_by(each) {
            let width = each.min(dims - start);
            let block = store.block(start / each);
            assert_eq!(block.len(), rows * width);
            for row in [0, 1, 127, 128, rows - 1] {
                for dim in [0, width - 1] {
                    assert_eq!(block[row * width + dim], value(row, start + dim));
                }
            }
            store.release(start / each);
            assert_eq!(block[0], value(0, start), "a released block can be read");
        }
    }

    fn fs_entries(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_is_too_much_or_too_little_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = BlockWriter::create(folder.path(), 2, 3).unwrap();
        assert!(writer.append(&[0.0; 4]).is_err());
        assert!(writer.append(&[0.0; 9]).is_err());
        writer.append(&[0.0; 3]).unwrap();
        assert!(writer.finish().is_err());
    }

    #[test]
    fn a_changed_byte_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = BlockWriter::create(folder.path(), 2, 3).unwrap();
        writer.append(&[1.0; 6]).unwrap();
        writer.file.seek(SeekFrom::Start(5)).unwrap();
        writer.file.write_all(&[99]).unwrap();
        let error = writer.finish().unwrap_err();
        assert!(error.to_string().contains("not what was written"));
    }
}
