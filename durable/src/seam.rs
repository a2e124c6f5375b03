//! Where faults of the file system are put in, in tests only: without the
//! feature `faults` a seam is a file.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

#[cfg(feature = "faults")]
use crate::faults::{self, Fault};

/// A file that may fail on purpose.
#[derive(Debug)]
pub(crate) struct Seam {
    file: File,
    #[cfg(feature = "faults")]
    fault: Option<Fault>,
}

impl Seam {
    /// Makes the file at `temporary`, which is to stand at `path`.
    pub(crate) fn create(temporary: &Path, path: &Path) -> io::Result<Self> {
        #[cfg(feature = "faults")]
        let fault = faults::due(path)?;
        #[cfg(not(feature = "faults"))]
        let _ = path;
        Ok(Self {
            file: File::create_new(temporary)?,
            #[cfg(feature = "faults")]
            fault,
        })
    }

    pub(crate) fn sync_all(&mut self) -> io::Result<()> {
        #[cfg(feature = "faults")]
        if let Some(error) = self.fault.as_ref().and_then(Fault::on_flush) {
            return Err(error);
        }
        self.file.sync_all()
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        #[cfg(feature = "faults")]
        if let Some(error) = self.fault.as_ref().and_then(Fault::on_rename) {
            return Err(error);
        }
        fs::rename(from, to)
    }
}

/// A hard link at `temporary`, which is to stand at `path`.
pub(crate) fn hard_link(from: &Path, temporary: &Path, path: &Path) -> io::Result<()> {
    #[cfg(feature = "faults")]
    if faults::due(path)?.is_some() {
        return Err(io::Error::other("a fault on linking"));
    }
    #[cfg(not(feature = "faults"))]
    let _ = path;
    fs::hard_link(from, temporary)
}

impl Write for Seam {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(feature = "faults")]
        if let Some(fault) = &mut self.fault {
            let fitting = fault.on_write(bytes.len())?;
            return self.file.write(bytes.get(..fitting).unwrap_or(bytes));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Seam {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}
