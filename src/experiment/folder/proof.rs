//! Proofs that a piece of work is complete: what it was made from, and the
//! hash of each file it left.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer};
use crate::training::{artifact_name, named_below, remove_snapshot};

/// A file of a piece of work: by which name a shared store has it, and where it
/// stands in the run.
pub type NamedFile = (String, PathBuf);

/// Proof that a piece of work of a condition is complete.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Identity of the work: hash of its configuration, its inputs and its version.
    #[serde(alias = "training_hash")]
    pub made_from: String,
    /// blake3 of each file, by its path in the condition's folder.
    #[serde(deserialize_with = "named_below")]
    pub artifacts: BTreeMap<String, String>,
}

impl Proof {
    /// Of files as they are now, in a condition's folder.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn of<'a>(
        made_from: &str,
        dir: &Path,
        files: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Self, ExperimentError> {
        let mut artifacts = BTreeMap::new();
        for file in files {
            artifacts.insert(artifact_name(dir, file), hash_file(file)?);
        }
        Ok(Self {
            made_from: made_from.to_owned(),
            artifacts,
        })
    }

    /// The hash of a file in the folder of the work.
    pub fn hash_of(&self, dir: &Path, file: &Path) -> Option<&str> {
        let hash = self.artifacts.get(&artifact_name(dir, file));
        hash.map(String::as_str)
    }

    /// Writes the proof; from now on the work counts as done.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, path: &Path) -> Result<(), ExperimentError> {
        let json = serde_json::to_string_pretty(self)
            .map_err(|e| ExperimentError::io("write", path, e.into()))?;
        layerprobe_durable::write(path, (json + "\n").as_bytes())
            .map_err(|e| ExperimentError::io("write", path, e))
    }

    /// Reads a proof; none if there is no file, or it is no proof.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Whether the work is done: the proof at `path` is of this very work, and
    /// every file in `dir` is what it says. Files that are not are told, set
    /// aside, and then the proof is gone: the work is to be done again.
    ///
    /// # Errors
    /// Of the file system.
    pub fn holds(
        path: &Path,
        dir: &Path,
        made_from: &str,
        observer: &dyn Observer,
    ) -> Result<bool, ExperimentError> {
        if !path.exists() {
            return Ok(false);
        }
        let Some(proof) = Self::read(path) else {
            set_aside(path, observer)?;
            return Ok(false);
        };
        let mut holds = proof.made_from == made_from;
        if !holds {
            tracing::info!(proof = %path.display(), "made from something else; made again");
        }
        if holds {
            for (name, hash) in &proof.artifacts {
                holds &= is_what_it_was(&dir.join(name), hash, observer)?;
            }
        }
        tracing::debug!(proof = %path.display(), holds, "proof");
        if !holds {
            fs::remove_file(path).map_err(|e| ExperimentError::io("remove", path, e))?;
        }
        Ok(holds)
    }
}

/// Whether a file has the hash it had. One that has another is told and set
/// aside, and one that is gone is told.
///
/// # Errors
/// Of the file system.
pub fn is_what_it_was(
    path: &Path,
    hash: &str,
    observer: &dyn Observer,
) -> Result<bool, ExperimentError> {
    match hash_file(path) {
        Ok(found) if found == hash => Ok(true),
        Ok(_) => set_aside(path, observer).map(|()| false),
        Err(ExperimentError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            observer.event(Event::Warning(&format!(
                "{} is missing; it is made again",
                path.display()
            )));
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Renames a damaged file out of the way, and says so.
///
/// # Errors
/// Of the file system.
pub fn set_aside(path: &Path, observer: &dyn Observer) -> Result<(), ExperimentError> {
    let aside = layerprobe_durable::set_aside(path)
        .map_err(|e| ExperimentError::io("set aside", path, e))?;
    observer.event(Event::Warning(&format!(
        "{} is not what was written there: it is kept as {} and made again",
        path.display(),
        aside.file_name().unwrap_or_default().to_string_lossy()
    )));
    Ok(())
}

/// Sets aside what an unfinished training left damaged in its folder, says what is
/// missing, and removes its snapshot where there is any of it: it is trained anew.
///
/// # Errors
/// Of the file system.
pub fn start_over(
    condition: &str,
    dir: &Path,
    damaged: &[PathBuf],
    observer: &dyn Observer,
) -> Result<(), ExperimentError> {
    for file in damaged {
        match file.exists() {
            true => set_aside(file, observer)?,
            false => observer.event(Event::Warning(&format!(
                "{} is missing; {condition} is trained anew",
                file.display(),
            ))),
        }
    }
    if damaged.is_empty() {
        return Ok(());
    }
    remove_snapshot(dir).map_err(|source| ExperimentError::Training {
        condition: condition.to_owned(),
        source,
    })
}

/// blake3 of a file, as text.
///
/// # Errors
/// Of the file system.
pub fn hash_file(path: &Path) -> Result<String, ExperimentError> {
    let failed = |e| ExperimentError::io("read", path, e);
    let mut hasher = blake3::Hasher::new();
    let file = fs::File::open(path).map_err(failed)?;
    hasher.update_reader(file).map_err(failed)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Keeps the warnings.
    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Observer for Heard {
        fn event(&self, event: Event<'_>) {
            if let Event::Warning(text) = event {
                self.0.lock().unwrap().push(text.to_owned());
            }
        }
    }

    #[test]
    fn an_altered_file_is_named_set_aside_and_ends_the_proof() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.csv"), dir.path().join("b.csv"));
        let path = dir.path().join("proof.json");
        let heard = Heard::default();
        let prove = || {
            fs::write(&a, "a").unwrap();
            fs::write(&b, "b").unwrap();
            let files = [a.as_path(), b.as_path()];
            let proof = Proof::of("work", dir.path(), files).unwrap();
            proof.write(&path).unwrap();
        };
        let holds = |work: &str| Proof::holds(&path, dir.path(), work, &heard).unwrap();
        assert!(!holds("work"));
        prove();
        assert!(holds("work"));
        assert!(heard.0.lock().unwrap().is_empty());

        fs::write(&a, "x").unwrap();
        assert!(!holds("work") && !holds("work"));
        assert_eq!(fs::read(dir.path().join("a.csv.damaged")).unwrap(), b"x");
        assert!(!a.exists() && b.exists());
        assert!(heard.0.lock().unwrap().pop().unwrap().contains("a.csv"));

        prove();
        fs::remove_file(&b).unwrap();
        assert!(!holds("work"));
        assert!(heard.0.lock().unwrap().pop().unwrap().contains("missing"));

        prove();
        fs::write(&path, "{\"made_from\": \"wo").unwrap();
        assert!(!holds("work") && a.exists() && b.exists());
        assert!(
            heard
                .0
                .lock()
                .unwrap()
                .pop()
                .unwrap()
                .contains("proof.json")
        );

        prove();
        assert!(!holds("other work"), "made from something else");
        assert!(heard.0.lock().unwrap().is_empty() && a.exists());
    }
}
