//! Files that work has written, by their names below its folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{TrainingError, log_path};

/// The name of a file below a folder, with slashes.
pub(crate) fn artifact_name(dir: &Path, file: &Path) -> String {
    let name = file.strip_prefix(dir).unwrap_or(file);
    name.to_string_lossy().replace('\\', "/")
}

/// Reads the hash of each file by its name. One that leads out of the folder is an error:
/// what a proof names is renamed where it is not what it was.
pub(crate) fn named_below<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let artifacts = BTreeMap::<String, String>::deserialize(deserializer)?;
    let is_below = |name: &&String| {
        let mut parts = Path::new(name).components();
        !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match artifacts.keys().find(|name| !is_below(name)) {
        Some(name) => Err(D::Error::custom(format!(
            "{name} is no file of this folder"
        ))),
        None => Ok(artifacts),
    }
}

/// Those of the files in a training's folder that are not what they were, by their
/// hashes, or are gone; `comes_again` says of a file and its bytes whether training
/// writes it again from what the snapshot knows. The log always is.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn damaged_artifacts(
    dir: &Path,
    artifacts: &BTreeMap<String, String>,
    comes_again: impl Fn(&Path, &[u8]) -> bool,
) -> Result<Vec<PathBuf>, TrainingError> {
    let mut damaged = Vec::new();
    for (name, hash) in artifacts {
        let file = dir.join(name);
        if file == log_path(dir) {
            continue;
        }
        match fs::read(&file) {
            Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() == hash => {}
            Ok(bytes) if comes_again(&file, &bytes) => {}
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(TrainingError::Read { path: file, source });
            }
            _ => damaged.push(file),
        }
    }
    Ok(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_their_folder() {
        #[derive(Deserialize)]
        struct Read {
            #[serde(deserialize_with = "named_below")]
            artifacts: BTreeMap<String, String>,
        }
        let read = |name: &str| {
            let text = serde_json::json!({ "artifacts": { name: "00" } }).to_string();
            serde_json::from_str::<Read>(&text)
        };
        let name = artifact_name(Path::new("runs/a"), Path::new("runs/a/checkpoints/b"));
        assert_eq!(name, "checkpoints/b");
        assert_eq!(read(&name).unwrap().artifacts.len(), 1);
        for name in ["../b", "checkpoints/../../b", "/etc/b", "./b", ""] {
            let error = read(name).err().unwrap();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
