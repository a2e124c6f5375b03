use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::ExtractError;

/// The longest header that is read; safetensors' own limit.
const MAX_HEADER: u64 = 100_000_000;

/// One tensor of a safetensors file, read from front to back without the rest.
#[derive(Debug)]
pub(super) struct TensorFile {
    path: PathBuf,
    file: BufReader<File>,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl TensorFile {
    /// Opens a file at the tensor of this name.
    pub(super) fn open(path: &Path, name: &str) -> Result<Self, ExtractError> {
        let unreadable = |source: io::Error| ExtractError::Read {
            path: path.to_owned(),
            source,
        };
        let wrong = |problem: String| ExtractError::images(path, problem);
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let size = file.get_ref().metadata().map_err(unreadable)?.len();
        let mut length = [0; 8];
        let whole = || "not a whole safetensors file".to_owned();
        file.read_exact(&mut length).map_err(|_| wrong(whole()))?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER || length + 8 > size {
            return Err(wrong(whole()));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(unreadable)?;
        // safetensors checks that tensors follow each other without a gap, and
        // that each is as long as its shape
        let header: Metadata = serde_json::from_slice(&header).map_err(|_| wrong(whole()))?;
        let tensors = header.tensors();
        let Some(info) = tensors.get(name) else {
            let mut known: Vec<&str> = tensors.keys().map(String::as_str).collect();
            known.sort_unstable();
            let known = known.join(", ");
            return Err(wrong(format!(
                "there is no tensor `{name}`; it holds {known}"
            )));
        };
        if info.dtype != Dtype::F32 {
            let problem = format!("`{name}` holds {:?}; wanted F32", info.dtype);
            return Err(wrong(problem));
        }
        let (start, end) = info.data_offsets;
        let begin = 8 + length + start as u64;
        if begin + (end - start) as u64 > size {
            return Err(wrong(whole()));
        }
        file.seek(SeekFrom::Start(begin)).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            shape: info.shape.clone(),
            file,
            bytes: Vec::new(),
        })
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Fills `values` with the numbers that follow.
    pub(super) fn read(&mut self, values: &mut [f32]) -> Result<(), ExtractError> {
        self.bytes.resize(4 * values.len(), 0);
        self.file
            .read_exact(&mut self.bytes)
            .map_err(|source| ExtractError::Read {
                path: self.path.clone(),
                source,
            })?;
        for (value, bytes) in values.iter_mut().zip(self.bytes.chunks_exact(4)) {
            *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        Ok(())
    }
}
