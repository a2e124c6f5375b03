//! The files that an unfinished training has written so far.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{TrainingError, log_path};

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
