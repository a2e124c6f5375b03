//! A folder of finished work that several runs share, by what it was made from.
//!
//! ```text
//! STORE/layerprobe-store     what the folder is
//! STORE/KIND/KEY/NAME.json   proof of a piece of work: its identity, and the hash of each file
//! STORE/KIND/KEY/NAME/...    its files
//! STORE/KIND/KEY/.lease      who makes what is missing there
//! ```
//!
//! What comes into a run is a copy, proven by hash as it is made. What goes into
//! the store is a link to the run's own file, where the file system has links: it
//! takes no room, and if one is altered in place, the store's hash tells before
//! anyone else takes it.

mod shelf;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::machine::processor;

use super::design::identity::identity;
use super::error::ExperimentError;

pub use shelf::{Asked, Claim, Patience, Shelf};

/// The file that says what the folder is.
const MARK: &str = "layerprobe-store";
/// What is in it: raised when the layout changes.
const LAYOUT: &str = "1\n";

/// A store.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    /// Bytes agree on one kind of processor only.
    machine: String,
}

impl Store {
    /// Opens a store, or makes one in a folder that is empty or not there.
    ///
    /// # Errors
    /// If the folder is something else, or of the file system.
    pub fn open(root: &Path) -> Result<Self, ExperimentError> {
        fs::create_dir_all(root).map_err(|e| ExperimentError::io("make the folder", root, e))?;
        // before the mark is looked for: another process may put it there, and work
        // beside it, at this moment
        let entries = fs::read_dir(root).map_err(|e| ExperimentError::io("list", root, e))?;
        let names = entries.filter_map(Result::ok).map(|e| e.file_name());
        let mut other = names.filter(|name| !name.to_string_lossy().contains(MARK));
        let other = other.next();
        let mark = root.join(MARK);
        match fs::read_to_string(&mark) {
            Ok(layout) if layout == LAYOUT => {}
            Ok(_) => {
                return Err(ExperimentError::NotAStore {
                    folder: root.to_owned(),
                    problem: format!("{MARK} in it is not of this version"),
                });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if let Some(name) = other {
                    return Err(ExperimentError::NotAStore {
                        folder: root.to_owned(),
                        problem: format!("it holds {}", name.to_string_lossy()),
                    });
                }
                layerprobe_durable::write(&mark, LAYOUT.as_bytes())
                    .map_err(|e| ExperimentError::io("write", &mark, e))?;
            }
            Err(e) => return Err(ExperimentError::io("read", &mark, e)),
        }
        Ok(Self {
            root: root.to_owned(),
            machine: format!(
                "{} {} {}",
                std::env::consts::OS,
                std::env::consts::ARCH,
                processor()
            ),
        })
    }

    /// Where work of this kind and identity lies, or would.
    pub fn shelf(&self, kind: &'static str, identity_of_work: &str) -> Shelf {
        let key = identity(&[identity_of_work, &self.machine]);
        Shelf::new(&self.root, format!("{kind}/{key}"))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the store lies in a folder.
    pub fn is_below(&self, folder: &Path) -> bool {
        let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        whole(&self.root).starts_with(whole(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_store_or_an_empty_folder_is_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("store");
        let store = Store::open(&root).unwrap();
        Store::open(&root).unwrap();
        assert!(store.is_below(dir.path()) && !store.is_below(&root.join("run")));
        let error = Store::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("it holds store"), "{error}");
        fs::write(root.join(MARK), "2\n").unwrap();
        assert!(Store::open(&root).is_err());
    }
}
