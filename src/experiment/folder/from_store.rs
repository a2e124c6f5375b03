//! Which finished work of a run came from a shared store.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::experiment::error::ExperimentError;
use crate::training::artifact_name;

/// For the proof of each piece of work that came from a store, by its path in
/// the run folder: where in the store it was. Kept in a hidden file of the run
/// folder, which is none of its artifacts, for the manifest to tell.
#[derive(Debug, Default)]
pub struct FromStore {
    root: PathBuf,
    taken: Mutex<BTreeMap<String, String>>,
}

impl FromStore {
    /// What is known of a run folder.
    pub fn of(root: &Path) -> Self {
        let bytes = fs::read(path(root)).unwrap_or_default();
        Self {
            root: root.to_owned(),
            taken: Mutex::new(serde_json::from_slice(&bytes).unwrap_or_default()),
        }
    }

    /// Remembers that work came from a place in the store, or (none) that it was
    /// made here. To be called before its proof is written.
    ///
    /// # Errors
    /// Of the file system.
    pub fn remember(&self, proof: &Path, place: Option<&str>) -> Result<(), ExperimentError> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.name(proof);
        let known = match place {
            Some(place) => taken.insert(name, place.to_owned()),
            None => taken.remove(&name),
        };
        if known.as_deref() == place {
            return Ok(());
        }
        let path = path(&self.root);
        let failed = |e| ExperimentError::io("write", &path, e);
        let json = serde_json::to_vec(&*taken).map_err(|e| failed(e.into()))?;
        layerprobe_durable::write(&path, &json).map_err(failed)
    }

    /// Where in the store a piece of work came from, if it did.
    pub fn place_of(&self, proof: &Path) -> Option<String> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(&self.name(proof)).cloned()
    }

    /// All that came from the store and is there.
    pub fn all(&self) -> BTreeMap<String, String> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = taken.clone();
        all.retain(|proof, _| self.root.join(proof).exists());
        all
    }

    fn name(&self, proof: &Path) -> String {
        artifact_name(&self.root, proof)
    }
}

fn path(root: &Path) -> PathBuf {
    root.join(".from-store.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_known_later_and_what_was_made_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let from = FromStore::of(dir.path());
        let (a, b) = (dir.path().join("c/a.json"), dir.path().join("c/b.json"));
        from.remember(&a, None).unwrap();
        assert!(!path(dir.path()).exists(), "nothing to tell");
        from.remember(&a, Some("training/1")).unwrap();
        from.remember(&b, Some("probes/2/fc1")).unwrap();
        assert!(from.all().is_empty(), "neither proof is there");
        layerprobe_durable::write(&a, b"{}").unwrap();
        layerprobe_durable::write(&b, b"{}").unwrap();
        let later = FromStore::of(dir.path());
        assert_eq!(later.place_of(&a).as_deref(), Some("training/1"));
        assert_eq!(later.all().len(), 2);
        later.remember(&a, None).unwrap();
        let names: Vec<String> = FromStore::of(dir.path()).all().into_keys().collect();
        assert_eq!(names, ["c/b.json"]);
    }
}
