//! Nothing is renamed into a folder that another process has taken over.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::holder::Holder;
use crate::lease::Files;

/// The folders this process holds.
static HELD: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

#[derive(Clone, Debug)]
struct Entry {
    root: PathBuf,
    files: Files,
    number: u64,
}

/// A folder among those this process holds, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    root: PathBuf,
    number: u64,
}

/// Another process has taken the folder over: this one was thought dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The folder.
    pub folder: PathBuf,
    /// Who has it now, if that can be read.
    pub holder: Option<Holder>,
}

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this process gave no sign of life for so long that {} was taken over",
            self.folder.display()
        )?;
        if let Some(holder) = &self.holder {
            write!(f, " by {holder}")?;
        }
        write!(f, "; nothing more is written, the other process goes on")
    }
}

impl std::error::Error for Superseded {}

impl Held {
    pub(crate) fn new(root: &Path, files: &Files, number: u64) -> io::Result<Self> {
        let root = fs::canonicalize(root)?;
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(Entry {
            root: root.clone(),
            files: files.clone(),
            number,
        });
        Ok(Self { root, number })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|entry| entry.root != self.root || entry.number != self.number);
    }
}

/// Fails if `path` lies in a folder that this process has held and another has
/// taken over.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if held.is_empty() {
        return Ok(());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")))?;
    // the innermost folder's holder decides
    let own = held.iter().filter(|entry| folder.starts_with(&entry.root));
    let Some(entry) = own.max_by_key(|entry| (entry.root.as_os_str().len(), entry.number)) else {
        return Ok(());
    };
    let newest = entry.files.greatest()?;
    if newest == Some(entry.number) {
        return Ok(());
    }
    Err(io::Error::other(Superseded {
        folder: entry.root.clone(),
        holder: newest.and_then(|number| entry.files.holder_of(number)),
    }))
}
