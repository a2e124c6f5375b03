//! Faults of the file system on purpose, for tests (feature `faults`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What goes wrong with one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file cannot be made.
    Create,
    /// The disk is full before the first byte.
    Full,
    /// A write takes half of what it was given, and the next finds the disk
    /// full.
    Short {
        /// Whether the half was written.
        torn: bool,
    },
    /// Flushing fails: the system has lost what it had taken.
    Flush,
    /// The file cannot be renamed.
    Rename,
}

impl Fault {
    /// Every kind, unused.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Full,
        Self::Short { torn: false },
        Self::Flush,
        Self::Rename,
    ];

    /// How many of `len` bytes are taken.
    pub(crate) fn on_write(&mut self, len: usize) -> io::Result<usize> {
        match self {
            Self::Full | Self::Short { torn: true } => Err(full()),
            Self::Short { torn } => {
                *torn = true;
                Ok(len.div_ceil(2))
            }
            _ => Ok(len),
        }
    }

    pub(crate) fn on_flush(&self) -> Option<io::Error> {
        // a file of a byte or none is never torn by halves
        match self {
            Self::Flush => Some(io::Error::other("a fault on flush")),
            Self::Full | Self::Short { .. } => Some(full()),
            _ => None,
        }
    }

    pub(crate) fn on_rename(&self) -> Option<io::Error> {
        let wanted = matches!(self, Self::Rename);
        wanted.then(|| io::Error::other("a fault on rename"))
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

/// A fault that waits for its file.
struct Armed {
    folder: PathBuf,
    /// Files that pass before it.
    passing: u64,
    fault: Fault,
}

static ARMED: Mutex<Vec<Armed>> = Mutex::new(Vec::new());

/// Lets the file after the next `passing` ones below `folder` fail, and none
/// after it. Paths are compared as they are given.
pub fn arm(folder: &Path, passing: u64, fault: Fault) {
    disarm(folder);
    let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    armed.push(Armed {
        folder: folder.to_owned(),
        passing,
        fault,
    });
}

/// Takes a fault back that has met no file, and says whether there was one.
pub fn disarm(folder: &Path) -> bool {
    let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    let before = armed.len();
    armed.retain(|armed| armed.folder != folder);
    armed.len() < before
}

/// The fault that meets a file now begun.
pub(crate) fn due(path: &Path) -> io::Result<Option<Fault>> {
    let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    let below = |armed: &Armed| path.starts_with(&armed.folder);
    let Some(place) = armed.iter().position(below) else {
        return Ok(None);
    };
    if let Some(waiting) = armed.get_mut(place)
        && waiting.passing > 0
    {
        waiting.passing -= 1;
        return Ok(None);
    }
    match armed.swap_remove(place).fault {
        Fault::Create => Err(io::Error::other("a fault on creation")),
        fault => Ok(Some(fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn no_fault_leaves_a_part_or_takes_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        for fault in Fault::ALL {
            for bytes in [&b"new and longer than before"[..], b"n", b""] {
                let path = dir.path().join("table.csv");
                crate::write(&path, b"old").unwrap();
                arm(dir.path(), 0, fault);
                let error = crate::write(&path, bytes).unwrap_err();
                assert_eq!(fs::read(&path).unwrap(), b"old", "{fault:?}: {error}");
                assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{fault:?}");
                // it has passed
                crate::write(&path, bytes).unwrap();
                assert_eq!(fs::read(&path).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn files_before_it_and_elsewhere_pass() {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path().join("here");
        arm(&here, 1, Fault::Full);
        crate::write(&dir.path().join("elsewhere"), b"x").unwrap();
        crate::write(&here.join("1"), b"x").unwrap();
        assert!(crate::write(&here.join("2"), b"x").is_err());
        crate::write(&here.join("2"), b"x").unwrap();
        assert!(!disarm(&here));
    }
}
